//! How numbers are shown: nine significant digits, enough to follow by hand. The data keep full precision.

use crate::symbol::superscript;

/// The significant digits shown.
pub const SHOWN_DIGITS: usize = 9;

/// A number as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Whether it is below zero.
    pub negative: bool,
    /// The digits, with a decimal point where one is needed, without sign: `0.0275`, or the mantissa of `exponent`.
    pub digits: String,
    /// The power of ten that `digits` are to be multiplied by, for very small and very large numbers.
    pub exponent: Option<i32>,
    /// Whether nothing was rounded away, apart from the last bits of a double.
    pub exact: bool,
}

impl Shown {
    /// Rounds to [`SHOWN_DIGITS`] significant digits; NaN and infinities are shown by name.
    pub fn new(value: f64) -> Self {
        Self::with_digits(value, SHOWN_DIGITS)
    }

    /// Rounds to so many significant digits, at least 1.
    pub fn with_digits(value: f64, significant: usize) -> Self {
        if !value.is_finite() {
            let digits = if value.is_nan() { "undefined" } else { "∞" }.to_owned();
            return Shown { negative: value < 0.0, digits, exponent: None, exact: true };
        }
        let scientific = format!("{:.*e}", significant - 1, value.abs());
        let (mantissa, exponent) = scientific.split_once('e').expect("scientific notation has an exponent");
        let exponent: i32 = exponent.parse().expect("the exponent is a whole number");
        let rounded: f64 = scientific.parse().expect("a number that was just written");
        let exact = (rounded - value.abs()).abs() <= 1e-15 * value.abs();
        let negative = value < 0.0;
        if value != 0.0 && !(-6..SHOWN_DIGITS as i32).contains(&exponent) {
            return Shown { negative, digits: without_trailing_zeros(mantissa), exponent: Some(exponent), exact };
        }
        let decimals = (significant as i32 - 1 - exponent).max(0) as usize;
        let digits = without_trailing_zeros(&format!("{:.decimals$}", value.abs()));
        Shown { negative, digits, exponent: None, exact }
    }

    /// As Unicode text: `−0.0424552501`, `1.5·10⁻⁸`.
    pub fn unicode(&self) -> String {
        let sign = if self.negative { "−" } else { "" };
        match self.exponent {
            Some(exponent) => format!("{sign}{}·10{}", self.digits, superscript(&exponent.to_string())),
            None => format!("{sign}{}", self.digits),
        }
    }

    /// As LaTeX for math mode.
    pub fn latex(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = match self.digits.as_str() {
            "∞" => r"\infty",
            "undefined" => r"\mathrm{undefined}",
            digits => digits,
        };
        match self.exponent {
            Some(exponent) => format!(r"{sign}{digits} \cdot 10^{{{exponent}}}"),
            None => format!("{sign}{digits}"),
        }
    }
}

/// `0.0275` for `0.027500000`; whole numbers lose their point.
fn without_trailing_zeros(digits: &str) -> String {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_nine_digits() {
        let cases = [
            (0.05, "0.05", true),
            (0.15 * 0.05 + 0.2 * 0.1, "0.0275", true),
            (0.24251985734837728, "0.242519857", false),
            (-0.04245525009260471, "−0.0424552501", false),
            (0.0001882556669401121, "0.000188255667", false),
            (1.23456789012e-8, "1.23456789·10⁻⁸", false),
            (0.0, "0", true),
            (181.0, "181", true),
            (9.9999999999, "10", false),
            (1e12, "1·10¹²", true),
            (f64::NEG_INFINITY, "−∞", true),
        ];
        for (value, text, exact) in cases {
            let shown = Shown::new(value);
            assert_eq!((shown.unicode().as_str(), shown.exact), (text, exact), "{value}");
        }
    }
}
