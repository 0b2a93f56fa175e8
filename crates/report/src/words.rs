//! Numbers as the page says them.

/// A whole number with commas between thousands.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share of 1 in percent with two decimals, and a space that does not break.
pub(crate) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.2}\u{a0}%", share * 100.0) } else { "–".to_owned() }
}

/// A mean share of 1 in percent with three decimals: a mean over seeds is known more closely than a share of one run.
pub(crate) fn mean_percent(share: f64) -> String {
    format!("{:.3}\u{a0}%", share * 100.0)
}

/// A probability from its natural logarithm, in percent, as HTML.
pub(crate) fn probability(log_probability: f32) -> String {
    let percent = 100.0 * libm::exp(f64::from(log_probability));
    match percent {
        _ if percent.is_nan() => "–".to_owned(),
        _ if percent >= 99.995 => "&gt; 99.99\u{a0}%".to_owned(),
        _ if percent >= 10.0 => format!("{percent:.1}\u{a0}%"),
        _ if percent >= 0.1 => format!("{percent:.2}\u{a0}%"),
        _ if percent >= 0.001 => format!("{percent:.4}\u{a0}%"),
        _ => "&lt; 0.001\u{a0}%".to_owned(),
    }
}

/// `a 7`, `an 8`.
pub(crate) fn with_article(n: usize) -> String {
    let digits = n.to_string();
    // Eight, eleven, eighteen, eighty-…; no class has a number of more than three digits.
    let vowel = digits.starts_with('8') || digits == "11" || digits == "18";
    format!("{} {n}", if vowel { "an" } else { "a" })
}

/// `1 image`, `2 images`, `1,000 images`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {what}s", thousands(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 18_800, 1_234_567].map(thousands).join(" "), "0 999 1,000 18,800 1,234,567");
        assert_eq!((percent(0.9928), percent(f64::NAN)), ("99.28\u{a0}%".into(), "–".into()));
        let said = [0.0, -0.1, -4.0, -9.0, -30.0, f32::NAN].map(probability);
        let expected = ["&gt; 99.99\u{a0}%", "90.5\u{a0}%", "1.83\u{a0}%", "0.0123\u{a0}%", "&lt; 0.001\u{a0}%", "–"];
        assert_eq!(said, expected);
        assert_eq!([7, 8, 18, 81, 10].map(with_article), ["a 7", "an 8", "an 18", "an 81", "a 10"]);
        assert_eq!((counted(1, "image"), counted(2000, "image")), ("1 image".into(), "2,000 images".into()));
    }
}
