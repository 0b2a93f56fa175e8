//! Text from a stranger's file, made fit for a message.

/// The most characters of it that are shown.
const MOST: usize = 120;

/// `text` without control characters, cut where it is long: a file decides neither the length of a message nor what a
/// terminal does with it.
pub(crate) fn shown(text: &str) -> String {
    let safe = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    let short: String = text.chars().take(MOST).map(safe).collect();
    if text.chars().nth(MOST).is_some() { format!("{short}…") } else { short }
}
