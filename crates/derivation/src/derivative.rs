//! Derivatives as expressions.
//!
//! [`derivative`] differentiates all the way down; [`local_derivative`] stops at named quantities, which is what one
//! factor of the chain rule is; [`gradients`] is back-propagation: it walks the named quantities from the error
//! backwards and gives each its own `dE_d…`, a sum over the quantities just above it.

use std::collections::BTreeSet;

use crate::expression::{Graph, NodeId, Op};
use crate::rules::derivative_rule;
use crate::symbol::Symbol;

/// The derivative of `of` with respect to `with_respect_to`, through everything in between.
pub fn derivative(graph: &mut Graph, of: NodeId, with_respect_to: NodeId) -> NodeId {
    differentiate(graph, of, with_respect_to, |_, _| false)
}

/// The derivative of the named quantity `upper` with respect to the named quantity `lower` that stands in its own
/// formula, every other named quantity held still: one factor of the chain rule.
pub fn local_derivative(graph: &mut Graph, upper: NodeId, lower: NodeId) -> NodeId {
    differentiate(graph, upper, lower, |graph, node| graph.symbol(node).is_some())
}

/// The sum, over the operands, of the rule for the operand times the operand's own derivative.
fn differentiate(
    graph: &mut Graph,
    of: NodeId,
    with_respect_to: NodeId,
    is_held_still: impl Fn(&Graph, NodeId) -> bool,
) -> NodeId {
    if of == with_respect_to {
        return graph.constant(1.0);
    }
    // The nodes that take part; in ascending order operands come before the nodes that use them.
    let mut involved = BTreeSet::from([of]);
    let mut pending = vec![of];
    while let Some(node) = pending.pop() {
        for &operand in &graph.node(node).operands {
            let is_target = operand == with_respect_to;
            // Only later nodes can depend on the target.
            let leads_on = operand > with_respect_to && !is_held_still(graph, operand);
            let is_new = (is_target || leads_on) && involved.insert(operand);
            if is_new && leads_on {
                pending.push(operand);
            }
        }
    }
    let mut derivative_of: Vec<(NodeId, NodeId)> = Vec::new();
    for node in involved {
        if node == with_respect_to {
            let one = graph.constant(1.0);
            derivative_of.push((node, one));
            continue;
        }
        let mut terms = Vec::new();
        for (k, operand) in graph.node(node).operands.clone().into_iter().enumerate() {
            if let Ok(place) = derivative_of.binary_search_by_key(&operand, |entry| entry.0) {
                let outer = derivative_rule(graph, node, k);
                terms.push(graph.multiply(outer, derivative_of[place].1));
            }
        }
        if !terms.is_empty() {
            let total = graph.sum(&terms);
            derivative_of.push((node, total));
        }
    }
    match derivative_of.last() {
        Some(&(node, result)) if node == of => result,
        _ => graph.constant(0.0),
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
        for lower in graph.named_operands(upper) {
            if leads_down[lower.index()] {
                let local = local_derivative(graph, upper, lower);
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
