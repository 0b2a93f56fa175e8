//! Softmax and cross-entropy together: ∂E/∂o = out_o − t.
//!
//! One after the other they leave a fraction for every output; worked out once, almost everything in them cancels (Bridle
//! 1990, "Probabilistic interpretation of feedforward classification network outputs"). What is left is the first factor
//! of every path below.

use std::collections::HashMap;

use crate::chain::{ChainRule, Factor, Path};
use crate::expression::{Graph, NodeId, Op};
use crate::network::{Network, SampleNodes};
use crate::render::equation::{Equation, Side};
use crate::spec::Loss;

/// What the working of a known factor is called where rules are named.
const RULE: &str = "softmax and cross-entropy together";

/// ∂E_total/∂o of one output's sum, made smaller step by step.
pub(crate) struct SumGradient {
    /// What softmax makes of the sum, `out_o1`.
    pub out: NodeId,
    /// What that should be, `t1`.
    pub target: NodeId,
    /// The sum's gradient, `dE_do1`.
    pub gradient: NodeId,
    /// ∂E_total/∂o1 = out_o1 − t1, with which paths begin.
    pub factor: Factor,
    /// From the partials along all paths to it, to what is left of them.
    pub equation: Equation,
}

/// The gradients of all outputs' sums, sample by sample; none where the loss is another.
pub(crate) fn sum_gradients(network: &mut Network) -> Vec<SumGradient> {
    if network.spec.loss != Loss::SoftmaxCrossEntropy {
        return Vec::new();
    }
    let samples = network.samples.clone();
    let of_sample = |sample: &SampleNodes| {
        let outputs = sample.layers.last().expect("at least one layer").len();
        (0..outputs).map(|k| sum_gradient(network, sample, k)).collect::<Vec<_>>()
    };
    samples.iter().flat_map(of_sample).collect()
}

fn sum_gradient(network: &mut Network, sample: &SampleNodes, k: usize) -> SumGradient {
    let neuron = sample.layers.last().expect("at least one layer")[k];
    let (net, out, targets) = (neuron.net, neuron.out, &sample.targets);
    let gradient = network.gradient_of(net).expect("every sum leads to the error");
    let graph = &mut network.graph;
    let rule = ChainRule::write(graph, network.total_error, net);
    // From E1, E2, … on: above them only sums stand, whose derivatives are 1.
    let from_errors = |path: &Path| path.quantities[path.quantities.len() - 3..].to_vec();
    let partials = Side::PartialsAlongEach(rule.paths.iter().map(from_errors).collect());
    // −t1 · (1 − out_o1) + t2 · out_o1 + …: what stood below the fractions is gone.
    let one = graph.constant(1.0);
    let terms: Vec<NodeId> = (0..targets.len())
        .map(|j| {
            if j == k {
                let rest = graph.subtract(one, out);
                let product = graph.multiply(targets[j], rest);
                graph.negate(product)
            } else {
                graph.multiply(targets[j], out)
            }
        })
        .collect();
    let cancelled = graph.sum(&terms);
    // out_o1 · (t1 + t2) − t1.
    let total = graph.sum(targets);
    let share = graph.multiply(out, total);
    let gathered = graph.subtract(share, targets[k]);
    let short = graph.subtract(out, targets[k]);
    let stages = [rule.sum, cancelled, gathered, short].map(Side::Expression);
    let numbers = [Side::ExpressionInNumbers(short), Side::Value(short)];
    let left = Side::Partial { of: network.total_error, by: net };
    let equation = Equation { left, right: [partials].into_iter().chain(stages).chain(numbers).collect() };
    let factor = Factor { upper: network.total_error, lower: net, derivative: short, working: None, rules: vec![RULE] };
    SumGradient { out, target: targets[k], gradient, factor, equation }
}

/// `gradient` over forward quantities, with what is left of softmax and cross-entropy in place of all their fractions.
pub(crate) fn shortened(graph: &mut Graph, gradient: NodeId, sums: &[SumGradient]) -> NodeId {
    let mut known: HashMap<NodeId, NodeId> = sums.iter().map(|sum| (sum.gradient, sum.factor.derivative)).collect();
    rebuilt(graph, gradient, &mut known)
}

fn rebuilt(graph: &mut Graph, node: NodeId, known: &mut HashMap<NodeId, NodeId>) -> NodeId {
    if let Some(&new) = known.get(&node) {
        return new;
    }
    let is_gradient = |graph: &Graph| graph.symbol(node).map(|symbol| symbol.gradient_with_respect_to().is_some());
    let kept = matches!(graph.node(node).op, Op::Constant(_) | Op::Variable) || is_gradient(graph) == Some(false);
    let new = if kept {
        node
    } else {
        let (op, operands) = (graph.node(node).op, graph.node(node).operands.to_vec());
        let operands: Vec<NodeId> = operands.into_iter().map(|operand| rebuilt(graph, operand, known)).collect();
        match (op, &operands[..]) {
            (Op::Identity, &[only]) => only,
            (op, _) => graph.exactly(op, operands),
        }
    };
    known.insert(node, new);
    new
}
