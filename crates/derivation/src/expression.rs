//! The expression graph: one arena of nodes, each an operation on earlier nodes.
//!
//! A node may carry a [`Symbol`], the name a person would write for it (`h1`, `out_h1`, `E_total`). Named nodes are
//! the *quantities* of a derivation; unnamed nodes are the scaffolding between them. Every other module reads this
//! graph: the derivative rules, the chain rule, the table, the formulas in text, LaTeX, MathML and spreadsheets.

use std::collections::HashMap;

use crate::symbol::Symbol;

/// The place of a node in its [`Graph`]; operands always have smaller places than the node that uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct NodeId(u32);

impl NodeId {
    /// The place as an index into [`Graph::nodes`] and into [`Values`](crate::evaluation::Values).
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node does with its operands (named x, y, … in order).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    /// A fixed number, no operands.
    Constant(f64),
    /// A number given from outside (an input, a weight, the learning rate), no operands.
    Variable,
    /// x itself under another name.
    Identity,
    /// x + y.
    Add,
    /// x − y.
    Subtract,
    /// x · y.
    Multiply,
    /// x / y.
    Divide,
    /// −x.
    Negate,
    /// x to a whole power.
    Power(i32),
    /// √x.
    SquareRoot,
    /// eˣ.
    Exp,
    /// The natural logarithm of x.
    Ln,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent of x.
    Tanh,
    /// max(0, x).
    Relu,
    /// 1 where x > 0, else 0 (so 0 at 0).
    Step,
    /// The larger of x and y; of equal ones the first.
    Maximum,
    /// e to the operand with this index, over the sum of e to every operand; any number of operands.
    Softmax(u32),
}

impl Op {
    /// The number of operands, or `None` where any number from one up is right.
    pub fn arity(self) -> Option<usize> {
        match self {
            Op::Constant(_) | Op::Variable => Some(0),
            Op::Identity | Op::Negate | Op::Power(_) | Op::SquareRoot | Op::Exp | Op::Ln => Some(1),
            Op::Sigmoid | Op::Tanh | Op::Relu | Op::Step => Some(1),
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Maximum => Some(2),
            Op::Softmax(_) => None,
        }
    }

    /// The operation's name in lower case with underscores, as the exported graph spells it.
    pub fn name(self) -> &'static str {
        match self {
            Op::Constant(_) => "constant",
            Op::Variable => "variable",
            Op::Identity => "identity",
            Op::Add => "add",
            Op::Subtract => "subtract",
            Op::Multiply => "multiply",
            Op::Divide => "divide",
            Op::Negate => "negate",
            Op::Power(_) => "power",
            Op::SquareRoot => "square_root",
            Op::Exp => "exp",
            Op::Ln => "ln",
            Op::Sigmoid => "sigmoid",
            Op::Tanh => "tanh",
            Op::Relu => "relu",
            Op::Step => "step",
            Op::Maximum => "maximum",
            Op::Softmax(_) => "softmax",
        }
    }

    /// The number that makes one `Power`, `Softmax` or `Constant` differ from another, as bits.
    fn parameter_bits(self) -> u64 {
        match self {
            Op::Constant(value) => value.to_bits(),
            Op::Power(exponent) => exponent as u64,
            Op::Softmax(index) => u64::from(index),
            _ => 0,
        }
    }
}

/// One operation on earlier nodes, with the name a person would write for its result, if it has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To which nodes, in order.
    pub operands: Vec<NodeId>,
    /// The name of the result.
    pub symbol: Option<Symbol>,
}

/// What makes two nodes the same: operation, its parameter, operands.
type Identity = (&'static str, u64, Vec<NodeId>);

/// An arena of expression nodes. A node that would repeat an existing one *is* that one, so that the derivative of
/// `out_h1` can speak of `out_h1` by name.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Identity, NodeId>,
    named: HashMap<String, NodeId>,
}

