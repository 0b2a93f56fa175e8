//! Page, style, fonts, script and data in one text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::modules::{WORKSHEET, joined};

const PAGE: &str = include_str!("../../../../web/worksheet/worksheet.html");
const STYLE: &str = include_str!("../../../../web/worksheet/worksheet.css");
const FONTS: [(&str, &str, &[u8]); 3] = [
    ("Worksheet", "normal", include_bytes!("../../../../web/fonts/page-regular.woff2")),
    ("Worksheet", "italic", include_bytes!("../../../../web/fonts/page-italic.woff2")),
    ("Worksheet Math", "normal", include_bytes!("../../../../web/fonts/page-math.woff2")),
];

/// The page with this data (JSON).
pub(super) fn page(data: &str) -> String {
    let style = format!("\n{}{STYLE}", font_faces());
    let script = joined(&WORKSHEET);
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; font-src data:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    filled(PAGE, &[("policy", &policy), ("style", &style), ("script", &script), ("data", &inert(data))])
}

/// Fills in `{{name}}`; what is filled in is not looked at again.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, behind) = behind.split_once("}}").expect("the template closes its marks");
        let value = values.iter().find(|value| value.0 == name).unwrap_or_else(|| panic!("no value for {name}"));
        text.push_str(before);
        text.push_str(value.1);
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// JSON that HTML cannot take for a tag or a comment.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn font_faces() -> String {
    let face = |(family, style, bytes): (&str, &str, &[u8])| {
        format!(
            "@font-face {{ font-family: \"{family}\"; font-style: {style}; \
             src: url(data:font/woff2;base64,{}) format(\"woff2\"); }}\n",
            BASE64.encode(bytes)
        )
    };
    FONTS.into_iter().map(face).collect()
}

/// A hash as content security policies name it.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_stays_as_it_is() {
        assert_eq!(filled("a {{x}} b {{y}}", &[("x", "{{y}}"), ("y", "2")]), "a {{y}} b 2");
    }

    #[test]
    fn data_cannot_end_its_script() {
        assert_eq!(inert("{\"a\":\"</script><!--\"}"), "{\"a\":\"\\u003c/script>\\u003c!--\"}");
    }

    #[test]
    fn hashes_are_as_policies_want_them() {
        assert_eq!(hash("alert('Hello, world.');"), "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }
}
