//! Formulas as MathML Core, for web pages.
//!
//! Every leaf says which node it stands for: a name is `<mrow data-node="12">…</mrow>`, a value is
//! `<mn data-node="12">0.5</mn>`, with `data-wrap` where a negative value needs parentheses. A page that recomputes
//! the graph can therefore put new numbers into a formula without knowing how formulas are written.

use super::{Binding, Notation, Piece, Typeset};
use crate::expression::{NodeId, Op};
use crate::number::Shown;
use crate::symbol::Symbol;

/// MathML elements to stand inside `<math>`; see [`math`].
#[derive(Debug, Clone, Copy, Default)]
pub struct MathMl;

/// A whole `<math>` element around a formula.
pub fn math(formula: &str) -> String {
    format!("<math>{formula}</math>")
}

impl Notation for MathMl {
    fn constant(&self, value: f64) -> Piece {
        if value == 0.5 {
            return Piece::new(Binding::Tight, "<mfrac><mn>1</mn><mn>2</mn></mfrac>");
        }
        let shown = Shown::new(value);
        Piece::new(if shown.negative { Binding::Sum } else { Binding::Atom }, format!("<mn>{}</mn>", shown.unicode()))
    }

    fn value(&self, value: f64, node: NodeId, required: Binding) -> Piece {
        let text = Shown::new(value).unicode();
        let place = node.index();
        // The page decides afresh, as values change sign, whether parentheses are needed; so they are part of the leaf.
        let leaf = match (required > Binding::Sum, value < 0.0) {
            (false, _) => format!(r#"<mn data-node="{place}">{text}</mn>"#),
            (true, false) => format!(r#"<mn data-node="{place}" data-wrap="">{text}</mn>"#),
            (true, true) => format!(r#"<mn data-node="{place}" data-wrap="">({text})</mn>"#),
        };
        Piece::new(Binding::Atom, leaf)
    }

    fn symbol(&self, symbol: &Symbol, node: NodeId) -> Piece {
        Piece::new(Binding::Atom, format!(r#"<mrow data-node="{}">{}</mrow>"#, node.index(), symbol.mathml()))
    }

    #[rustfmt::skip]
    fn operation(&self, op: Op, count: usize, operand: &dyn Fn(usize, Binding) -> String) -> Piece {
        use Binding::{Atom, Product, Sum, Tight};
        let x = |required| operand(0, required);
        let y = |required| operand(1, required);
        let function = |name: &str| format!("<mi>{name}</mi><mo>&#x2061;</mo>{}", self.parentheses(&x(Sum)));
        let (binding, text) = match op {
            Op::Constant(_) | Op::Variable | Op::Identity => unreachable!("leaves are not operations"),
            Op::Add => (Sum, format!("{}<mo>+</mo>{}", x(Sum), y(Product))),
            Op::Subtract => (Sum, format!("{}<mo>−</mo>{}", x(Sum), y(Product))),
            Op::Multiply => (Product, format!("{}<mo>·</mo>{}", x(Product), y(Tight))),
            Op::Divide => (Tight, format!("<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>", x(Sum), y(Sum))),
            Op::Negate => (Sum, format!("<mo>−</mo>{}", x(Product))),
            Op::Power(n) => (Tight, format!("<msup><mrow>{}</mrow><mn>{}</mn></msup>", x(Atom), n.to_string().replace('-', "−"))),
            Op::SquareRoot => (Atom, format!("<msqrt>{}</msqrt>", x(Sum))),
            Op::Exp => (Tight, e_to(&x(Sum))),
            Op::Ln => (Tight, function("ln")),
            Op::Sigmoid => {
                let power = e_to(&format!("<mo>−</mo>{}", x(Product)));
                (Tight, format!("<mfrac><mn>1</mn><mrow><mn>1</mn><mo>+</mo>{power}</mrow></mfrac>"))
            }
            Op::Tanh => (Tight, function("tanh")),
            Op::Relu => (Tight, format!("<mi>max</mi><mo>(</mo><mn>0</mn><mo>,</mo>{}<mo>)</mo>", x(Sum))),
            Op::Step => (Atom, format!("<mo>[</mo>{}<mo>&gt;</mo><mn>0</mn><mo>]</mo>", x(Sum))),
            Op::Maximum => (Tight, format!("<mi>max</mi><mo>(</mo>{}<mo>,</mo>{}<mo>)</mo>", x(Sum), y(Sum))),
            Op::Softmax(index) => {
                let terms: Vec<String> = (0..count).map(|k| e_to(&operand(k, Sum))).collect();
                let sum = terms.join("<mo>+</mo>");
                (Tight, format!("<mfrac>{}<mrow>{sum}</mrow></mfrac>", terms[index as usize]))
            }
        };
        Piece::new(binding, text)
    }

    fn parentheses(&self, inner: &str) -> String {
        format!("<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>")
    }
}

impl Typeset for MathMl {
    fn times(&self) -> &'static str {
        "<mo>·</mo>"
    }

    fn plus(&self) -> &'static str {
        "<mo>+</mo>"
    }

    fn partial(&self, of: &Symbol, by: &Symbol) -> String {
        format!("<mfrac><mrow><mo>∂</mo>{}</mrow><mrow><mo>∂</mo>{}</mrow></mfrac>", of.mathml(), by.mathml())
    }
}

fn e_to(exponent: &str) -> String {
    format!("<msup><mi>e</mi><mrow>{exponent}</mrow></msup>")
}
