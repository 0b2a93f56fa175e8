//! The derivative of an activation where that of another belongs, or none: a·(1 − a) is the sigmoid's, 1 − a² is that of tanh, and
//! softmax or sigmoid with cross-entropy leave no such factor behind.

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::{OpProduct, OpSum};

use super::address::Address;
use super::examine::Sheet;
use super::formula::{Expr, FormulaReader, references, text_at};
use super::places::{changed_at, less, times};
use super::repair::Repair;

/// The most products of one formula that are looked at.
const PLACE_LIMIT: usize = 12;

/// What a factor of a product, or two of them, are the derivative of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Sigmoid,
    Tanh,
    Relu,
}

/// The derivative of an activation among the factors of a product.
struct Found {
    kind: Kind,
    output: Node,
    /// The factors before and behind it.
    beside: [Vec<Node>; 2],
}

/// The formula in `home` with another activation's derivative in the place of each that it has, and with none there.
pub(crate) fn activation_changes(sheet: &Sheet<'_>, node: &Node, home: Address) -> Vec<Repair> {
    let mut changes = Vec::new();
    for place in 0..PLACE_LIMIT {
        let Some((_, product)) = changed_at(node, place, &is_whole_product, &mut Node::clone) else { break };
        for found in derivatives(&factors(&product)) {
            let derivative = |kind: Kind| derivative(sheet, kind, &found.output, home);
            let spelled = |kind: Kind| {
                let product = derivative(kind).into_iter().reduce(times);
                product.map(|product| text_at(&product, &sheet.book.sheets, home)).unwrap_or_default()
            };
            let [before, behind] = &found.beside;
            let mut offer = |instead: Vec<Node>, words: String| {
                let factors = before.iter().cloned().chain(instead).chain(behind.iter().cloned());
                let Some(instead) = factors.reduce(times) else { return };
                let changed = changed_at(node, place, &is_whole_product, &mut |_| instead.clone());
                if let Some((node, _)) = changed.filter(|(node, _)| !references(node, home).is_empty()) {
                    changes.push(Repair { node, words, is_sign: false });
                }
            };
            // A living ReLU's derivative is 1: no factor at all would be right by chance.
            let others: &[Kind] = match (is_relu(sheet, &found.output, home), found.kind) {
                (true, _) => &[Kind::Relu],
                (false, Kind::Sigmoid) => &[Kind::Tanh],
                (false, _) => &[Kind::Sigmoid],
            };
            for &other in others {
                let words = format!(
                    "the derivative of {}, {}, stands where that of {}, {}, belongs",
                    name(found.kind),
                    spelled(found.kind),
                    name(other),
                    spelled(other)
                );
                offer(derivative(other), words);
            }
            if others != [Kind::Relu] {
                let (factor, of) = (spelled(found.kind), name(found.kind));
                offer(Vec::new(), format!("the factor {factor}, the derivative of {of}, is one too many"));
            }
        }
    }
    changes
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Sigmoid => "the sigmoid",
        Kind::Tanh => "tanh",
        Kind::Relu => "ReLU",
    }
}

/// Whether a cell holds the larger of 0 and something.
fn is_relu(sheet: &Sheet<'_>, output: &Node, home: Address) -> bool {
    let cell = references(output, home).first().map(|reference| reference.to);
    let formula = cell.and_then(|cell| sheet.book.formula(cell));
    formula.is_some_and(|formula| matches!(&formula.expr, Expr::Call(name, _) if name == "MAX" || name == "IF"))
}

fn is_product(node: &Node) -> bool {
    matches!(node, Node::OpProductKind { kind: OpProduct::Times, .. })
}

/// Whether a node is a product from its first factor to its last, or a formula that is one factor.
fn is_whole_product(parent: Option<&Node>, node: &Node) -> bool {
    match parent {
        Some(parent) => is_product(node) && !is_product(parent),
        None => true,
    }
}

fn factors(node: &Node) -> Vec<Node> {
    match node {
        Node::OpProductKind { kind: OpProduct::Times, left, right } => [factors(left), factors(right)].concat(),
        node => vec![node.clone()],
    }
}

/// The derivatives of activations among factors.
fn derivatives(all: &[Node]) -> Vec<Found> {
    let beside = |left_out: &[usize]| -> [Vec<Node>; 2] {
        let from = left_out.iter().copied().min().unwrap_or(0);
        let kept = |places: std::ops::Range<usize>| {
            places.filter(|place| !left_out.contains(place)).map(|place| all[place].clone()).collect()
        };
        [kept(0..from), kept(from..all.len())]
    };
    let mut found = Vec::new();
    for (place, factor) in all.iter().enumerate() {
        let Node::OpSumKind { kind: OpSum::Minus, left, right } = factor else { continue };
        if **left != Node::NumberKind(1.0) {
            continue;
        }
        if let Some(output) = square_root(right) {
            found.push(Found { kind: Kind::Tanh, output: output.clone(), beside: beside(&[place]) });
        } else if let Some(other) = all.iter().position(|other| *other == **right) {
            found.push(Found { kind: Kind::Sigmoid, output: (**right).clone(), beside: beside(&[place, other]) });
        }
    }
    found
}

/// What is squared in `a^2` or `a*a`.
fn square_root(node: &Node) -> Option<&Node> {
    match node {
        Node::OpPowerKind { left, right } if **right == Node::NumberKind(2.0) => Some(left),
        Node::OpProductKind { kind: OpProduct::Times, left, right } if left == right => Some(left),
        _ => None,
    }
}

/// The factors of an activation's derivative, by its output.
fn derivative(sheet: &Sheet<'_>, kind: Kind, output: &Node, home: Address) -> Vec<Node> {
    let number = Node::NumberKind;
    match kind {
        Kind::Sigmoid => vec![output.clone(), less(number(1.0), output.clone())],
        Kind::Tanh => {
            let squared = Node::OpPowerKind { left: Box::new(output.clone()), right: Box::new(number(2.0)) };
            vec![less(number(1.0), squared)]
        }
        Kind::Relu => {
            // The library's functions have names only in text.
            let text = format!("IF({}>0,1,0)", text_at(output, &sheet.book.sheets, home));
            let read = FormulaReader::new(&sheet.book.sheets, &sheet.book.names).read(&text, home);
            read.map(|formula| formula.node).into_iter().collect()
        }
    }
}
