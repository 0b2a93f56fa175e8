//! Training images as they are and as training saw them.

use std::fmt::Write as _;

use super::{RunReport, pixels};
use crate::words::with_article;

pub(super) fn section(report: &RunReport<'_>) -> String {
    let augmented = &report.examination.augmented;
    let Some(first) = augmented.first() else {
        return super::section(
            "augmentation",
            "Augmentation",
            "<p>None: images are trained on as they are, in every epoch.</p>\n",
        );
    };
    let width = report.examination.image_size.1;
    let versions = first.versions.len();
    let mut html = format!(
        "<p class=\"hint\">The first training image of each digit, and the same as epochs 1 to {versions} give it to the \
         network: what is changed depends on seed, epoch and image alone.</p>\n<div class=\"scroller\" tabindex=\"0\" \
         role=\"region\" aria-label=\"Augmented images\"><table class=\"augmented\">\n<thead><tr><th scope=\"col\">image</th>\
         <th scope=\"col\">as it is</th>"
    );
    for epoch in 1..=versions {
        let _ = write!(html, "<th scope=\"col\">epoch {epoch}</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for image in augmented {
        let picture = |pixels: &[u8], words: &str| {
            format!(
                "<td><img class=\"digit\" src=\"{}\" width=\"56\" height=\"56\" alt=\"{words}\"></td>",
                pixels::ink(width, pixels)
            )
        };
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", image.index);
        html.push_str(&picture(&image.original, &with_article(image.label as usize)));
        for pixels in &image.versions {
            html.push_str(&picture(pixels, "changed"));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    super::section("augmentation", "Augmentation", &html)
}
