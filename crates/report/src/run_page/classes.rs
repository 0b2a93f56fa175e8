//! What is taken for what: the confusion matrix, and each class by itself.

use std::fmt::Write as _;

use super::RunReport;
use crate::words::{percent, thousands};

/// Shades of the cells off the diagonal.
const SHADES: usize = 5;

pub(super) fn section(report: &RunReport<'_>) -> String {
    super::section("classes", "What was taken for what", &content(report))
}

pub(super) fn content(report: &RunReport<'_>) -> String {
    let evaluation = &report.examination.evaluation;
    let confusion = &evaluation.confusion;
    let mut html = String::new();
    let on = report.record.data.evaluated_on.name();
    let quoted = report.record.result.as_ref().map(|result| result.accuracy.last_errors());
    if quoted != Some(evaluation.errors()) {
        let _ = writeln!(
            html,
            "<p class=\"notice\">From here on the figures are of the network as it was kept, which is not as it was \
             after the last whole epoch: it recognises {} of the {on} images.</p>",
            percent(evaluation.accuracy())
        );
    }
    html.push_str("<div class=\"side-by-side\">\n");
    html.push_str(&matrix(confusion));
    html.push_str(&by_class(confusion));
    html.push_str(
        "</div>\n<p class=\"hint\">Recall: of the images of the class, the share recognised. Precision: of those taken for \
         the class, the share that is of it.</p>\n",
    );
    let judged: usize = confusion.iter().flatten().sum();
    if judged < evaluation.images {
        let _ = writeln!(
            html,
            "<p>{} images were taken for nothing: the network's output was not a number.</p>",
            thousands(evaluation.images - judged)
        );
    }
    html
}

fn matrix(confusion: &[Vec<usize>]) -> String {
    let largest = confusion
        .iter()
        .enumerate()
        .flat_map(|(label, row)| row.iter().enumerate().filter(move |(class, _)| *class != label))
        .map(|(_, &n)| n)
        .max()
        .unwrap_or(0);
    let mut html = "<div class=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">\
                    <table class=\"confusion\">\n<caption>Rows: what an image is. Columns: what it was taken for.</caption>\n\
                    <thead><tr><th scope=\"col\"><span class=\"unseen\">is, taken for</span></th>"
        .to_owned();
    for class in 0..confusion.len() {
        let _ = write!(html, "<th scope=\"col\">{class}</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (label, row) in confusion.iter().enumerate() {
        let _ = write!(html, "<tr><th scope=\"row\">{label}</th>");
        for (class, &n) in row.iter().enumerate() {
            let _ = match n {
                _ if class == label => write!(html, "<td class=\"right\">{}</td>", thousands(n)),
                0 => write!(html, "<td class=\"none\">·</td>"),
                _ => write!(html, "<td class=\"wrong-{}\">{}</td>", shade(n, largest), thousands(n)),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}

/// From 1 to [`SHADES`]; equal ratios, equal steps.
fn shade(n: usize, largest: usize) -> usize {
    let share = libm::log2((n + 1) as f64) / libm::log2((largest + 1) as f64);
    ((share * SHADES as f64).ceil() as usize).clamp(1, SHADES)
}

fn by_class(confusion: &[Vec<usize>]) -> String {
    let mut html = "<div class=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"Accuracy by class\"><table>\n\
                    <caption>Each class by itself</caption>\n\
                    <thead><tr><th scope=\"col\">class</th><th scope=\"col\">images</th><th scope=\"col\">missed</th>\
                    <th scope=\"col\">recall</th><th scope=\"col\">wrongly named</th><th scope=\"col\">precision</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for (class, row) in confusion.iter().enumerate() {
        let right = row[class];
        let images: usize = row.iter().sum();
        let named: usize = confusion.iter().map(|row| row[class]).sum();
        let share = |of: usize| percent(right as f64 / of as f64);
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{class}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            thousands(images),
            thousands(images - right),
            share(images),
            thousands(named - right),
            share(named)
        );
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}
