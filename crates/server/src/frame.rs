//! The frame that all rooms share.

use axum::response::Html;

use crate::assets;

/// The rooms: the name of a room's files, its address, its name for people.
pub(crate) const ROOMS: [(&str, &str, &str); 4] = [
    ("by_hand", "/by-hand", "By hand"),
    ("train", "/train", "Train"),
    ("runs", "/runs", "Runs"),
    ("draw", "/draw", "Draw"),
];

/// A page that is no room: it has no module and no style of its own.
pub(crate) fn bare_page(title: &str, content: &str) -> Html<String> {
    let Html(page) = page("", title, &[], content);
    let own = [
        "<link rel=\"stylesheet\" href=\"/assets/app/.css\">\n",
        "<script type=\"module\" src=\"/assets/app/.js\"></script>\n",
    ];
    Html(own.iter().fold(page, |page, line| page.replace(line, "")))
}

/// The page of a room: `content` between the top and the foot of the house, with the room's style behind `styles`.
pub(crate) fn page(room: &str, title: &str, styles: &[&str], content: &str) -> Html<String> {
    let own = format!("app/{room}.css");
    let styles: String = styles
        .iter()
        .chain([&own.as_str()])
        .map(|name| format!("<link rel=\"stylesheet\" href=\"/assets/{name}\">\n"))
        .collect();
    let links: String = ROOMS
        .iter()
        .map(|(name, address, shown)| {
            let here = if *name == room { " aria-current=\"page\"" } else { "" };
            format!("    <a href=\"{address}\"{here}>{shown}</a>\n")
        })
        .collect();
    let values = [
        ("title", title),
        ("room", room),
        ("styles", &styles),
        ("links", &links),
        ("content", content),
        ("version", env!("CARGO_PKG_VERSION")),
    ];
    Html(filled(&assets::text("app/frame.html"), &values))
}

/// The room's own file, as it stands.
pub(crate) fn content(room: &str) -> String {
    assets::text(&format!("app/{room}.html"))
}

/// Fills in `{{name}}`; what is filled in is not looked at again.
///
/// # Panics
/// When the template has a mark that no value is given for.
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
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_room_has_its_page_and_is_marked_as_the_present_one() {
        for (room, address, shown) in ROOMS {
            let Html(page) = page(room, shown, &[], "<main id=\"room\"></main>");
            assert!(page.contains(&format!("<a href=\"{address}\" aria-current=\"page\">{shown}</a>")), "{page}");
            assert_eq!(page.matches("aria-current").count(), 1);
            assert!(
                page.contains(&format!("/assets/app/{room}.css")) && page.contains(&format!("/assets/app/{room}.js"))
            );
        }
    }

    #[test]
    fn what_is_filled_in_stays_as_it_is_and_text_is_no_tag() {
        assert_eq!(filled("a {{x}} b {{y}}", &[("x", "{{y}}"), ("y", "2")]), "a {{y}} b 2");
        assert_eq!(escaped("<b id='\"'>&"), "&lt;b id=&#39;&quot;&#39;&gt;&amp;");
    }
}
