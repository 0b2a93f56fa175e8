//! The report that every run leaves in its folder.

use anyhow::Context;
use longhand_kernels::Isa;
use longhand_nn::Network;
use longhand_report::{MOST_MISTAKES, RunReport, run_page};
use longhand_training::{Recipe, RunFolder, Split, examine};

/// The file's name.
pub const FILE: &str = "report.html";

/// Looks closely at `network`, as the run left it, and writes `report.html` into the run's folder.
///
/// `base` is the recipe before anything was changed for this run, where it is known.
pub fn write(
    folder: &RunFolder,
    network: &Network,
    split: &Split<'_>,
    isa: Isa,
    threads: usize,
    base: Option<&Recipe>,
) -> anyhow::Result<()> {
    let record = folder.record();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let examination = pool.install(|| examine(network, &record.resolved_recipe, split, isa, MOST_MISTAKES));
    let page = run_page(&RunReport { record, epochs: folder.epochs(), examination: &examination, base });
    folder
        .keep(FILE, page.as_bytes())
        .with_context(|| format!("the run is whole in {}, but its report is not there", folder.path().display()))
}
