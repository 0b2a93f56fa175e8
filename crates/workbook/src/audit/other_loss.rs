//! Gradients that are all of another loss than the sheet's: a cross-entropy beside the gradients of squared differences, or
//! the other way round.
//!
//! The sheet says which error it trains by, so each of these gradients is a slip. But whoever wrote eight of them without a
//! mistake may have meant their loss and not the sheet's, and is told which it is.

use std::collections::BTreeMap;

use super::address::Address;
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Examined, Judged, examine_with_references_held};
use super::formula::references;
use super::loss;
use super::misshapen::{Trained, slips_of_gradients, written};

/// The most terms of an error that are looked at.
const MOST_TERMS: usize = 64;
/// Of how many the formula is written out.
const TERMS_SHOWN: usize = 4;

/// A loss that gradients may be of, as a sum over the outputs.
#[derive(Clone, Copy)]
enum Loss {
    Squared,
    CrossEntropy,
    /// Beside a softmax.
    LogLikelihood,
}

impl Loss {
    fn words(self) -> &'static str {
        match self {
            Loss::Squared => "½(target − output)²",
            Loss::CrossEntropy => "the cross-entropy −(target·ln output + (1 − target)·ln(1 − output))",
            Loss::LogLikelihood => "the cross-entropy −target·ln output",
        }
    }

    fn text(self, target: &str, output: &str) -> String {
        match self {
            Loss::Squared => format!("0.5*({target}-{output})^2"),
            Loss::CrossEntropy => format!("-({target}*LN({output})+(1-{target})*LN(1-{output}))"),
            Loss::LogLikelihood => format!("-{target}*LN({output})"),
        }
    }
}

/// Adds a note to each table in which half of the gradients or more are wrong, and all would be right with another loss.
pub(crate) fn note_other_losses(book: &Book, examined: &mut Examined) -> Result<(), AuditError> {
    let is_doubtful = |judged: &Judged| {
        let is_wrong = |distance: &&Option<(f64, f64)>| distance.is_some_and(|(distance, allowed)| distance > allowed);
        2 * judged.distances.iter().filter(is_wrong).count() >= judged.distances.len().max(2)
            && slips_of_gradients(judged) > 0
    };
    if !examined.judged.iter().any(is_doubtful) {
        return Ok(());
    }
    let dependencies = Dependencies::of(book)?;
    let trained = Trained::of(book, &dependencies);
    for judged in examined.judged.iter_mut().filter(|judged| is_doubtful(judged)) {
        for loss in [Loss::Squared, Loss::CrossEntropy, Loss::LogLikelihood] {
            let Some(terms) = with_loss(book, &trained, judged, loss) else { break };
            let Ok(other) = examine_with_references_held(&book.with(&terms)) else { continue };
            if !other.judged.iter().any(|other| is_explained(judged, other)) {
                continue;
            }
            let first = judged.case.table.at(judged.case.table.error, judged.case.table.first);
            let of_first = first.and_then(|error| leaves(book, &trained, error)).unwrap_or_default();
            let write: Vec<String> = of_first
                .iter()
                .take(TERMS_SHOWN)
                .filter_map(|leaf| {
                    let Content::Formula(text) = terms.get(&leaf.cell)? else { return None };
                    Some(format!("={text} in {}", leaf.cell))
                })
                .collect();
            judged.notes.push(format!(
                "Every gradient is the derivative of another loss, {}. If that is the one that was meant, mend the error and \
                 not the gradients: write {}, and so on.",
                loss.words(),
                write.join(", ")
            ));
            break;
        }
    }
    Ok(())
}

/// A cell that holds the loss of one output, as far as can be told from what it is made of.
struct Leaf {
    cell: Address,
    target: String,
    output: String,
}

/// The cells that an error sums up: each made of one target and one output. `None` where some are not.
fn leaves(book: &Book, trained: &Trained, error: Address) -> Option<Vec<Leaf>> {
    let mut found: Vec<Leaf> = Vec::new();
    let mut open = vec![error];
    while let Some(cell) = open.pop() {
        if found.iter().any(|leaf| leaf.cell == cell) {
            continue;
        }
        let formula = book.formula(cell)?;
        let mut used: Vec<Address> = Vec::new();
        formula.expr.references(&mut |first, last| {
            let inside = book.cells.range(first..=last).map(|(&cell, _)| cell);
            used.extend(inside.filter(|cell| (first.column..=last.column).contains(&cell.column)));
        });
        used.sort();
        used.dedup();
        let (outputs, targets): (Vec<Address>, Vec<Address>) =
            used.into_iter().partition(|cell| trained.varies.contains(cell));
        if let ([output], [target]) = (&outputs[..], &targets[..]) {
            let references = references(&formula.node, cell);
            let named = |to: Address| {
                let reference = references.iter().find(|reference| reference.to == to).copied();
                written(book, reference, to, cell)
            };
            found.push(Leaf { cell, target: named(*target), output: named(*output) });
        } else if !outputs.is_empty() && outputs.iter().all(|&cell| loss::terms(book, trained.varying(), cell) > 0) {
            open.extend(outputs.into_iter().rev());
        } else {
            return None;
        }
        if found.len() + open.len() > MOST_TERMS {
            return None;
        }
    }
    Some(found)
}

/// Every term of a table with such a loss of the same target and output in its place.
fn with_loss(book: &Book, trained: &Trained, judged: &Judged, loss: Loss) -> Option<BTreeMap<Address, Content>> {
    let table = &judged.case.table;
    let mut texts = BTreeMap::new();
    for error in (table.first..=table.sheet_last).filter_map(|step| table.at(table.error, step)) {
        // The last row of a table may be weights alone.
        if book.formula(error).is_some() {
            for leaf in leaves(book, trained, error)? {
                texts.insert(leaf.cell, Content::Formula(loss.text(&leaf.target, &leaf.output)));
            }
        }
    }
    Some(texts)
}

/// Whether it is the same table, and no gradient of it is wrong.
fn is_explained(judged: &Judged, other: &Judged) -> bool {
    let (table, of_other) = (&judged.case.table, &other.case.table);
    let is_same = table.error == of_other.error && table.tracks.len() == of_other.tracks.len();
    is_same && other.loss_factor == 1.0 && other.total.is_none() && slips_of_gradients(other) == 0
}
