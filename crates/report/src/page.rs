//! Pages that need nothing else: templates, fonts inside, a content security policy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// What all pages share: colours, type, tables.
pub(crate) const HOUSE_STYLE: &str = include_str!("../../../web/house.css");

/// What the reports of runs and of suites share.
pub(crate) const REPORT_STYLE: &str = include_str!("../../../web/report/report.css");

/// A font for pages: its family in the style sheets, its style, its bytes.
pub(crate) type Font = (&'static str, &'static str, &'static [u8]);

pub(crate) const REGULAR: Font = ("Worksheet", "normal", include_bytes!("../../../web/fonts/page-regular.woff2"));
pub(crate) const ITALIC: Font = ("Worksheet", "italic", include_bytes!("../../../web/fonts/page-italic.woff2"));
pub(crate) const MATHS: Font = ("Worksheet Math", "normal", include_bytes!("../../../web/fonts/page-math.woff2"));

/// The content of a page's style element: fonts, the house's style, the page's own.
pub(crate) fn style_sheet(fonts: &[Font], own: &str) -> String {
    let faces: String = fonts.iter().map(font_face).collect();
    format!("\n{faces}{HOUSE_STYLE}\n{own}")
}

/// The frame of every report.
const REPORT: &str = include_str!("../../../web/report/report.html");

/// What stands in a report's frame; all texts are HTML.
pub(crate) struct Report<'a> {
    pub(crate) title: &'a str,
    pub(crate) heading: &'a str,
    pub(crate) subtitle: &'a str,
    /// The section that matters most, by its id, which is also its name.
    pub(crate) skip: &'a str,
    /// Sections to jump to: id and name.
    pub(crate) links: &'a [(&'a str, &'a str)],
    pub(crate) sections: &'a str,
    pub(crate) foot: &'a str,
}

/// A report: without any script, its style and pictures inside, closed to everything outside.
pub(crate) fn report_page(report: &Report) -> String {
    let style = style_sheet(&[REGULAR, ITALIC], REPORT_STYLE);
    let policy = format!(
        "default-src 'none'; style-src '{}'; font-src data:; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&style)
    );
    let links: String = report.links.iter().map(|(id, name)| format!("  <a href=\"#{id}\">{name}</a>\n")).collect();
    let values = [
        ("policy", policy.as_str()),
        ("style", &style),
        ("title", report.title),
        ("heading", report.heading),
        ("subtitle", report.subtitle),
        ("skip", report.skip),
        ("links", &links),
        ("sections", report.sections),
        ("foot", report.foot),
    ];
    filled(REPORT, &values)
}

/// A section of a page with its heading, both HTML.
pub(crate) fn section(id: &str, heading: &str, content: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{heading}</h2>\n\
         {content}</section>\n"
    )
}

/// A table in a frame that scrolls sideways where the screen is narrow; `words` name it for those who cannot see it.
pub(crate) fn scroller(words: &str, table: &str) -> String {
    format!("<div class=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{table}</div>\n", escaped(words))
}

/// Fills in `{{name}}`; what is filled in is not looked at again.
pub(crate) fn filled(template: &str, values: &[(&str, &str)]) -> String {
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

/// Text that stands for itself in HTML, between tags and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            control if control < ' ' && !matches!(control, '\n' | '\t') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

fn font_face((family, style, bytes): &Font) -> String {
    format!(
        "@font-face {{ font-family: \"{family}\"; font-style: {style}; \
         src: url(data:font/woff2;base64,{}) format(\"woff2\"); }}\n",
        BASE64.encode(bytes)
    )
}

/// A hash as content security policies name it.
pub(crate) fn hash(text: &str) -> String {
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
    fn no_text_becomes_a_tag_or_ends_an_attribute() {
        assert_eq!(escaped("</p><b id='\"'>&\u{1b}"), "&lt;/p&gt;&lt;b id=&#39;&quot;&#39;&gt;&amp;\u{fffd}");
    }

    #[test]
    fn hashes_are_as_policies_want_them() {
        assert_eq!(hash("alert('Hello, world.');"), "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
    }
}
