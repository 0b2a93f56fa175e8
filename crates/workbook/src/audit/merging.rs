//! One correction for a cell, where several things are wrong with it.
//!
//! A correction is worked out for one slip, the rest of the formula as it stands. With another slip in the same cell it
//! is written down first, and the book is looked through again: what is still wrong with that cell is mended on top.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::book::Book;
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Judged, examine_as_it_stands};

/// How often a book is looked through again.
const ROUNDS: usize = 3;

/// Gives every cell that several slips would correct in different ways one correction that mends all of them.
pub(crate) fn one_for_a_cell(book: &Book, judged: &mut [Judged]) -> Result<(), AuditError> {
    let mut merged: BTreeMap<Address, Content> = BTreeMap::new();
    let mut disputed: BTreeSet<Address> = BTreeSet::new();
    for (&cell, content) in judged.iter().flat_map(|judged| &judged.findings).flat_map(|finding| &finding.corrections) {
        let kept = merged.entry(cell).or_insert_with(|| content.clone());
        if kept != content {
            disputed.insert(cell);
        }
    }
    if disputed.is_empty() {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        let Ok(again) = examine_as_it_stands(&book.with(&merged), false) else { break };
        let left = again.judged.iter().flat_map(|judged| &judged.findings).flat_map(|finding| &finding.corrections);
        let left: BTreeMap<Address, Content> = left
            .filter(|(cell, _)| merged.contains_key(cell))
            .map(|(&cell, content)| (cell, content.clone()))
            .collect();
        if left.is_empty() {
            break;
        }
        disputed.extend(left.keys());
        merged.extend(left);
    }
    for finding in judged.iter_mut().flat_map(|judged| &mut judged.findings) {
        for (cell, content) in &mut finding.corrections {
            if disputed.contains(cell) {
                content.clone_from(&merged[cell]);
            }
        }
    }
    Ok(())
}
