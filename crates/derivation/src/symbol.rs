//! The name of a quantity, and how it looks in Unicode, LaTeX and MathML.
//!
//! A name is plain ASCII, fit for a column heading, and its parts say how it is set:
//!
//! | name | means | Unicode | LaTeX |
//! | --- | --- | --- | --- |
//! | `w5` | weight 5 | w5 | `w_{5}` |
//! | `out_h1` | the output of neuron h1 | out_h1 | `\mathit{out}_{h1}` |
//! | `h2_3` | neuron 3 of hidden layer 2 | h2_3 | `h_{2,3}` |
//! | `E_total` | the error | E_total | `E_{\mathrm{total}}` |
//! | `h1_s2` | h1 for sample 2 | h1⁽²⁾ | `h_{1}^{(2)}` |
//! | `w5_new` | w5 after the update | w5⁺ | `w_{5}^{+}` |
//! | `dE_dw5` | the gradient of E_total | ∂E_total/∂w5 | `\frac{\partial E_{\mathrm{total}}}{\partial w_{5}}` |
//! | `learning_rate` | the learning rate | η | `\eta` |

use std::fmt;

/// The name of the quantity that is descended.
pub const TOTAL_ERROR: &str = "E_total";

/// The name of the learning rate.
pub const LEARNING_RATE: &str = "learning_rate";

/// The name of a quantity; see the [module](self) for how a name is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol(String);

/// A name taken apart: letters, then what stands below, then what stands above.
struct Parts<'a> {
    base: &'a str,
    below: String,
    sample: Option<&'a str>,
    updated: bool,
}

impl Symbol {
    /// A symbol with this name. Panics on a name that is not ASCII letters, digits and underscores.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let ascii = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        assert!(ascii && !name.is_empty(), "{name:?} is not a name of ASCII letters, digits and underscores");
        Symbol(name)
    }

    /// The symbol of ∂E_total/∂`quantity`.
    pub fn gradient_of(quantity: &Symbol) -> Self {
        Symbol(format!("dE_d{}", quantity.0))
    }

    /// The symbol of `parameter` after the update.
    pub fn updated(parameter: &Symbol) -> Self {
        Symbol(format!("{}_new", parameter.0))
    }

    /// The ASCII name, fit for a column heading.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The quantity that this is the gradient with respect to, where it is a gradient.
    pub fn gradient_with_respect_to(&self) -> Option<Symbol> {
        self.0.strip_prefix("dE_d").map(Symbol::new)
    }

    /// The name in Unicode text.
    pub fn unicode(&self) -> String {
        if self.0 == LEARNING_RATE {
            return "η".to_owned();
        }
        if let Some(quantity) = self.gradient_with_respect_to() {
            return format!("∂{TOTAL_ERROR}/∂{}", quantity.unicode());
        }
        let (stem, sample, updated) = split_marks(&self.0);
        let sample = sample.map(|sample| format!("⁽{}⁾", superscript(sample))).unwrap_or_default();
        format!("{stem}{sample}{}", if updated { "⁺" } else { "" })
    }

    /// The name in LaTeX, for math mode.
    pub fn latex(&self) -> String {
        if self.0 == LEARNING_RATE {
            return r"\eta".to_owned();
        }
        if let Some(quantity) = self.gradient_with_respect_to() {
            let total = Symbol::new(TOTAL_ERROR).latex();
            return format!(r"\frac{{\partial {total}}}{{\partial {}}}", quantity.latex());
        }
        let parts = self.parts();
        let base = if parts.base.len() > 1 { format!(r"\mathit{{{}}}", parts.base) } else { parts.base.to_owned() };
        let below = match parts.below.as_str() {
            "" => String::new(),
            below if is_word(below) => format!(r"_{{\mathrm{{{below}}}}}"),
            below => format!("_{{{below}}}"),
        };
        let above = match (parts.sample, parts.updated) {
            (Some(sample), false) => format!("^{{({sample})}}"),
            (Some(sample), true) => format!("^{{({sample})+}}"),
            (None, true) => "^{+}".to_owned(),
            (None, false) => String::new(),
        };
        format!("{base}{below}{above}")
    }

    /// The name as MathML (Core) elements, one element at the top.
    pub fn mathml(&self) -> String {
        if self.0 == LEARNING_RATE {
            return "<mi>η</mi>".to_owned();
        }
        if let Some(quantity) = self.gradient_with_respect_to() {
            let total = Symbol::new(TOTAL_ERROR).mathml();
            let quantity = quantity.mathml();
            return format!("<mfrac><mrow><mo>∂</mo>{total}</mrow><mrow><mo>∂</mo>{quantity}</mrow></mfrac>");
        }
        let parts = self.parts();
        let base = format!("<mi>{}</mi>", parts.base);
        let below = if parts.below.is_empty() { String::new() } else { format!("<mtext>{}</mtext>", parts.below) };
        let above = match (parts.sample, parts.updated) {
            (Some(sample), false) => format!("<mtext>({sample})</mtext>"),
            (Some(sample), true) => format!("<mtext>({sample})+</mtext>"),
            (None, true) => "<mo>+</mo>".to_owned(),
            (None, false) => String::new(),
        };
        match (below.is_empty(), above.is_empty()) {
            (true, true) => base,
            (false, true) => format!("<msub>{base}{below}</msub>"),
            (true, false) => format!("<msup>{base}{above}</msup>"),
            (false, false) => format!("<msubsup>{base}{below}{above}</msubsup>"),
        }
    }

    fn parts(&self) -> Parts<'_> {
        let (stem, sample, updated) = split_marks(&self.0);
        if let Some((base, below)) = stem.split_once('_')
            && !base.ends_with(|last: char| last.is_ascii_digit())
        {
            // `out_h2_3`: the inner name keeps its letters and its layer and neuron are joined by a comma.
            return Parts { base, below: below.replace('_', ","), sample, updated };
        }
        let letters = stem.find(|next: char| next.is_ascii_digit()).unwrap_or(stem.len());
        Parts { base: &stem[..letters], below: stem[letters..].replace('_', ","), sample, updated }
    }
}

