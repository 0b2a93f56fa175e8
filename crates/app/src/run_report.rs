//! The report that every run leaves in its folder.

use std::path::Path;

use anyhow::Context;
use longhand_kernels::Isa;
use longhand_nn::Network;
use longhand_report::{MOST_MISTAKES, RunReport, run_page};
use longhand_training::{EpochMetrics, Examination, Recipe, RunRecord, Split, examine, write_atomically};

/// The file's name.
pub const FILE: &str = "report.html";

/// What the report of a run is made of.
pub struct Run<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// Its record, as the folder holds it.
    pub record: &'a RunRecord,
    /// Its epochs.
    pub epochs: &'a [EpochMetrics],
    /// The network as the run left it.
    pub network: &'a Network,
    /// What it was trained and is judged on.
    pub split: &'a Split<'a>,
    /// The recipe before anything was changed for this run, where it is known.
    pub base: Option<&'a Recipe>,
}

/// Looks closely at the run's network, writes `report.html` into its folder, and gives what was seen.
pub fn write(run: &Run<'_>, isa: Isa, threads: usize) -> anyhow::Result<Examination> {
    let Run { folder, record, epochs, network, split, base } = *run;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let examination = pool.install(|| examine(network, &record.resolved_recipe, split, isa, MOST_MISTAKES));
    let page = run_page(&RunReport { record, epochs, examination: &examination, base });
    write_atomically(&folder.join(FILE), page.as_bytes())
        .with_context(|| format!("the run is kept in {}, but its {FILE} cannot be written", folder.display()))?;
    Ok(examination)
}
