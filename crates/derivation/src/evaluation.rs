//! Numbers for expressions, in double precision.
//!
//! Exponentials, logarithms and hyperbolic tangents come from the `libm` crate, not from the platform, so that the
//! same formula gives the same bits everywhere.

use crate::expression::{Graph, NodeId, Op};

/// What `op` makes of its operands. Panics on too few operands and on a variable, whose value is not computed.
pub fn apply(op: Op, operands: &[f64]) -> f64 {
    match op {
        Op::Constant(value) => value,
        Op::Variable => panic!("a variable has no formula"),
        Op::Identity => operands[0],
        Op::Add => operands[0] + operands[1],
        Op::Subtract => operands[0] - operands[1],
        Op::Multiply => operands[0] * operands[1],
        Op::Divide => operands[0] / operands[1],
        Op::Negate => -operands[0],
        Op::Power(exponent) => whole_power(operands[0], exponent),
        Op::SquareRoot => operands[0].sqrt(),
        Op::Exp => libm::exp(operands[0]),
        Op::Ln => libm::log(operands[0]),
        Op::Sigmoid => 1.0 / (1.0 + libm::exp(-operands[0])),
        Op::Tanh => libm::tanh(operands[0]),
        // NaN is passed on in the three below, so that it cannot hide.
        Op::Relu => {
            if operands[0] <= 0.0 {
                0.0
            } else {
                operands[0]
            }
        }
        Op::Step if operands[0].is_nan() => operands[0],
        Op::Step => f64::from(u8::from(operands[0] > 0.0)),
        Op::Maximum if operands[1] > operands[0] || operands[1].is_nan() => operands[1],
        Op::Maximum => operands[0],
        Op::Softmax(index) => {
            // The largest operand is taken off every one, which changes no quotient and lets no exponential overflow.
            let largest = operands.iter().copied().fold(f64::NEG_INFINITY, |a, b| apply(Op::Maximum, &[a, b]));
            let total: f64 = operands.iter().fold(0.0, |total, x| total + libm::exp(x - largest));
            libm::exp(operands[index as usize] - largest) / total
        }
    }
}

/// x to a whole power by repeated multiplication: `f64::powi` may differ between platforms.
fn whole_power(x: f64, exponent: i32) -> f64 {
    let mut result = 1.0;
    let mut square = x;
    let mut left = exponent.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    if exponent < 0 { 1.0 / result } else { result }
}

/// The value of every node of a graph, looked up by [`NodeId`].
#[derive(Debug, Clone, PartialEq)]
pub struct Values(Vec<f64>);

impl Values {
    /// Evaluates every node, given the value of every variable. Panics where a variable is left out.
    pub fn of(graph: &Graph, variables: &[(NodeId, f64)]) -> Self {
        let mut given = vec![None; graph.nodes().len()];
        for &(variable, value) in variables {
            given[variable.index()] = Some(value);
        }
        let mut values: Vec<f64> = Vec::with_capacity(given.len());
        let mut operands = Vec::new();
        for (node, given) in graph.nodes().iter().zip(given) {
            let value = match node.op {
                Op::Variable => {
                    given.unwrap_or_else(|| panic!("no value for {}", node.symbol.as_ref().expect("named")))
                }
                op => {
                    operands.clear();
                    operands.extend(node.operands.iter().map(|operand| values[operand.index()]));
                    apply(op, &operands)
                }
            };
            values.push(value);
        }
        Values(values)
    }

    /// The value of a node. Panics on a node that was added to the graph later.
    pub fn get(&self, id: NodeId) -> f64 {
        self.0[id.index()]
    }

    /// All values in the order of the nodes.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_as_the_rules_say() {
        assert_eq!(apply(Op::Relu, &[0.0]), 0.0);
        assert_eq!(apply(Op::Step, &[0.0]), 0.0);
        assert!(apply(Op::Relu, &[f64::NAN]).is_nan());
        assert!(apply(Op::Step, &[f64::NAN]).is_nan());
        assert!(apply(Op::Maximum, &[1.0, f64::NAN]).is_nan());
        assert!(apply(Op::Maximum, &[f64::NAN, 1.0]).is_nan());
        assert_eq!(apply(Op::Power(-2), &[2.0]), 0.25);
        assert_eq!(apply(Op::Power(5), &[3.0]), 243.0);
        assert_eq!(apply(Op::Softmax(1), &[1000.0, 1000.0]), 0.5);
        assert_eq!(apply(Op::Sigmoid, &[-1000.0]), 0.0);
    }
}
