//! The derivative rules: one visible table, one line for each operation.
//!
//! [`derivative_rule`] *is* the table. What readers are shown ([`table`]) is this function run on two letters, so the
//! page, the documents and the program cannot disagree.

use crate::expression::{Graph, NodeId, Op};

/// The derivative of `node` with respect to its operand number `k`, all other operands held still.
///
/// Below, x and y are the operands and f the node itself, so that a sigmoid's derivative speaks of its own output.
/// Panics where the node has no operand number `k`.
#[rustfmt::skip]
pub fn derivative_rule(g: &mut Graph, node: NodeId, k: usize) -> NodeId {
    let op = g.node(node).op;
    let operands = g.node(node).operands.clone();
    assert!(k < operands.len(), "{} has no operand number {k}", op.name());
    let (f, x, y) = (node, operands[0], *operands.last().expect("at least one operand"));
    let one = g.constant(1.0);
    match (op, k) {
        (Op::Constant(_) | Op::Variable, _) => unreachable!("no operands"),
        (Op::Identity, _)    => one,                                                      // x        →  1
        (Op::Add, _)         => one,                                                      // x + y    →  1, 1
        (Op::Subtract, 0)    => one,                                                      // x − y    →  1
        (Op::Subtract, _)    => g.negate(one),                                            //          →  −1
        (Op::Multiply, 0)    => y,                                                        // x · y    →  y
        (Op::Multiply, _)    => x,                                                        //          →  x
        (Op::Divide, 0)      => g.divide(one, y),                                         // x / y    →  1 / y
        (Op::Divide, _)      => { let s = g.power(y, 2); let q = g.divide(x, s); g.negate(q) } //     →  −x / y²
        (Op::Negate, _)      => g.negate(one),                                            // −x       →  −1
        (Op::Power(n), _)    => { let c = g.constant(f64::from(n)); let p = g.power(x, n - 1); g.multiply(c, p) } // n · xⁿ⁻¹
        (Op::SquareRoot, _)  => { let two = g.constant(2.0); let d = g.multiply(two, f); g.divide(one, d) } // 1 / (2 · √x)
        (Op::Exp, _)         => f,                                                        // eˣ       →  eˣ
        (Op::Ln, _)          => g.divide(one, x),                                         // ln x     →  1 / x
        (Op::Sigmoid, _)     => { let rest = g.subtract(one, f); g.multiply(f, rest) }    // σ(x)     →  σ · (1 − σ)
        (Op::Tanh, _)        => { let s = g.power(f, 2); g.subtract(one, s) }             // tanh x   →  1 − tanh² x
        (Op::Relu, _)        => g.step(x),                                                // max(0,x) →  1 if x > 0, else 0
        (Op::Step, _)        => g.constant(0.0),                                          // step     →  0
        (Op::Maximum, 0)     => { let d = g.subtract(y, x); let s = g.step(d); g.subtract(one, s) } // 1 unless y > x
        (Op::Maximum, _)     => { let d = g.subtract(y, x); g.step(d) }                   //          →  1 if y > x
        (Op::Softmax(i), k) if i as usize == k
                             => { let rest = g.subtract(one, f); g.multiply(f, rest) }    // pᵢ by xᵢ →  pᵢ · (1 − pᵢ)
        (Op::Softmax(_), k)  => { let p = g.softmax(k, &operands); let q = g.multiply(f, p); g.negate(q) } // −pᵢ · pₖ
    }
}

/// One row of the table of rules as readers see it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name of the rule.
    pub name: &'static str,
    /// The graph that holds the formulas below, over the variables `x` and `y`.
    pub graph: Graph,
    /// The operation on `x` (and `y`), a quantity named `f`.
    pub function: NodeId,
    /// Its derivative with respect to each operand: the operand and the derivative.
    pub derivatives: Vec<(NodeId, NodeId)>,
    /// Why it is so, in a line or two of plain text with mathematics between backticks; see [`Rule::why_plain`].
    pub why: &'static str,
}

