//! Page, style, fonts, script and data in one text.

use super::modules::{WORKSHEET, joined};
use crate::page::{ITALIC, MATHS, REGULAR, filled, hash, style_sheet};

const PAGE: &str = include_str!("../../../../web/worksheet/worksheet.html");
/// What the modules fill in; the same in the program's web app.
pub(super) const BODY: &str = include_str!("../../../../web/worksheet/body.html");
const STYLE: &str = include_str!("../../../../web/worksheet/worksheet.css");

/// The page with this data (JSON).
pub(super) fn page(data: &str) -> String {
    let style = style_sheet(&[REGULAR, ITALIC, MATHS], STYLE);
    let script = joined(&WORKSHEET);
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; font-src data:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    let values =
        [("policy", policy.as_str()), ("style", &style), ("body", BODY), ("script", &script), ("data", &inert(data))];
    filled(PAGE, &values)
}

/// JSON that HTML cannot take for a tag or a comment.
pub(super) fn inert(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_script() {
        assert_eq!(inert("{\"a\":\"</script><!--\"}"), "{\"a\":\"\\u003c/script>\\u003c!--\"}");
    }
}
