//! Constructors that simplify as a person does while writing: no `0 + x`, no `1 · x`, no `−(a − b)`, products and sums
//! from left to right.
//!
//! They look through unnamed nodes only. A named quantity is never taken apart: where `out_h1` stands, `out_h1` stays.
//! What they change is exact in real numbers; in floating point the rewritten formula *is* the formula, so text,
//! table and spreadsheet compute the same thing in the same order.

use crate::expression::{Graph, NodeId, Op};

impl Graph {
    /// A fixed number.
    pub fn constant(&mut self, value: f64) -> NodeId {
        self.exactly(Op::Constant(value), Vec::new())
    }

    /// x + y.
    pub fn add(&mut self, x: NodeId, y: NodeId) -> NodeId {
        match (self.constant_value(x), self.constant_value(y)) {
            (Some(x), Some(y)) => return self.constant(x + y),
            (Some(0.0), _) => return y,
            (_, Some(0.0)) => return x,
            _ => {}
        }
        match self.plain(y) {
            Plain::One(Op::Negate, z) => self.subtract(x, z),
            Plain::Two(Op::Add, y1, y2) => {
                let left = self.add(x, y1);
                self.add(left, y2)
            }
            Plain::Two(Op::Subtract, y1, y2) => {
                let left = self.add(x, y1);
                self.subtract(left, y2)
            }
            _ => self.exactly(Op::Add, vec![x, y]),
        }
    }

    /// x − y.
    pub fn subtract(&mut self, x: NodeId, y: NodeId) -> NodeId {
        match (self.constant_value(x), self.constant_value(y)) {
            (Some(x), Some(y)) => return self.constant(x - y),
            (Some(0.0), _) => return self.negate(y),
            (_, Some(0.0)) => return x,
            _ => {}
        }
        match self.plain(y) {
            Plain::One(Op::Negate, z) => self.add(x, z),
            _ => self.exactly(Op::Subtract, vec![x, y]),
        }
    }

    /// −x.
    pub fn negate(&mut self, x: NodeId) -> NodeId {
        if let Some(value) = self.constant_value(x) {
            return self.constant(-value);
        }
        match self.plain(x) {
            Plain::One(Op::Negate, inner) => inner,
            Plain::Two(Op::Subtract, a, b) => self.subtract(b, a),
            _ => self.exactly(Op::Negate, vec![x]),
        }
    }

    /// x · y.
    pub fn multiply(&mut self, x: NodeId, y: NodeId) -> NodeId {
        match (self.constant_value(x), self.constant_value(y)) {
            (Some(x), Some(y)) => return self.constant(x * y),
            (Some(0.0), _) | (_, Some(0.0)) => return self.constant(0.0),
            (Some(1.0), _) => return y,
            (_, Some(1.0)) => return x,
            (Some(-1.0), _) => return self.negate(y),
            (_, Some(-1.0)) => return self.negate(x),
            (None, Some(_)) => return self.multiply(y, x),
            _ => {}
        }
        if let Plain::One(Op::Negate, inner) = self.plain(x) {
            let product = self.multiply(inner, y);
            return self.negate(product);
        }
        match self.plain(y) {
            Plain::One(Op::Negate, inner) => {
                let product = self.multiply(x, inner);
                self.negate(product)
            }
            Plain::Two(Op::Multiply, y1, y2) => {
                let left = self.multiply(x, y1);
                self.multiply(left, y2)
            }
            Plain::Two(Op::Divide, numerator, denominator) if self.constant_value(numerator) == Some(1.0) => {
                self.divide(x, denominator)
            }
            _ => match self.plain(x) {
                Plain::Two(Op::Divide, numerator, denominator) if self.constant_value(numerator) == Some(1.0) => {
                    self.divide(y, denominator)
                }
                _ => self.exactly(Op::Multiply, vec![x, y]),
            },
        }
    }

    /// x / y.
    pub fn divide(&mut self, x: NodeId, y: NodeId) -> NodeId {
        match (self.constant_value(x), self.constant_value(y)) {
            (_, Some(1.0)) => return x,
            (Some(0.0), _) => return self.constant(0.0),
            _ => {}
        }
        match self.plain(x) {
            Plain::One(Op::Negate, inner) => {
                let quotient = self.divide(inner, y);
                self.negate(quotient)
            }
            _ => self.exactly(Op::Divide, vec![x, y]),
        }
    }

    /// x to a whole power.
    pub fn power(&mut self, x: NodeId, exponent: i32) -> NodeId {
        match exponent {
            0 => self.constant(1.0),
            1 => x,
            _ => self.exactly(Op::Power(exponent), vec![x]),
        }
    }

    /// √x.
    pub fn square_root(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::SquareRoot, vec![x])
    }

    /// eˣ.
    pub fn exp(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::Exp, vec![x])
    }

    /// The natural logarithm of x.
    pub fn ln(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::Ln, vec![x])
    }

    /// 1 / (1 + e⁻ˣ).
    pub fn sigmoid(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::Sigmoid, vec![x])
    }

    /// The hyperbolic tangent of x.
    pub fn tanh(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::Tanh, vec![x])
    }

    /// max(0, x).
    pub fn relu(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::Relu, vec![x])
    }

    /// 1 where x > 0, else 0.
    pub fn step(&mut self, x: NodeId) -> NodeId {
        self.exactly(Op::Step, vec![x])
    }

    /// The larger of x and y; of equal ones the first.
    pub fn maximum(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.exactly(Op::Maximum, vec![x, y])
    }

    /// The softmax of `operands` at `index`. Panics where there is no such operand.
    pub fn softmax(&mut self, index: usize, operands: &[NodeId]) -> NodeId {
        assert!(index < operands.len(), "softmax {index} of {} operands", operands.len());
        self.exactly(Op::Softmax(index as u32), operands.to_vec())
    }

    /// The sum from left to right; 0 for none.
    pub fn sum(&mut self, terms: &[NodeId]) -> NodeId {
        let mut total = self.constant(0.0);
        for &term in terms {
            total = self.add(total, term);
        }
        total
    }

    /// What may be seen of a node when looking through it.
    fn plain(&self, id: NodeId) -> Plain {
        let node = self.node(id);
        match (&node.symbol, node.operands.as_slice()) {
            (None, &[x]) => Plain::One(node.op, x),
            (None, &[x, y]) => Plain::Two(node.op, x, y),
            _ => Plain::Opaque,
        }
    }
}

/// A node as the simplifier sees it: named quantities, variables and constants are opaque.
enum Plain {
    One(Op, NodeId),
    Two(Op, NodeId, NodeId),
    Opaque,
}
