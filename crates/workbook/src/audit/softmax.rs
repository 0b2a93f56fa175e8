//! A softmax with cross-entropy, read off a sheet's formulas, and what the derivation crate makes of its gradients.

use longhand_derivation::derivation::Derivation;
use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::network::Network;

use super::network::peeled;

/// The target of each output, whose sums are `nets`: what the logarithm of its share is multiplied by; 1 where it stands alone,
/// 0 where there is none. `None` where some sum has no share, or no share a logarithm.
pub(crate) fn targets(
    graph: &Graph,
    error: NodeId,
    nets: &[NodeId],
    value: &dyn Fn(NodeId) -> Option<f64>,
) -> Option<Vec<f64>> {
    let needed = graph.needed_by(&[error]);
    let ids = |op: Op| {
        let needed = &needed;
        graph.ids().filter(move |id| needed[id.index()] && graph.node(*id).op == op)
    };
    let share = |net: NodeId| ids(Op::Divide).find(|&id| exponent(graph, graph.node(id).operands[0]) == Some(net));
    let target = |net: NodeId| -> Option<f64> {
        let share = share(peeled(graph, net))?;
        let is_of_share = |&id: &NodeId| peeled(graph, graph.node(id).operands[0]) == share;
        let Some(logarithm) = ids(Op::Ln).find(is_of_share) else { return Some(0.0) };
        let factor = ids(Op::Multiply).find_map(|id| {
            let operands = &graph.node(id).operands;
            let place = operands.iter().position(|&operand| positive(graph, operand) == logarithm)?;
            Some(positive(graph, operands[1 - place]))
        });
        factor.map_or(Some(1.0), value)
    };
    let targets: Vec<f64> = nets.iter().map(|&net| target(net)).collect::<Option<_>>()?;
    targets.iter().any(|&target| target != 0.0).then_some(targets)
}

/// The o of eᵒ, or of eᵒ⁻ᵐ, where a number is taken off every output so that no power is too large.
fn exponent(graph: &Graph, node: NodeId) -> Option<NodeId> {
    let power = graph.node(peeled(graph, node));
    let inner = graph.node(if power.op == Op::Exp { peeled(graph, power.operands[0]) } else { return None });
    Some(match inner.op {
        Op::Subtract => peeled(graph, inner.operands[0]),
        _ => peeled(graph, power.operands[0]),
    })
}

/// The node behind names and minus signs.
fn positive(graph: &Graph, node: NodeId) -> NodeId {
    let mut here = peeled(graph, node);
    while graph.node(here).op == Op::Negate {
        here = peeled(graph, graph.node(here).operands[0]);
    }
    here
}

/// Every parameter's gradient with what is left of softmax and cross-entropy in it, as far as the derivation can be read.
pub(crate) fn short_gradients(network: &mut Network) -> Vec<Option<NodeId>> {
    if !network.is_readable() {
        return vec![None; network.parameters.len()];
    }
    let derivation = Derivation::write(network);
    let short = |node: NodeId| derivation.chains().find(|chain| chain.rule.with_respect_to == node)?.short;
    network.parameters.iter().map(|parameter| short(parameter.node)).collect()
}
