//! Formulas as Unicode text, for terminals and plain documents: `½ · (t1 − out_o1)²`.

use super::{Binding, Notation, Piece, Typeset};
use crate::expression::{NodeId, Op};
use crate::number::Shown;
use crate::symbol::{Symbol, superscript};

/// Unicode text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unicode;

impl Notation for Unicode {
    fn constant(&self, value: f64) -> Piece {
        if value == 0.5 { Piece::new(Binding::Atom, "½") } else { number(value) }
    }

    fn value(&self, value: f64, _: NodeId, _: Binding) -> Piece {
        number(value)
    }

    fn symbol(&self, symbol: &Symbol, _: NodeId) -> Piece {
        let text = symbol.unicode();
        let holds = if text.ends_with(|last: char| last.is_ascii_alphanumeric()) && !text.contains('/') {
            Binding::Atom
        } else {
            Binding::Tight
        };
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
            Op::Subtract => (Sum, format!("{} − {}", x(Sum), y(Product))),
            Op::Multiply => (Product, format!("{} · {}", x(Product), y(Tight))),
            Op::Divide => (Product, format!("{} / {}", x(Product), y(Tight))),
            Op::Negate => (Sum, format!("−{}", x(Product))),
            Op::Power(n) => (Tight, format!("{}{}", x(Atom), superscript(&n.to_string()))),
            Op::SquareRoot => (Atom, format!("√({})", x(Sum))),
            Op::Exp => (Tight, format!("e^{}", x(Atom))),
            Op::Ln => (Atom, format!("ln({})", x(Sum))),
            Op::Sigmoid => (Product, format!("1 / (1 + e^(−{}))", x(Product))),
            Op::Tanh => (Atom, format!("tanh({})", x(Sum))),
            Op::Relu => (Atom, format!("max(0, {})", x(Sum))),
            Op::Step => (Atom, format!("[{} > 0]", x(Sum))),
            Op::Maximum => (Atom, format!("max({}, {})", x(Sum), y(Sum))),
            Op::Softmax(index) => {
                let terms: Vec<String> = (0..count).map(|k| format!("e^{}", operand(k, Atom))).collect();
                (Product, format!("{} / ({})", terms[index as usize], terms.join(" + ")))
            }
        };
        Piece::new(binding, text)
    }

    fn parentheses(&self, inner: &str) -> String {
        format!("({inner})")
    }
}

impl Typeset for Unicode {
    fn times(&self) -> &'static str {
        " · "
    }

    fn plus(&self) -> &'static str {
        " + "
    }

    fn partial(&self, of: &Symbol, by: &Symbol) -> String {
        format!("∂{}/∂{}", of.unicode(), by.unicode())
    }
}

fn number(value: f64) -> Piece {
    let shown = Shown::new(value);
    let binding = match (shown.negative, shown.exponent) {
        (true, _) => Binding::Sum,
        (false, Some(_)) => Binding::Product,
        (false, None) => Binding::Atom,
    };
    Piece::new(binding, shown.unicode())
}