impl Rule {
    /// Why it is so, in plain text.
    pub fn why_plain(&self) -> String {
        self.why.replace('`', "")
    }
}

/// Name, operation, and reason of every rule; `None` where there is nothing to differentiate.
fn reason(op: Op) -> Option<(&'static str, &'static str)> {
    Some(match op {
        Op::Constant(_) | Op::Variable => return None,
        Op::Identity => ("another name", "the two change together"),
        Op::Add => ("sum", "each term is passed on unchanged"),
        Op::Subtract => ("difference", "the first term is passed on, the second with its sign turned"),
        Op::Multiply => ("product", "nudge x by δ: `(x + δ) · y − x · y = δ · y`; likewise for y"),
        Op::Divide => ("quotient", "`1 / (y + δ) − 1 / y = −δ / (y · (y + δ))`, which tends to `−δ / y²`"),
        Op::Negate => ("minus sign", "a difference from 0"),
        Op::Power(_) => ("power", "the product rule n times: each of the n factors x in turn leaves `xⁿ⁻¹`"),
        Op::SquareRoot => ("square root", "`f · f = x`, so `2 · f · f′ = 1`"),
        Op::Exp => ("exponential", "the function that is its own derivative"),
        Op::Ln => ("logarithm", "`eᶠ = x`, so `eᶠ · f′ = 1`"),
        Op::Sigmoid => ("sigmoid", "`f′ = e⁻ˣ / (1 + e⁻ˣ)²`, which is f times `e⁻ˣ / (1 + e⁻ˣ)`, and that is `1 − f`"),
        Op::Tanh => ("hyperbolic tangent", "`f = sinh x / cosh x`, so `f′ = (cosh² x − sinh² x) / cosh² x = 1 − f²`"),
        Op::Relu => ("ReLU", "slope 1 above zero, slope 0 below; at zero itself the slope is taken as 0"),
        Op::Step => ("step", "flat on both sides; the jump itself is not counted"),
        Op::Maximum => ("maximum", "the larger one is passed on; of two equal ones the first counts as larger"),
        Op::Softmax(_) => (
            "softmax",
            "the quotient rule: e to the own operand stands above and below, e to another operand stands below only",
        ),
    })
}

/// The name of the rule for an operation, as in [`Rule::name`].
pub fn rule_name(op: Op) -> Option<&'static str> {
    reason(op).map(|(name, _)| name)
}

/// One of each operation, in the order of [`Op`].
const OPERATIONS: [Op; 18] = [
    Op::Constant(1.0),
    Op::Variable,
    Op::Identity,
    Op::Add,
    Op::Subtract,
    Op::Multiply,
    Op::Divide,
    Op::Negate,
    Op::Power(3),
    Op::SquareRoot,
    Op::Exp,
    Op::Ln,
    Op::Sigmoid,
    Op::Tanh,
    Op::Relu,
    Op::Step,
    Op::Maximum,
    Op::Softmax(0),
];

/// The table of rules for readers, made by running [`derivative_rule`] on letters.
pub fn table() -> Vec<Rule> {
    OPERATIONS.into_iter().filter_map(rule_of).collect()
}

/// The row of the table for the operation of `op` (its exponent or index is not looked at).
pub fn rule_of(op: Op) -> Option<Rule> {
    let op = OPERATIONS.into_iter().find(|known| known.name() == op.name())?;
    let (name, why) = reason(op)?;
    let mut graph = Graph::new();
    let letters: Vec<NodeId> =
        ["x", "y"].into_iter().take(op.arity().unwrap_or(2)).map(|letter| graph.variable(letter)).collect();
    let function = graph.exactly(op, letters.clone());
    // Named, so that a derivative can speak of it: f · (1 − f).
    let function = graph.quantity("f", function);
    let derivatives =
        letters.iter().enumerate().map(|(k, &letter)| (letter, derivative_rule(&mut graph, function, k))).collect();
    Some(Rule { name, graph, function, derivatives, why })
}
