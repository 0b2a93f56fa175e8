//! Text with lowered and raised parts: `E_total`, `10⁻⁴`, an italic η.

use super::scene::Face;

/// A run of characters that are set alike.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub text: String,
    pub face: Face,
    pub height: Height,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Height {
    OnTheLine,
    Raised,
    Lowered,
}

/// Stands before text that is set letter by letter as it is.
const AS_IT_IS: char = '\u{2060}';

/// Text that is not searched for mathematics: a name that happens to hold an underscore, say.
pub fn plain(text: &str) -> String {
    format!("{AS_IT_IS}{text}")
}

/// Text without the mark of [`plain`].
pub(super) fn spoken(text: &str) -> String {
    text.replace(AS_IT_IS, "")
}

/// Takes text apart. Names with an underscore (`E_total`, `out_h1`) and single letters with digits behind them (`w5`)
/// are set as mathematics.
pub(super) fn runs(text: &str) -> Vec<Run> {
    if let Some(text) = text.strip_prefix(AS_IT_IS) {
        return vec![Run { text: text.to_owned(), face: Face::Regular, height: Height::OnTheLine }];
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut push = |text: String, face, height| match runs.last_mut() {
        Some(last) if last.face == face && last.height == height => last.text.push_str(&text),
        _ if text.is_empty() => {}
        _ => runs.push(Run { text, face, height }),
    };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(rest.len());
        if word > 0 {
            let (name, behind) = rest.split_at(word);
            match parts_of_name(name) {
                Some((base, below)) => {
                    let face = if base.len() == 1 { Face::Italic } else { Face::Regular };
                    push(base.to_owned(), face, Height::OnTheLine);
                    push(below.to_owned(), Face::Regular, Height::Lowered);
                }
                None => push(name.to_owned(), Face::Regular, Height::OnTheLine),
            }
            rest = behind;
            continue;
        }
        match (level(first), first) {
            (Some(plain), _) => push(plain.to_string(), Face::Regular, Height::Raised),
            (None, 'η' | 'σ' | 'δ') => push(first.to_string(), Face::Italic, Height::OnTheLine),
            _ => push(first.to_string(), Face::Regular, Height::OnTheLine),
        }
        rest = &rest[first.len_utf8()..];
    }
    runs
}

/// `E` and `total` of `E_total`, `w` and `5` of `w5`; nothing of other words.
fn parts_of_name(name: &str) -> Option<(&str, &str)> {
    if let Some((base, below)) = name.split_once('_') {
        return (!base.is_empty() && !below.is_empty()).then_some((base, below));
    }
    let (letter, digits) = name.split_at(1);
    let is_name = letter.bytes().all(|b| b.is_ascii_alphabetic()) && !digits.is_empty();
    (is_name && digits.bytes().all(|b| b.is_ascii_digit())).then_some((letter, digits))
}

/// The character that a superscript raises.
fn level(superscript: char) -> Option<char> {
    Some(match superscript {
        '⁻' => '−',
        '⁺' => '+',
        '⁽' => '(',
        '⁾' => ')',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁰' | '⁴'..='⁹' => char::from_digit(superscript as u32 - '⁰' as u32, 10)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_powers_are_set_as_mathematics() {
        let set = |text: &str| -> String {
            let mark = |run: &Run| match (run.face, run.height) {
                (Face::Italic, _) => format!("/{}/", run.text),
                (_, Height::OnTheLine) => run.text.clone(),
                (_, Height::Raised) => format!("^{{{}}}", run.text),
                (_, Height::Lowered) => format!("_{{{}}}", run.text),
            };
            runs(text).iter().map(mark).collect()
        };
        assert_eq!(set("η = 0.5: E_total rises"), "/η/ = 0.5: /E/_{total} rises");
        assert_eq!(set("1.5·10⁻¹² at out_h1, w5"), "1.5·10^{−12} at out_{h1}, /w/_{5}");
        assert_eq!(set(&plain("E_total w5")), "E_total w5");
        assert_eq!(set("180 steps, row 181, a_, _b"), "180 steps, row 181, a_, _b");
    }
}
