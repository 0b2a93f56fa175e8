//! Places within a formula, and the formula with something else in one of them.

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::{OpProduct, OpSum};

/// Whether a node is a place, by the node that it is a part of and itself.
pub(crate) type IsPlace<'a> = &'a dyn Fn(Option<&Node>, &Node) -> bool;

pub(crate) fn times(left: Node, right: Node) -> Node {
    Node::OpProductKind { kind: OpProduct::Times, left: Box::new(left), right: Box::new(right) }
}

pub(crate) fn plus(left: Node, right: Node) -> Node {
    Node::OpSumKind { kind: OpSum::Add, left: Box::new(left), right: Box::new(right) }
}

pub(crate) fn less(left: Node, right: Node) -> Node {
    Node::OpSumKind { kind: OpSum::Minus, left: Box::new(left), right: Box::new(right) }
}

/// The formula with `change` of what stands at place number `place`, and that; the formula's own node first, then its
/// parts from left to right.
pub(crate) fn changed_at(
    node: &Node,
    place: usize,
    is_place: IsPlace<'_>,
    change: &mut dyn FnMut(&Node) -> Node,
) -> Option<(Node, Node)> {
    fn below(
        parent: Option<&Node>,
        node: &Node,
        left: &mut usize,
        is_place: IsPlace<'_>,
        change: &mut dyn FnMut(&Node) -> Node,
    ) -> Option<(Node, Node)> {
        if is_place(parent, node) {
            if *left == 0 {
                let changed = change(node);
                return Some((changed.clone(), changed));
            }
            *left -= 1;
        }
        in_children(node, &mut |child| below(Some(node), child, left, is_place, change))
    }
    below(None, node, &mut { place }, is_place, change)
}

/// The node with the first of its children changed that `change` changes, and what `change` gave beside.
pub(crate) fn in_children(node: &Node, change: &mut dyn FnMut(&Node) -> Option<(Node, Node)>) -> Option<(Node, Node)> {
    let mut node = node.clone();
    let mut beside = None;
    let mut visit = |child: &mut Node| {
        if beside.is_none()
            && let Some((changed, found)) = change(child)
        {
            *child = changed;
            beside = Some(found);
        }
    };
    match &mut node {
        Node::OpSumKind { left, right, .. }
        | Node::OpProductKind { left, right, .. }
        | Node::OpPowerKind { left, right } => {
            visit(left);
            visit(right);
        }
        Node::UnaryKind { right, .. } => visit(right),
        Node::FunctionKind { args, .. } => args.iter_mut().for_each(&mut visit),
        Node::ImplicitIntersection { child, .. } => visit(child),
        _ => {}
    }
    beside.map(|found| (node, found))
}
