//! The audit: finds the wrong derivative in somebody's spreadsheet.
//!
//! Nothing has to be said about the layout. The weights are the cells that follow the update rule *previous cell − rate
//! × another cell*; the error is the cell that the squared differences sum into; and every gradient is held against a
//! finite difference of the sheet's own error, recalculated with the sheet's own formulas after a nudge of the weight.
//!
//! ```
//! use longhand_workbook::audit::{AuditOptions, audit_bytes};
//!
//! let error = audit_bytes(b"w1,w2,E\n0.15,0.2,0.24\n", &AuditOptions::default()).unwrap_err();
//! assert!(error.to_string().contains("plain text, such as CSV"));
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! | --- | --- |
//! | `package`, `foreign`, `book`, `structured`, `formula` | the file: weighed, or of another kind; read into cells, formulas into structure |
//! | `dependencies`, `engine` | which cell needs which; recalculation |
//! | `update_rule`, `tracks`, `one_pass`, `loss`, `table`, `rule` | what is a weight, an error, a training table, a rate |
//! | `lines`, `tested_steps`, `differences`, `rounding` | formulas down the rows; which are differentiated, and how; what rounding does to that |
//! | `unwrapped`, `more_than_gradient` | what is no slip: ROUND and IFERROR around formulas; weight decay and momentum |
//! | `rows`, `judge`, `descent`, `which_loss`, `wrong_forward`, `forward_changes`, `wrong_weight`, `step_cells`, `untrained`, `idle`, `odd_rate`, `odd_term`, `drift`, `sheet_chain` | the verdicts: odd rows, gradients and updates with the sheet's own signs, numbers that drift, weights of an earlier pass |
//! | `sliding` | references that dollar signs should hold |
//! | `misshapen`, `nearly_squared`, `nearly_sigmoid` | terms of an error and outputs that are nearly what they should be |
//! | `right_update`, `merging` | corrections written in the sheet's own references, one for a cell |
//! | `likely_repair`, `repair`, `factors`, `activation_factors`, `terms`, `places`, `other_numbers` | which formula is wrong, the gradient's or a helper cell's, and the smallest change that mends it, and not by chance |
//! | `helper_cells`, `helper_derivative`, `symbolic` | what gradients are made of; the right formula by differentiation |
//! | `network`, `softmax` | the network as the derivation knows it |
//! | `values_only`, `values_network`, `values_rate`, `values_judge`, `values_rounding` | tables of values without formulas |
//! | `report`, `text`, `html`, `fix` | what comes out |

mod activation_factors;
mod address;
mod book;
mod broken_updates;
mod dependencies;
mod descent;
mod differences;
mod drift;
mod engine;
mod error;
mod examine;
mod factors;
mod finding;
mod fix;
mod foreign;
mod formula;
mod forward_changes;
mod helper_cells;
mod helper_derivative;
mod html;
mod idle;
mod judge;
mod labels;
mod likely_repair;
mod lines;
mod loss;
mod merging;
mod misshapen;
mod more_than_gradient;
mod nearly_sigmoid;
mod nearly_squared;
mod network;
mod odd_rate;
mod odd_term;
mod one_pass;
mod other_loss;
mod other_numbers;
mod package;
mod places;
mod rate;
mod repair;
mod report;
mod right_update;
mod rounding;
mod rows;
mod rule;
mod sheet_chain;
mod sheet_xml;
mod sliding;
mod softmax;
mod step_cells;
mod structured;
mod symbolic;
mod table;
mod terms;
mod tested_steps;
mod text;
mod tracks;
mod untrained;
mod unwrapped;
mod update_rule;
mod values_judge;
mod values_network;
mod values_only;
mod values_rate;
mod values_rounding;
mod which_loss;
mod wrong_forward;
mod wrong_weight;

use std::path::Path;

pub use error::AuditError;
pub use finding::SlipKind;
pub use fix::fix;
pub use html::html;
pub use report::{
    AuditReport, Correction, ErrorReport, RateReport, Repeated, Slip, TableReport, Verdict, WeightReport,
};
pub use text::text;

use book::Book;

/// The stack of the thread that audits: formulas are read and recalculated by recursion, and the deepest that the
/// limits let through needs a part of this. It is set aside as address space and used only as far as it is needed.
pub(crate) const STACK: usize = 256 << 20;

/// How to audit.
#[derive(Debug, Clone, Default)]
pub struct AuditOptions {
    /// The file's name for the report.
    pub name: Option<String>,
}

