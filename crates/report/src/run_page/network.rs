//! The layers, what comes out of them and what they cost.

use std::fmt::Write as _;

use longhand_nn::Summary;

use super::network_picture;
use crate::page::escaped;
use crate::words::thousands;

pub(super) fn section(summary: &Summary) -> String {
    let mut html = network_picture::picture(summary);
    html.push_str(
        "<p class=\"hint\">The receptive field is how many rows (and columns) of the image one output depends on; the \
         jump is how many pixels lie between neighbouring outputs.</p>\n\
         <div class=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"Table of layers\"><table class=\"layers\">\n\
         <thead><tr><th scope=\"col\">layer</th><th scope=\"col\">output</th><th scope=\"col\">parameters</th>\
         <th scope=\"col\">receptive field</th><th scope=\"col\">jump</th><th scope=\"col\">multiply-adds</th></tr></thead>\n<tbody>\n",
    );
    let _ = writeln!(
        html,
        "<tr><th scope=\"row\">image</th><td>{}</td><td></td><td>1×1</td><td>1</td><td></td></tr>",
        summary.input
    );
    for layer in &summary.layers {
        let count = |n: usize| if n == 0 { String::new() } else { thousands(n) };
        let field = layer.receptive_field.map_or("all".to_owned(), |r| format!("{r}×{r}"));
        let jump = layer.receptive_field.map_or(String::new(), |_| layer.jump.to_string());
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{field}</td><td>{jump}</td><td>{}</td></tr>",
            escaped(&layer.description),
            layer.output,
            count(layer.parameters),
            count(layer.multiply_adds)
        );
    }
    let _ = writeln!(
        html,
        "</tbody>\n<tfoot><tr><th scope=\"row\">total</th><td></td><td>{}</td><td></td><td></td><td>{}</td></tr></tfoot>\n\
         </table></div>",
        thousands(summary.parameters()),
        thousands(summary.multiply_adds())
    );
    super::section("network", "The network", &html)
}
