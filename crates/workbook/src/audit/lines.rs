//! One quantity through all steps: the formula that most rows share, and the rows that have another.

use std::collections::BTreeMap;

use super::address::Address;
use super::book::Book;
use super::table::{Part, Table};

/// What stands in one row of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nothing at all.
    Blank,
    /// A typed value.
    Typed,
    /// A formula, spelled in terms of its step.
    Formula(String),
}

/// One quantity through all steps.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Where it stands at the anchor.
    pub base: Address,
    pub part: Part,
    /// The spelling that most rows share, with a step that has it.
    pub pattern: Option<(String, i64)>,
    /// The steps that differ, with what stands there.
    pub deviants: BTreeMap<i64, Kind>,
}

/// The lines of a table that should have one formula all the way.
pub(crate) fn lines(book: &Book, table: &Table) -> Vec<Line> {
    let direct: Vec<Address> =
        table.tracks.iter().filter(|track| track.is_direct()).map(|track| track.weight).collect();
    let own_weight = |base: Address| direct.iter().any(|weight| weight.since(base).is_some() && *weight == base);
    let bases = table.moving.iter().filter(|(base, _)| !own_weight(**base));
    bases.map(|(&base, &part)| line(book, table, base, part)).collect()
}

fn line(book: &Book, table: &Table, base: Address, part: Part) -> Line {
    let mut kinds: Vec<(i64, Kind)> =
        table.steps_of(base).filter_map(|step| Some((step, kind(book, table, table.at(base, step)?, step)))).collect();
    // Before the first row and behind the last there may be nothing.
    while kinds.last().is_some_and(|(_, kind)| *kind == Kind::Blank) {
        kinds.pop();
    }
    let blank = kinds.iter().take_while(|(_, kind)| *kind == Kind::Blank).count();
    kinds.drain(..blank);
    let mut counts: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    for (step, kind) in &kinds {
        if let Kind::Formula(spelled) = kind {
            counts.entry(spelled).or_insert((0, *step)).0 += 1;
        }
    }
    let most = counts.iter().max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)));
    // Given numbers are mostly typed; only where most rows have a formula, a number among them is odd.
    let most = most.filter(|(_, (count, _))| part != Part::Given || 2 * count > kinds.len());
    let pattern = most.map(|(spelled, (_, first))| ((*spelled).to_owned(), *first));
    let mut deviants = BTreeMap::new();
    if let Some((pattern, _)) = &pattern {
        for (step, kind) in &kinds {
            // The first row has nothing before it to go on from, so it starts from a number, or from another formula.
            let is_start = *step == table.first && *kind != Kind::Blank && pattern.contains("[before ");
            if !is_start && !matches!(kind, Kind::Formula(spelled) if spelled == pattern) {
                deviants.insert(*step, kind.clone());
            }
        }
    }
    Line { base, part, pattern, deviants }
}

pub(crate) fn kind(book: &Book, table: &Table, cell: Address, step: i64) -> Kind {
    match book.cells.get(&cell) {
        None => Kind::Blank,
        Some(found) => match &found.formula {
            None => Kind::Typed,
            Some(formula) => Kind::Formula(formula.expr.spelled(&|cell| table.spelled(cell, step))),
        },
    }
}
