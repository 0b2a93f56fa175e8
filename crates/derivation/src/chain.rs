//! The chain rule as data: every path from the error to a quantity, factor by factor.
//!
//! A path runs over *named* quantities, each standing in the formula of the one before it. Its product of local
//! derivatives is what the error receives along it; the gradient is the sum over all paths. Where a formula on the way
//! also speaks of a quantity that the parameter does not reach, that way is kept as a [`Vanishing`], to be said in words.
//!
//! Where the derivative of the error by a quantity further down is known already, all ways to that quantity are one
//! factor, and the paths begin with it: [`ChainRule::through`].

use crate::derivative::local_derivative;
use crate::evaluation::Values;
use crate::expression::{Graph, NodeId, Op};
use crate::rules::{derivative_rule, rule_name};

/// One factor of a path: how the upper quantity answers to the lower one, all else held still; or, where that is known
/// already, along all ways between the two.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Factor {
    /// The quantity above, nearer the error.
    pub upper: NodeId,
    /// The quantity below: it stands in the formula of the upper one, unless the factor was known already.
    pub lower: NodeId,
    /// ∂upper/∂lower as an expression over named quantities.
    pub derivative: NodeId,
    /// The same before it was simplified, one rule after another, where that is something else.
    pub working: Option<NodeId>,
    /// The names of the rules that were used, from the outermost operation inwards, each once.
    pub rules: Vec<&'static str>,
}

impl Factor {
    /// Writes down ∂upper/∂lower, where `lower` stands in `upper`'s own formula.
    pub fn write(graph: &mut Graph, upper: NodeId, lower: NodeId) -> Self {
        let derivative = local_derivative(graph, upper, lower);
        let mut routes = Vec::new();
        local_routes(graph, upper, lower, &mut Vec::new(), &mut routes);
        let mut rules = Vec::new();
        let mut working: Option<NodeId> = None;
        for route in routes {
            let mut product: Option<NodeId> = None;
            for (node, k) in route {
                rules.extend(rule_name(graph.node(node).op).filter(|name| !rules.contains(name)));
                let outer = derivative_rule(graph, node, k);
                if graph.constant_value(outer) == Some(1.0) {
                    continue;
                }
                product = Some(match product {
                    Some(before) => graph.exactly(Op::Multiply, vec![before, outer]),
                    None => outer,
                });
            }
            let product = product.unwrap_or_else(|| graph.constant(1.0));
            working = Some(match working {
                Some(before) => graph.exactly(Op::Add, vec![before, product]),
                None => product,
            });
        }
        Factor { upper, lower, derivative, working: working.filter(|node| *node != derivative), rules }
    }
}

/// Every way from `at` down to `lower` through unnamed nodes: which operand is followed at which node.
fn local_routes(
    graph: &Graph,
    at: NodeId,
    lower: NodeId,
    route: &mut Vec<(NodeId, usize)>,
    routes: &mut Vec<Vec<(NodeId, usize)>>,
) {
    for (k, &operand) in graph.node(at).operands.iter().enumerate() {
        route.push((at, k));
        if operand == lower {
            routes.push(route.clone());
        } else if graph.symbol(operand).is_none() {
            local_routes(graph, operand, lower, route, routes);
        }
        route.pop();
    }
}

/// One path from the error down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Path {
    /// The quantities passed, the error first.
    pub quantities: Vec<NodeId>,
    /// A factor between each and the next.
    pub factors: Vec<Factor>,
    /// The product of the factors as one expression.
    pub product: NodeId,
}

/// A way that carries nothing: `through` does not depend on the parameter, so ∂through/∂parameter = 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Vanishing {
    /// The quantity at which the way leaves the paths.
    pub at: NodeId,
    /// The quantity in its formula that the parameter does not reach.
    pub through: NodeId,
}

/// All that the chain rule says about one quantity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChainRule {
    /// The quantity whose derivative is taken, `E_total`.
    pub of: NodeId,
    /// The quantity it is taken by, `w5`.
    pub with_respect_to: NodeId,
    /// Every path, in the order of the formulas.
    pub paths: Vec<Path>,
    /// Every way that carries nothing, each target once.
    pub vanishing: Vec<Vanishing>,
    /// The sum of the products of all paths.
    pub sum: NodeId,
}

impl ChainRule {
    /// Finds all paths from `of` to `with_respect_to` and writes down their factors, products and sum.
    ///
    /// There may be very many in a deep network: ask [`count_paths`] first.
    pub fn write(graph: &mut Graph, of: NodeId, with_respect_to: NodeId) -> Self {
        let depends = graph.depending_on(&[with_respect_to]);
        let mut routes = Vec::new();
        let mut vanishing = Vec::new();
        collect(graph, &depends, with_respect_to, &mut vec![of], &mut routes, &mut vanishing);
        let paths = routes.into_iter().map(|route| Path::write(graph, route, None)).collect();
        Self::of_paths(graph, of, with_respect_to, paths, vanishing)
    }

