//! `longhand bench --scaling`: cost against size.

use longhand_training::bench::{self, ImagesPoint, SizePoint};
use serde_json::{Value, json};

use super::Asked;
use crate::printer::{table, table_text, thousands};

/// Steps timed of each network unless told otherwise; the images then come in whole epochs.
const STEPS: usize = 50;

/// Times networks of several sizes and trainings of several lengths; with `steps`, so many of each instead.
pub fn measure(asked: &Asked, steps: Option<usize>) -> anyhow::Result<Value> {
    let Asked { recipe, isa, threads, printer } = asked;
    let data = bench::images(recipe)?;
    let mut sizes = Vec::new();
    for scale in bench::SCALES {
        sizes.push(bench::size_point(recipe, &data, *isa, *threads, scale, steps.unwrap_or(STEPS))?);
    }
    printer.line(&sizes_table(&sizes));
    let epoch = steps.unwrap_or_else(|| recipe.steps_per_epoch(bench::EPOCH_IMAGES));
    let mut images = Vec::new();
    for epochs in [1, 2, 4] {
        images.push(bench::images_point(recipe, &data, *isa, *threads, epochs * epoch)?);
    }
    printer.line(&images_table(&images));
    Ok(json!({ "sizes": sizes, "images": images }))
}

fn sizes_table(sizes: &[SizePoint]) -> String {
    let header = ["channels", "parameters", "MFLOP/image", "s/epoch", "images/s", "GFLOP/s", "MB", "s/epoch/MFLOP"];
    let mut rows = table(&header, &[0, 1, 2, 3, 4, 5, 6, 7]);
    for s in sizes {
        let megaflop = s.operations_per_image as f64 / 1e6;
        rows.add_row([
            format!("× {}", s.scale),
            thousands(s.parameters),
            format!("{megaflop:.1}"),
            format!("{:.2}", s.seconds_per_epoch),
            thousands(s.images_per_second as usize),
            format!("{:.0}", s.gflop_per_second),
            format!("{:.1}", s.bytes as f64 / 1e6),
            format!("{:.3}", s.seconds_per_epoch / megaflop),
        ]);
    }
    format!(
        "{}\n\
         MFLOP: direct convolution, forward and backward, two a multiply-add. MB: what training holds on\n\
         to: parameters, lane groups, workspaces; what kernels put aside within a call is not counted.\n",
        table_text(&rows)
    )
}

fn images_table(points: &[ImagesPoint]) -> String {
    let mut rows = table(&["images", "seconds", "µs/image"], &[0, 1, 2]);
    for p in points {
        rows.add_row([
            thousands(p.images),
            format!("{:.2}", p.seconds),
            format!("{:.2}", p.seconds / p.images as f64 * 1e6),
        ]);
    }
    table_text(&rows)
}