impl From<&str> for Symbol {
    fn from(name: &str) -> Self {
        Symbol::new(name)
    }
}

impl From<String> for Symbol {
    fn from(name: String) -> Self {
        Symbol::new(name)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.unicode())
    }
}

/// Takes the mark of the update and of the sample off the end of a name.
fn split_marks(name: &str) -> (&str, Option<&str>, bool) {
    let (name, updated) = match name.strip_suffix("_new") {
        Some(stem) => (stem, true),
        None => (name, false),
    };
    match name.rsplit_once("_s") {
        Some((stem, sample)) if !sample.is_empty() && sample.bytes().all(|byte| byte.is_ascii_digit()) => {
            (stem, Some(sample), updated)
        }
        _ => (name, None, updated),
    }
}

/// Whether a subscript is a word (`total`) and not a neuron (`h1`) or a number.
fn is_word(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Digits and a minus sign as superscripts.
pub(crate) fn superscript(digits: &str) -> String {
    digits
        .chars()
        .map(|digit| match digit {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0'..='9' => char::from_u32('⁰' as u32 + (digit as u32 - '0' as u32)).expect("a superscript digit"),
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_name_is_set_as_the_table_says() {
        let cases = [
            ("w5", "w5", "w_{5}"),
            ("out_h1", "out_h1", r"\mathit{out}_{h1}"),
            ("h2_3", "h2_3", "h_{2,3}"),
            ("out_h2_3_s4", "out_h2_3⁽⁴⁾", r"\mathit{out}_{h2,3}^{(4)}"),
            ("E_total", "E_total", r"E_{\mathrm{total}}"),
            ("E_s2", "E⁽²⁾", "E^{(2)}"),
            ("h1_s12", "h1⁽¹²⁾", "h_{1}^{(12)}"),
            ("w5_new", "w5⁺", "w_{5}^{+}"),
            ("dE_dw5", "∂E_total/∂w5", r"\frac{\partial E_{\mathrm{total}}}{\partial w_{5}}"),
            ("learning_rate", "η", r"\eta"),
        ];
        for (name, unicode, latex) in cases {
            let symbol = Symbol::new(name);
            assert_eq!(symbol.unicode(), unicode);
            assert_eq!(symbol.latex(), latex);
        }
        assert_eq!(Symbol::new("out_h1").mathml(), "<msub><mi>out</mi><mtext>h1</mtext></msub>");
    }
}
