//! From what was typed to data, saying loudly what they are.

use std::ops::ControlFlow;
use std::path::Path;

use indicatif::ProgressBar;
use longhand_data::fetch::Progress;
use longhand_data::{DataChoice, DataError, DataRequest, Dataset, Located, locate};
use longhand_training::DataRecord;

use crate::arguments::DataSource;
use crate::printer::{self, Printer, thousands};

/// Finds the data asked for; a substitute is announced on standard error.
pub fn dataset(source: &DataSource, printer: Printer) -> anyhow::Result<Dataset> {
    let mut downloads = Downloads::new(printer);
    let located = located(source, &mut |progress| downloads.show(progress))?;
    downloads.finish();
    if let Some(why) = &located.fallback {
        printer::warning(&format!(
            "{why}.\nwarning: what follows is NOT MNIST. Give a folder with --data DIR, or refuse the substitute with --data mnist."
        ));
    }
    Ok(located.dataset)
}

/// Finds the data asked for; `on_progress` hears of a download.
pub fn located(
    source: &DataSource,
    on_progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Located, DataError> {
    let request = DataRequest {
        choice: source.data.clone(),
        environment_folder: std::env::var_os("LONGHAND_DATA").map(Into::into),
        ..DataRequest::default()
    };
    locate(&request, on_progress)
}

/// Finds the data of a run that is there: where nobody says which, those that its record names, as far as their folder is
/// still there.
pub fn dataset_of(record: &DataRecord, source: &DataSource, printer: Printer) -> anyhow::Result<Dataset> {
    let unsaid = source.data == DataChoice::Auto;
    let folder = Path::new(&record.source);
    let data = if unsaid && record.name == "strokes" {
        DataChoice::Strokes
    } else if unsaid && std::env::var_os("LONGHAND_DATA").is_none() && folder.is_dir() {
        DataChoice::Folder(folder.to_owned())
    } else {
        source.data.clone()
    };
    dataset(&DataSource { data }, printer)
}

/// Which data they are, in one line.
pub fn describe(data: &Dataset) -> String {
    let name = if data.name == "mnist" { "MNIST" } else { "stroke digits (not MNIST)" };
    format!(
        "{name}, {} training and {} test images, fingerprint {}, {}",
        thousands(data.train.len()),
        thousands(data.test.len()),
        &data.fingerprint[..12.min(data.fingerprint.len())],
        data.source
    )
}

/// Progress of downloads: a bar per file.
pub struct Downloads {
    printer: Printer,
    bar: Option<(String, ProgressBar)>,
}

impl Downloads {
    pub fn new(printer: Printer) -> Self {
        Downloads { printer, bar: None }
    }

    pub fn show(&mut self, progress: Progress<'_>) -> ControlFlow<()> {
        if self.bar.as_ref().is_none_or(|(file, _)| file != progress.file) {
            self.finish();
            let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
            let bar = self.printer.bar(0, template);
            bar.set_message(progress.file.to_owned());
            self.bar = Some((progress.file.to_owned(), bar));
        }
        if let Some((_, bar)) = &self.bar {
            bar.set_length(progress.total.unwrap_or(progress.bytes));
            bar.set_position(progress.bytes);
        }
        ControlFlow::Continue(())
    }

    pub fn finish(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