impl Graph {
    /// A graph without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// All nodes; operands come before the nodes that use them.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node at a place. Panics on a place of another, larger graph.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// All places in order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The symbol of a node, if it has one.
    pub fn symbol(&self, id: NodeId) -> Option<&Symbol> {
        self.node(id).symbol.as_ref()
    }

    /// The name of a node. Panics where it has none: use it for quantities only.
    pub fn name(&self, id: NodeId) -> &str {
        self.symbol(id).expect("this node is a named quantity").name()
    }

    /// The node with this name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.named.get(name).copied()
    }

    /// The number in a constant node.
    pub fn constant_value(&self, id: NodeId) -> Option<f64> {
        match self.node(id).op {
            Op::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// A new variable with this name. Panics where the name is taken.
    pub fn variable(&mut self, name: impl Into<Symbol>) -> NodeId {
        let id = self.push(Op::Variable, Vec::new());
        self.set_symbol(id, name.into());
        id
    }

    /// Gives an expression a name and so makes it a quantity. An expression that has a name already, a variable or a
    /// constant stays as it is, and the new name goes to an [`Op::Identity`] of it. Panics where the name is taken.
    pub fn quantity(&mut self, name: impl Into<Symbol>, expression: NodeId) -> NodeId {
        let node = self.node(expression);
        let id = if node.symbol.is_some() || node.operands.is_empty() {
            self.push(Op::Identity, vec![expression])
        } else {
            expression
        };
        self.set_symbol(id, name.into());
        id
    }

    /// The node that does `op` to `operands`, without simplification: an existing one where there is one. The
    /// simplifying constructors ([`Graph::add`], [`Graph::multiply`], …) are what formulas are built with.
    /// Panics on a wrong number of operands.
    pub fn exactly(&mut self, op: Op, operands: Vec<NodeId>) -> NodeId {
        match op.arity() {
            Some(arity) => assert_eq!(operands.len(), arity, "{} takes {arity} operands", op.name()),
            None => assert!(!operands.is_empty(), "{} takes at least one operand", op.name()),
        }
        let identity = (op.name(), op.parameter_bits(), operands);
        if let Some(&id) = self.known.get(&identity) {
            return id;
        }
        let id = self.push(op, identity.2.clone());
        self.known.insert(identity, id);
        id
    }

    /// The named nodes that a node's own formula speaks of, each once, in the order in which it speaks of them.
    pub fn named_operands(&self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut pending: Vec<NodeId> = self.node(id).operands.iter().rev().copied().collect();
        while let Some(next) = pending.pop() {
            if self.symbol(next).is_some() {
                if !found.contains(&next) {
                    found.push(next);
                }
            } else {
                pending.extend(self.node(next).operands.iter().rev());
            }
        }
        found
    }

    /// For every node, whether it is among `roots` or they depend on it.
    pub fn needed_by(&self, roots: &[NodeId]) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        for root in roots {
            needed[root.index()] = true;
        }
        for index in (0..self.nodes.len()).rev() {
            if needed[index] {
                for operand in &self.nodes[index].operands {
                    needed[operand.index()] = true;
                }
            }
        }
        needed
    }

    /// For every node, whether it is one of `sources` or depends on one.
    pub fn depending_on(&self, sources: &[NodeId]) -> Vec<bool> {
        let mut depends = vec![false; self.nodes.len()];
        for source in sources {
            depends[source.index()] = true;
        }
        for (index, node) in self.nodes.iter().enumerate() {
            depends[index] |= node.operands.iter().any(|operand| depends[operand.index()]);
        }
        depends
    }

    fn push(&mut self, op: Op, operands: Vec<NodeId>) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2³² nodes"));
        debug_assert!(operands.iter().all(|operand| *operand < id));
        self.nodes.push(Node { op, operands, symbol: None });
        id
    }

    fn set_symbol(&mut self, id: NodeId, symbol: Symbol) {
        let before = self.named.insert(symbol.name().to_owned(), id);
        assert!(before.is_none(), "the name {} is taken", symbol.name());
        self.nodes[id.index()].symbol = Some(symbol);
    }
}
