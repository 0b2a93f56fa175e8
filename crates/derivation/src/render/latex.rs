//! Formulas as LaTeX for math mode.

use super::{Binding, Notation, Piece, Typeset};
use crate::expression::{NodeId, Op};
use crate::number::Shown;
use crate::symbol::Symbol;

/// LaTeX.
#[derive(Debug, Clone, Copy, Default)]
pub struct Latex;

impl Notation for Latex {
    fn constant(&self, value: f64) -> Piece {
        if value == 0.5 { Piece::new(Binding::Tight, r"\tfrac{1}{2}") } else { number(value) }
    }

    fn value(&self, value: f64, _: NodeId, _: Binding) -> Piece {
        number(value)
    }

    fn symbol(&self, symbol: &Symbol, _: NodeId) -> Piece {
        let text = symbol.latex();
        // A name that ends in a superscript cannot take another one.
        let holds = if text.contains('^') || text.contains(r"\frac") { Binding::Tight } else { Binding::Atom };
        Piece::new(holds, text)
    }

    #[rustfmt::skip]
    fn operation(&self, op: Op, count: usize, operand: &dyn Fn(usize, Binding) -> String) -> Piece {
        use Binding::{Atom, Product, Sum, Tight};
        let x = |required| operand(0, required);
        let y = |required| operand(1, required);
        let (binding, text) = match op {
            Op::Constant(_) | Op::Variable | Op::Identity => unreachable!("leaves are not operations"),
            Op::Add => (Sum, format!("{} + {}", x(Sum), y(Product))),
            Op::Subtract => (Sum, format!("{} - {}", x(Sum), y(Product))),
            Op::Multiply => (Product, format!(r"{} \cdot {}", x(Product), y(Tight))),
            Op::Divide => (Tight, format!(r"\frac{{{}}}{{{}}}", x(Sum), y(Sum))),
            Op::Negate => (Sum, format!("-{}", x(Product))),
            Op::Power(n) => (Tight, format!("{}^{{{n}}}", x(Atom))),
            Op::SquareRoot => (Atom, format!(r"\sqrt{{{}}}", x(Sum))),
            Op::Exp => (Tight, format!("e^{{{}}}", x(Sum))),
            Op::Ln => (Tight, format!(r"\ln({})", x(Sum))),
            Op::Sigmoid => (Tight, format!(r"\frac{{1}}{{1 + e^{{-{}}}}}", x(Product))),
            Op::Tanh => (Tight, format!(r"\tanh({})", x(Sum))),
            Op::Relu => (Tight, format!(r"\max(0, {})", x(Sum))),
            Op::Step => (Atom, format!("[{} > 0]", x(Sum))),
            Op::Maximum => (Tight, format!(r"\max({}, {})", x(Sum), y(Sum))),
            Op::Softmax(index) => {
                let terms: Vec<String> = (0..count).map(|k| format!("e^{{{}}}", operand(k, Sum))).collect();
                (Tight, format!(r"\frac{{{}}}{{{}}}", terms[index as usize], terms.join(" + ")))
            }
        };
        Piece::new(binding, text)
    }

    fn parentheses(&self, inner: &str) -> String {
        // Not \left and \right: a line may have to be broken inside.
        if inner.contains(r"\frac") { format!(r"\bigl({inner}\bigr)") } else { format!("({inner})") }
    }
}

impl Typeset for Latex {
    fn times(&self) -> &'static str {
        r" \cdot "
    }

    fn plus(&self) -> &'static str {
        " + "
    }

    fn partial(&self, of: &Symbol, by: &Symbol) -> String {
        format!(r"\frac{{\partial {}}}{{\partial {}}}", of.latex(), by.latex())
    }
}

fn number(value: f64) -> Piece {
    let shown = Shown::new(value);
    let binding = match (shown.negative, shown.exponent) {
        (true, _) => Binding::Sum,
        (false, Some(_)) => Binding::Product,
        (false, None) => Binding::Atom,
    };
    Piece::new(binding, shown.latex())
}