    /// The same, where derivatives by quantities further down are `known` (∂E_total/∂o1, ∂E_total/∂o2, …): each path
    /// begins with one of these factors, in their order, and goes on from its lower quantity as in [`ChainRule::write`].
    /// A known factor whose lower quantity does not depend on `with_respect_to` is a way that carries nothing.
    ///
    /// Panics where a known factor is one of another quantity than `of`. The sum is the derivative only where every way
    /// from `of` to `with_respect_to` passes exactly one of the lower quantities.
    pub fn through(graph: &mut Graph, of: NodeId, with_respect_to: NodeId, known: &[Factor]) -> Self {
        debug_assert_eq!(
            known.iter().map(|factor| ways(graph, of, factor.lower, with_respect_to)).sum::<usize>(),
            count_paths(graph, &[of], with_respect_to),
            "every way passes exactly one of the quantities whose derivative is known"
        );
        let depends = graph.depending_on(&[with_respect_to]);
        let mut paths = Vec::new();
        let mut vanishing: Vec<Vanishing> = Vec::new();
        for factor in known {
            assert_eq!(factor.upper, of, "a known factor is a derivative of the quantity that the paths begin with");
            if !depends[factor.lower.index()] {
                vanishing.push(Vanishing { at: of, through: factor.lower });
                continue;
            }
            let mut routes = Vec::new();
            collect(graph, &depends, with_respect_to, &mut vec![of, factor.lower], &mut routes, &mut vanishing);
            paths.extend(routes.into_iter().map(|route| Path::write(graph, route, Some(factor))));
        }
        Self::of_paths(graph, of, with_respect_to, paths, vanishing)
    }

    fn of_paths(
        graph: &mut Graph,
        of: NodeId,
        with_respect_to: NodeId,
        paths: Vec<Path>,
        vanishing: Vec<Vanishing>,
    ) -> Self {
        let products: Vec<NodeId> = paths.iter().map(|path| path.product).collect();
        let sum = graph.sum(&products);
        ChainRule { of, with_respect_to, paths, vanishing, sum }
    }
}

impl Path {
    /// Writes down the factors along `quantities` and their product; the first factor is `known`, where it is.
    fn write(graph: &mut Graph, quantities: Vec<NodeId>, known: Option<&Factor>) -> Self {
        let mut factors: Vec<Factor> = known.into_iter().cloned().collect();
        let left = &quantities[factors.len()..];
        factors.extend(left.windows(2).map(|pair| Factor::write(graph, pair[0], pair[1])));
        let one = graph.constant(1.0);
        let product = factors.iter().fold(one, |product, factor| graph.multiply(product, factor.derivative));
        Path { quantities, factors, product }
    }

    /// The value of each factor.
    pub fn factor_values(&self, values: &Values) -> Vec<f64> {
        self.factors.iter().map(|factor| values.get(factor.derivative)).collect()
    }
}

/// The number of paths from all of `tops` together to `with_respect_to` over named quantities, found without walking
/// them.
pub fn count_paths(graph: &Graph, tops: &[NodeId], with_respect_to: NodeId) -> usize {
    let mut paths = vec![0_usize; graph.nodes().len()];
    paths[with_respect_to.index()] = 1;
    let last = tops.iter().max().copied().unwrap_or(with_respect_to);
    let between = graph.ids().filter(|id| *id > with_respect_to && *id <= last && graph.symbol(*id).is_some());
    for id in between {
        paths[id.index()] =
            graph.named_operands(id).iter().fold(0, |sum, lower| paths[lower.index()].saturating_add(sum));
    }
    tops.iter().fold(0, |sum, top| paths[top.index()].saturating_add(sum))
}

/// The number of paths from `of` to `with_respect_to` that pass `through`.
fn ways(graph: &Graph, of: NodeId, through: NodeId, with_respect_to: NodeId) -> usize {
    count_paths(graph, &[of], through).saturating_mul(count_paths(graph, &[through], with_respect_to))
}

/// Walks down from the end of `route`, adding every complete route and every way that carries nothing.
fn collect(
    graph: &Graph,
    depends: &[bool],
    target: NodeId,
    route: &mut Vec<NodeId>,
    routes: &mut Vec<Vec<NodeId>>,
    vanishing: &mut Vec<Vanishing>,
) {
    let at = *route.last().expect("a route has a start");
    if at == target {
        routes.push(route.clone());
        return;
    }
    let below = graph.named_operands(at);
    // Where the target itself stands in the formula, its neighbours are plainly other quantities; no word about them.
    let is_last_step = below.contains(&target);
    for lower in below {
        if depends[lower.index()] {
            route.push(lower);
            collect(graph, depends, target, route, routes, vanishing);
            route.pop();
        } else if !is_last_step
            && !graph.node(lower).operands.is_empty()
            && !vanishing.iter().any(|known| known.through == lower)
        {
            vanishing.push(Vanishing { at, through: lower });
        }
    }
}