/// Audits a workbook file.
///
/// # Errors
/// Where the file cannot be read or there is nothing in it to audit, see [`AuditError`].
pub fn audit_file(path: impl AsRef<Path>, options: &AuditOptions) -> Result<AuditReport, AuditError> {
    let path = path.as_ref();
    let unreadable = |source| AuditError::Unreadable { path: path.display().to_string(), source };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > package::FILE_LIMIT as u64 {
        let what = format!("the file has {} MB", size >> 20);
        return Err(AuditError::TooLarge { what, limit: format!("{} MB", package::FILE_LIMIT >> 20) });
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let name = options.name.clone().or_else(|| Some(path.file_name()?.to_string_lossy().into_owned()));
    audit_bytes(&bytes, &AuditOptions { name })
}

/// Audits a workbook in memory.
///
/// # Errors
/// Where it is not a workbook or there is nothing in it to audit, see [`AuditError`].
pub fn audit_bytes(bytes: &[u8], options: &AuditOptions) -> Result<AuditReport, AuditError> {
    apart(|| {
        let package = package::open(bytes)?;
        let book = Book::read(bytes, &package)?;
        let mut report = audit_book(&book)?;
        if book.has_macros {
            report.notes.push("The workbook has macros; they were ignored and not run.".to_owned());
        }
        if let Some(&cell) = book.structured.first() {
            let (count, first) = (book.structured.len(), book.spelled(cell));
            report.notes.push(format!(
                "{count} formulas name columns of a table, as in Table1[@w1], {first} first; here they are written as cells."
            ));
        }
        if let Some(&cell) = book.unreadable.first() {
            let count = book.unreadable.len();
            let first = book.spelled(cell);
            report.notes.push(format!("{count} formulas are too long or too deep to be read, {first} first."));
        }
        report.file = options.name.clone();
        Ok(report)
    })
}

fn audit_book(book: &Book) -> Result<AuditReport, AuditError> {
    let examined = examine::examine(book)?;
    if !examined.judged.is_empty() {
        return Ok(AuditReport::of_formulas(book, examined));
    }
    let reasons = match values_only::audit(book) {
        Ok(report) => return Ok(report),
        Err(reasons) => reasons,
    };
    let formulas = book.cells.values().filter(|cell| cell.formula.is_some()).count();
    let updates = updates(book);
    let reason = if book.cells.is_empty() {
        "the workbook is empty".to_owned()
    } else if formulas == 0 && !reasons.is_empty() {
        format!("the cells hold values only; {}", reasons.join("; "))
    } else if formulas == 0 {
        "the cells hold values only, and no headings w1, w2, …, i1, …, t1, … tell what they are; save the workbook with \
         its formulas"
            .to_owned()
    } else if let [first, ..] = updates.as_slice() {
        let (count, first) = (updates.len(), book.spelled(*first));
        let are = if count == 1 { "is one" } else { "are formulas" };
        format!(
            "there {are} of the kind \"previous weight − rate × gradient\" in {first}{}, but no cell holds an error that depends \
             on these weights: the sum or mean of squared differences, or a cross-entropy",
            if count == 1 { String::new() } else { format!(" and {} other cells", count - 1) }
        )
    } else {
        format!(
            "among {formulas} formulas there is none of the kind \"previous weight − rate × gradient\" with a sum of \
             squared differences that depends on it"
        )
    };
    Err(AuditError::NoTable { reason })
}

/// The cells that can be read as updates.
fn updates(book: &Book) -> Vec<address::Address> {
    let found = dependencies::Dependencies::of(book).map(|found| tracks::candidates(book, &found));
    found.map(|found| found.into_keys().collect()).unwrap_or_default()
}

/// Runs the audit on a thread of its own: with a deep stack, and so that a panic inside one of the libraries that read
/// a stranger's file ends the audit and not the program.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> Result<T, AuditError> + Send) -> Result<T, AuditError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("audit".to_owned()).stack_size(STACK);
        let handle = thread
            .spawn_scoped(scope, work)
            .map_err(|error| AuditError::Engine { reason: format!("no thread could be started: {error}") })?;
        handle.join().unwrap_or_else(|panic| {
            let reason = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "for no reason given".to_owned());
            Err(AuditError::Engine { reason: format!("the reading or recalculating library gave up: {reason}") })
        })
    })
}
