//! `longhand runs plot`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use longhand_report::plot::Picture;
use longhand_report::{accuracy_chart, loss_chart};
use longhand_training::write_atomically;

use super::super::Exit;
use super::readable;
use crate::printer::Printer;

/// The scale of PNG pictures: pixels a unit.
const PNG_SCALE: f64 = 2.0;

/// Draws accuracy into `out` and loss into a picture beside it.
pub fn run(folders: &[PathBuf], out: &Path) -> anyhow::Result<Exit> {
    let mut runs = readable(folders)?;
    runs.retain(|run| !run.epochs.is_empty());
    anyhow::ensure!(!runs.is_empty(), "none of these runs has an epoch done: there is nothing to draw");
    let extension = out.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    anyhow::ensure!(
        ["svg", "png"].contains(&extension.as_str()),
        "{} is no name for a picture: end it in .svg or .png",
        out.display()
    );
    let (accuracy, loss) = (accuracy_chart(&runs), loss_chart(&runs));
    let stem = out.file_stem().and_then(|s| s.to_str()).unwrap_or("curves");
    let beside = out.with_file_name(format!("{stem}-loss.{extension}"));
    let printer = Printer::new(false);
    for (path, chart) in [(out, accuracy), (beside.as_path(), loss)] {
        write_atomically(path, &bytes(&chart.draw(), &extension))
            .with_context(|| format!("cannot write {}", path.display()))?;
        printer.line(&format!("wrote {}", path.display()));
    }
    Ok(Exit::Done)
}

fn bytes(picture: &Picture, extension: &str) -> Vec<u8> {
    if extension == "png" { picture.png(PNG_SCALE) } else { picture.svg().into_bytes() }
}
