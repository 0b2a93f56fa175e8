//! Derivatives as expressions.
//!
//! [`derivative`] differentiates all the way down; [`local_derivative`] stops at named quantities, which is what one
//! factor of the chain rule is; [`gradients`] is back-propagation: it walks the named quantities from the error
//! backwards and gives each its own `dE_d…`, a sum over the quantities just above it.

use std::collections::{HashMap, HashSet};

use crate::expression::{Graph, NodeId, Op};
use crate::rules::derivative_rule;
use crate::symbol::Symbol;

/// The derivative of `of` with respect to `with_respect_to`, through everything in between.
pub fn derivative(graph: &mut Graph, of: NodeId, with_respect_to: NodeId) -> NodeId {
    Formula::whole(graph, of).derivative(graph, with_respect_to)
}

/// The derivative of the named quantity `upper` with respect to the named quantity `lower` that stands in its own
/// formula, every other named quantity held still: one factor of the chain rule.
pub fn local_derivative(graph: &mut Graph, upper: NodeId, lower: NodeId) -> NodeId {
    Formula::own(graph, upper).derivative(graph, lower)
}

/// What a node is made of, read from below: gone through once, however many derivatives are taken of it. A neuron with
/// thousands of inputs has as many.
struct Formula {
    of: NodeId,
    /// The nodes that have a node as their operand.
    users: HashMap<NodeId, Vec<NodeId>>,
}

impl Formula {
    /// Down to what is given.
    fn whole(graph: &Graph, of: NodeId) -> Self {
        Self::down_to(graph, of, |_| false)
    }

    /// Down to named quantities.
    fn own(graph: &Graph, of: NodeId) -> Self {
        Self::down_to(graph, of, |node| graph.symbol(node).is_some())
    }

    fn down_to(graph: &Graph, of: NodeId, is_held_still: impl Fn(NodeId) -> bool) -> Self {
        let mut users: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        let mut pending = vec![of];
        while let Some(node) = pending.pop() {
            for &operand in &graph.node(node).operands {
                let users = users.entry(operand).or_default();
                if users.is_empty() && !is_held_still(operand) {
                    pending.push(operand);
                }
                users.push(node);
            }
        }
        Formula { of, users }
    }

    /// The sum, over the operands, of the rule for the operand times the operand's own derivative.
    fn derivative(&self, graph: &mut Graph, with_respect_to: NodeId) -> NodeId {
        if self.of == with_respect_to {
            return graph.constant(1.0);
        }
        if !self.users.contains_key(&with_respect_to) {
            return graph.constant(0.0);
        }
        let mut derivative_of = vec![(with_respect_to, graph.constant(1.0))];
        for node in self.depending_on(with_respect_to) {
            let operands = graph.node(node).operands.iter().enumerate();
            let involved: Vec<(usize, NodeId)> = operands
                .filter_map(|(k, operand)| {
                    let place = derivative_of.binary_search_by_key(operand, |entry| entry.0).ok()?;
                    Some((k, derivative_of[place].1))
                })
                .collect();
            let total = match (graph.node(node).op, &involved[..]) {
                // One of the terms of a sum, as in a neuron that adds up thousands: once its derivative is the sum's.
                (Op::Add, &[(_, inner)]) => inner,
                _ => {
                    let term = |&(k, inner): &(usize, NodeId)| {
                        let outer = derivative_rule(graph, node, k);
                        graph.multiply(outer, inner)
                    };
                    let terms: Vec<NodeId> = involved.iter().map(term).collect();
                    graph.sum(&terms)
                }
            };
            derivative_of.push((node, total));
        }
        derivative_of.last().expect("the node itself depends on it").1
    }

    /// The nodes that depend on `node`, in ascending order: operands come before the nodes that use them.
    fn depending_on(&self, node: NodeId) -> Vec<NodeId> {
        let (mut found, mut seen, mut pending) = (Vec::new(), HashSet::new(), vec![node]);
        while let Some(node) = pending.pop() {
            for &user in self.users.get(&node).into_iter().flatten() {
                if seen.insert(user) {
                    found.push(user);
                    pending.push(user);
                }
            }
        }
        found.sort_unstable();
        found
    }
}

/// The gradient of `error` with respect to each named node of `with_respect_to`, as named quantities `dE_d…`.
///
/// Back-propagation between named quantities: the gradient of a quantity is the sum, over the quantities in whose
/// formulas it stands (earliest first), of their gradient times the local derivative. Every named quantity on the way
/// gets its gradient named too, except where the gradient is plainly 1. A parameter that the error does not depend on
/// gets a quantity that is 0.
pub fn gradients(graph: &mut Graph, error: NodeId, with_respect_to: &[NodeId]) -> Vec<NodeId> {
    let needed = graph.needed_by(&[error]);
    let leads_down = graph.depending_on(with_respect_to);
    let quantities: Vec<NodeId> =
        graph.ids().filter(|id| needed[id.index()] && leads_down[id.index()] && graph.symbol(*id).is_some()).collect();

    let one = graph.constant(1.0);
    let mut terms: Vec<Vec<NodeId>> = vec![Vec::new(); needed.len()];
    let mut is_local = vec![false; needed.len()];
    let mut gradient_of: Vec<Option<NodeId>> = vec![None; needed.len()];
    for &upper in quantities.iter().rev() {
        let gradient = if upper == error {
            one
        } else {
            // The terms came from the latest quantity to the earliest; a person writes the earliest first.
            let in_order: Vec<NodeId> = terms[upper.index()].iter().rev().copied().collect();
            let sum = graph.sum(&in_order);
            if sum == one && !with_respect_to.contains(&upper) {
                one
            } else {
                // Where everything above has gradient 1, the sum is itself a local derivative. That expression stays
                // unnamed, or a factor ∂E1/∂out_o1 would be written as ∂E_total/∂out_o1.
                let passed_on = terms[upper.index()].len() == 1 && is_local[upper.index()];
                let expression = if passed_on { graph.exactly(Op::Identity, vec![sum]) } else { sum };
                graph.quantity(Symbol::gradient_of(graph.symbol(upper).expect("named")), expression)
            }
        };
        gradient_of[upper.index()] = Some(gradient);
        let formula = Formula::own(graph, upper);
        for lower in graph.named_operands(upper) {
            if leads_down[lower.index()] {
                let local = formula.derivative(graph, lower);
                let term = graph.multiply(gradient, local);
                is_local[lower.index()] = gradient == one;
                terms[lower.index()].push(term);
            }
        }
    }
    with_respect_to
        .iter()
        .map(|parameter| match gradient_of[parameter.index()] {
            Some(gradient) => gradient,
            None => {
                let zero = graph.constant(0.0);
                graph.quantity(Symbol::gradient_of(graph.symbol(*parameter).expect("named")), zero)
            }
        })
        .collect()
}
