//! `longhand runs verify`.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;

use longhand_training::{Difference, Progress, Split, StoredRun, Verification, verify};
use serde_json::json;

use super::super::Exit;
use super::super::train::{compute, interruptions};
use crate::arguments::{ComputeArguments, DataSource};
use crate::data_source;
use crate::printer::Printer;

/// Trains the run in the folder `path` once more, and says whether its bits are the record's.
pub fn run(path: &Path, source: &DataSource, how: &ComputeArguments, json: bool) -> anyhow::Result<Exit> {
    let run = StoredRun::read(path)?;
    let (isa, threads) = compute(how)?;
    let printer = Printer::new(json);
    let data = data_source::dataset_of(&run.record.data, source, printer)?;
    let split = Split::new(&data, run.record.data.evaluated_on)?;
    let (epochs, images) = (run.record.epochs, split.train.len());
    printer.line(&format!(
        "trains {}, {epochs} epochs of {}, once more on {threads} threads, {isa}",
        path.display(),
        run.record.recipe
    ));
    let interrupted = interruptions()?;
    let bar = printer.bar((epochs * images) as u64, "{wide_bar} {human_pos}/{human_len} images  {msg}  {eta} left");
    let mut step = |progress: Progress| {
        bar.set_position(((progress.epoch - 1) * images + progress.images) as u64);
        bar.set_message(format!("epoch {}/{epochs}", progress.epoch));
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let verification = verify(&run, &split, isa, threads, &mut step);
    bar.finish_and_clear();
    let verification = verification?;
    let (said, exit) = match &verification {
        Verification::Same { weights_sha256 } => {
            (format!("the same, to the bit: {epochs} epochs, and weights of SHA-256 {weights_sha256}"), Exit::Done)
        }
        Verification::Different(Difference { epoch, figure, recorded, found }) => {
            let of = epoch.map_or(String::new(), |epoch| format!(" of epoch {epoch}"));
            (format!("NOT the same: {figure}{of} is {found}, and the record says {recorded}"), Exit::No)
        }
        Verification::Stopped => ("stopped before there was an answer".to_owned(), Exit::Interrupted),
    };
    printer.line(&said);
    if json {
        let whole = json!({ "path": path, "threads": threads, "isa": isa.name(), "verification": verification });
        printer.data(&serde_json::to_string_pretty(&whole)?);
    }
    Ok(exit)
}
