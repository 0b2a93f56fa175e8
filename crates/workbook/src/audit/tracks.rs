//! Weights as a spreadsheet keeps them: lines of cells, each worked out from the one before by the update rule.
//!
//! A [`Track`] is one weight: where it stands in each step of the training, and where its update stands. The step from
//! one row to the next is whatever most updates agree on, so a table may run down, up, across or in blocks.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, Shift};
use super::book::Book;
use super::broken_updates::broken_updates;
use super::dependencies::Dependencies;
use super::formula::Expr;
use super::one_pass::{ONE_PASS, gather};
use super::update_rule::{Factor, Update, readings, repeated_cell};

/// How many cells that merely repeat another one are followed.
const REPEAT_LIMIT: usize = 3;

/// One weight through the training.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    /// The step of the table from one place to the next.
    pub shift: Shift,
    /// A step at which the cells below stand.
    pub anchor: i64,
    /// The weight as the formulas of that step use it.
    pub weight: Address,
    /// The cell that works out the next weight from it.
    pub update: Address,
    /// The update formulas that were recognised, by step.
    pub updates: BTreeMap<i64, Update>,
}

impl Track {
    pub fn weight_at(&self, step: i64) -> Option<Address> {
        self.weight.shifted(self.shift, step - self.anchor)
    }

    pub fn update_at(&self, step: i64) -> Option<Address> {
        self.update.shifted(self.shift, step - self.anchor)
    }

    /// The weights and updates of all steps.
    pub fn cells(&self) -> Vec<Address> {
        let (first, last) = self.steps();
        let weights = (first..=last + 1).filter_map(|step| self.weight_at(step));
        weights.chain((first..=last).filter_map(|step| self.update_at(step))).collect()
    }

    /// Names the cells of another step.
    pub fn move_to(&mut self, anchor: i64) -> Option<()> {
        (self.weight, self.update) = (self.weight_at(anchor)?, self.update_at(anchor)?);
        self.anchor = anchor;
        Some(())
    }

    /// Whether the updated weight is the next step's weight itself, and not a cell that the next step repeats.
    pub fn is_direct(&self) -> bool {
        self.weight_at(self.anchor + 1) == Some(self.update)
    }

    /// The first and the last step with an update.
    pub fn steps(&self) -> (i64, i64) {
        let first = self.updates.first_key_value().map_or(self.anchor, |(&step, _)| step);
        let last = self.updates.last_key_value().map_or(self.anchor, |(&step, _)| step);
        (first, last)
    }
}

/// The place of a cell along a step: rows down (or up), columns across.
pub(crate) fn place(cell: Address, shift: Shift) -> i64 {
    let along = |position: u32, length: i64| i64::from(position).div_euclid(length.abs()) * length.signum();
    if shift.rows != 0 { along(cell.row, shift.rows) } else { along(cell.column, shift.columns) }
}

/// What all cells of one line have in common: the sheet, the column (or row), the place within a block.
pub(crate) type Line = (u32, u32, i64);

pub(crate) fn line(cell: Address, shift: Shift) -> Line {
    if shift.rows != 0 {
        (cell.sheet, cell.column, i64::from(cell.row).rem_euclid(shift.rows.abs()))
    } else {
        (cell.sheet, cell.row, i64::from(cell.column).rem_euclid(shift.columns.abs()))
    }
}

/// The updates of one step: how many there are, and how many of them have a factor, by how that is spelled.
type Shared = (usize, BTreeMap<String, usize>);

/// All cells that can be read as updates.
///
/// A weighted sum with a bias, `w·x + b`, reads like one too. What tells them apart: the gradient depends on the weight
/// that it corrects, and `w·x` does not depend on `b`. A wrong gradient need not depend on its weight either; it is one
/// where the cell is worked out from the same cell of the step before, with the gradient or the rate of the others.
pub(crate) fn candidates(book: &Book, dependencies: &Dependencies) -> BTreeMap<Address, Update> {
    let all = readable(book);
    // A sum of two deltas reads like an update too; a weight is typed in the first step, and made by an update in the others.
    let may_be_weight = |cell: Address| is_typed(book, origin(book, cell)) || all.contains_key(&origin(book, cell));
    let stop: BTreeSet<Address> =
        all.values().map(|update| update.previous).filter(|&previous| may_be_weight(previous)).collect();
    let behind = |update: &Update| {
        let mut roots = Vec::new();
        for factor in update.steps.iter().flat_map(|product| &product.factors) {
            factor.expr.references(&mut |first, last| roots.extend([first, last]));
        }
        dependencies.closure(&roots, &stop)
    };
    let (sure, unsure): (BTreeMap<Address, Update>, BTreeMap<Address, Update>) =
        all.into_iter().partition(|(_, update)| behind(update).contains(&update.previous));
    // A second pass with the new weights: its sums depend on the bias that they start from by way of the updates.
    let is_new_weight = |factor: &Factor| matches!(factor.expr, Expr::Cell(cell) if sure.contains_key(&cell));
    let is_second_pass = |update: &Update| {
        update.steps.iter().all(|product| product.factors.len() == 2 && product.factors.iter().any(is_new_weight))
    };
    let second_pass: BTreeSet<Address> =
        sure.values().filter(|update| is_second_pass(update)).map(|update| update.cell).collect();
    let sure: BTreeMap<Address, Update> = sure.into_iter().filter(|(cell, _)| !second_pass.contains(cell)).collect();
    let weights: BTreeSet<Address> = sure.values().map(|update| update.previous).collect();
    // The rate is what most updates of a step share; another table, on the next sheet or below, may have another one.
    let step_of = |update: &Update| {
        let shift = update.cell.since(origin(book, update.previous)).filter(|shift| shift.is_straight());
        let shift = shift.unwrap_or(ONE_PASS);
        (update.cell.sheet, shift, place(update.cell, shift))
    };
    let mut shared: BTreeMap<(u32, Shift, i64), Shared> = BTreeMap::new();
    for update in sure.values() {
        let (updates, factors) = shared.entry(step_of(update)).or_default();
        *updates += 1;
        for factor in update.steps.iter().flat_map(|product| &product.factors) {
            *factors.entry(factor.spelled()).or_default() += 1;
        }
    }
    let has_rate = |update: &Update| {
        let Some((updates, factors)) = shared.get(&step_of(update)) else { return false };
        let mut own = update.steps.iter().flat_map(|product| &product.factors);
        own.any(|factor| factors.get(&factor.spelled()).is_some_and(|count| 2 * count > *updates))
    };
    let from = |update: &Update| origin(book, update.previous);
    // From one of these to the next it is as far as from the one before.
    let is_chained = |update: &Update| {
        let before = unsure.get(&from(update)).zip(update.cell.since(from(update)));
        before.is_some_and(|(before, shift)| shift.is_straight() && before.cell.since(from(before)) == Some(shift))
    };
    let belongs = |update: &Update| has_rate(update) || !behind(update).is_disjoint(&weights);
    let chained: BTreeSet<Address> =
        unsure.values().filter(|update| is_chained(update) && belongs(update)).map(|update| update.cell).collect();
    let starts: BTreeSet<Address> = chained.iter().map(|cell| from(&unsure[cell])).collect();
    // Of a single step there is no chain: a typed number, and the others' rate and distance, have to do.
    let is_among_others = |update: &Update| {
        let others = shared.get(&step_of(update)).map_or(0, |(updates, _)| *updates);
        others > 1 && has_rate(update) && is_typed(book, from(update))
    };
    let among: BTreeSet<Address> =
        unsure.values().filter(|update| is_among_others(update)).map(|update| update.cell).collect();
    let mut chosen = sure;
    chosen.extend(
        unsure.into_iter().filter(|(cell, _)| chained.contains(cell) || starts.contains(cell) || among.contains(cell)),
    );
    chosen
}

fn is_typed(book: &Book, cell: Address) -> bool {
    book.cells.get(&cell).is_some_and(|found| found.formula.is_none())
}

fn readable(book: &Book) -> BTreeMap<Address, Update> {
    let mut all: BTreeMap<Address, Vec<Update>> = BTreeMap::new();
    for &cell in book.cells.keys() {
        let found = readings(book, cell);
        if !found.is_empty() {
            all.insert(cell, found);
        }
    }
    let mut chosen = BTreeMap::new();
    for (&cell, readings) in &all {
        // A chain of updates is the surest sign, then a start from a typed number.
        let rank = |update: &&Update| {
            let origin = origin(book, update.previous);
            (all.contains_key(&origin) && origin != cell, is_typed(book, origin))
        };
        // Of equals the first: `max_by_key` takes the last.
        if let Some(best) = readings.iter().rev().max_by_key(rank) {
            chosen.insert(cell, best.clone());
        }
    }
    chosen
}

/// The cell at the end of cells that merely repeat it.
pub(crate) fn origin(book: &Book, cell: Address) -> Address {
    let mut here = cell;
    for _ in 0..REPEAT_LIMIT {
        match repeated_cell(book, here) {
            Some(next) if next != cell => here = next,
            _ => break,
        }
    }
    here
}

/// Groups updates into tracks, those that share a step of the table together; the most frequent step first.
pub(crate) fn tracks(
    book: &Book,
    dependencies: &Dependencies,
    candidates: &BTreeMap<Address, Update>,
) -> Vec<Vec<Track>> {
    let mut votes: BTreeMap<(u32, Shift), usize> = BTreeMap::new();
    for (&cell, update) in candidates {
        let origin = origin(book, update.previous);
        if let Some(shift) = cell.since(origin).filter(|shift| shift.is_straight()) {
            // A chain counts for more than a start.
            *votes.entry((cell.sheet, shift)).or_default() += if candidates.contains_key(&origin) { 4 } else { 1 };
        }
    }
    let mut order: Vec<((u32, Shift), usize)> = votes.into_iter().collect();
    order.sort_by_key(|&(key, count)| (std::cmp::Reverse(count), key));
    let mut free: BTreeMap<Address, &Update> = candidates.iter().map(|(&cell, update)| (cell, update)).collect();
    let mut groups = Vec::new();
    for ((sheet, shift), _) in order {
        let mut group = tracks_along(book, sheet, shift, &free);
        group.extend(broken_updates(book, dependencies, &group, shift));
        for track in &group {
            for update in track.updates.values() {
                free.remove(&update.cell);
            }
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    gather(&mut groups, &free, dependencies);
    groups
}

fn tracks_along(book: &Book, sheet: u32, shift: Shift, free: &BTreeMap<Address, &Update>) -> Vec<Track> {
    let on_sheet = || free.iter().filter(|(cell, _)| cell.sheet == sheet);
    let mut lines: BTreeMap<Line, BTreeMap<i64, &Update>> = BTreeMap::new();
    for (&cell, &update) in on_sheet() {
        if cell.since(origin(book, update.previous)) == Some(shift) {
            lines.entry(line(cell, shift)).or_default().insert(place(cell, shift), update);
        }
    }
    // What stands in such a line belongs to it, even where it starts from somewhere else.
    for (&cell, &update) in on_sheet() {
        if let Some(found) = lines.get_mut(&line(cell, shift)) {
            let at = place(cell, shift);
            let (first, last) =
                (*found.keys().next().expect("not empty"), *found.keys().next_back().expect("not empty"));
            if (first - 1..=last + 1).contains(&at) {
                found.entry(at).or_insert(update);
            }
        }
    }
    let splits = splits(&lines);
    let mut tracks = Vec::new();
    for updates in lines.values() {
        let mut run: BTreeMap<i64, &Update> = BTreeMap::new();
        let mut before: Option<i64> = None;
        for (&at, &update) in updates {
            if before.is_some_and(|before| splits.range(before + 1..at).next().is_some()) {
                tracks.extend(track(shift, &run));
                run.clear();
            }
            run.insert(at, update);
            before = Some(at);
        }
        tracks.extend(track(shift, &run));
    }
    tracks.extend(strays(&tracks, shift, free));
    tracks
}

/// Weights whose updates start from another weight of the row before, in most rows.
fn strays(tracks: &[Track], shift: Shift, free: &BTreeMap<Address, &Update>) -> Vec<Track> {
    let known: BTreeSet<Address> =
        tracks.iter().flat_map(|track| track.updates.values().map(|update| update.cell)).collect();
    let weights: BTreeMap<Address, usize> = tracks
        .iter()
        .enumerate()
        .filter(|(_, track)| track.is_direct())
        .flat_map(|(k, track)| track.updates.keys().filter_map(move |&step| Some((track.weight_at(step)?, k))))
        .collect();
    let mut lines: BTreeMap<(Line, usize), BTreeMap<i64, Update>> = BTreeMap::new();
    for (&cell, &update) in free.iter().filter(|(cell, _)| !known.contains(cell)) {
        let before = cell.shifted(shift, -1);
        if let Some(&k) = weights.get(&update.previous)
            && before.is_some_and(|before| place(before, shift) == place(update.previous, shift))
        {
            lines.entry((line(cell, shift), k)).or_default().insert(place(update.previous, shift), update.clone());
        }
    }
    let whole = |(k, updates): (usize, &BTreeMap<i64, Update>)| 2 * updates.len() > tracks[k].updates.len();
    lines
        .into_iter()
        .filter(|((_, k), updates)| whole((*k, updates)))
        .filter_map(|(_, updates)| {
            let (&anchor, update) = updates.iter().nth(updates.len() / 2)?;
            Some(Track {
                shift,
                anchor,
                weight: update.cell.shifted(shift, -1)?,
                update: update.cell,
                updates: updates.clone(),
            })
        })
        .collect()
}

/// The places that most of the lines around them leave out: there one table ends and the next begins.
fn splits(lines: &BTreeMap<Line, BTreeMap<i64, &Update>>) -> BTreeMap<i64, ()> {
    let mut gaps: BTreeMap<i64, usize> = BTreeMap::new();
    let ends: Vec<(i64, i64)> =
        lines.values().filter_map(|line| Some((*line.keys().next()?, *line.keys().next_back()?))).collect();
    for line in lines.values() {
        let mut before: Option<i64> = None;
        for &at in line.keys() {
            // A hole of more than this many places is not gone through one by one.
            for gap in before.map_or(at, |before| before + 1)..at.min(before.unwrap_or(at) + 5000) {
                *gaps.entry(gap).or_default() += 1;
            }
            before = Some(at);
        }
    }
    let spanning = |at: i64| ends.iter().filter(|(first, last)| (*first..=*last).contains(&at)).count();
    gaps.into_iter().filter(|&(at, missing)| 2 * missing > spanning(at)).map(|(at, _)| (at, ())).collect()
}

/// A track out of the updates of one run.
fn track(shift: Shift, run: &BTreeMap<i64, &Update>) -> Option<Track> {
    let offset = |update: &Update| update.previous.since(update.cell);
    let mut offsets: BTreeMap<Option<Shift>, usize> = BTreeMap::new();
    for update in run.values() {
        *offsets.entry(offset(update)).or_default() += 1;
    }
    let (&common, _) = offsets.iter().filter(|(offset, _)| offset.is_some()).max_by_key(|(_, count)| **count)?;
    let typical: Vec<&&Update> = run.values().filter(|update| offset(update) == common).collect();
    let typical = typical[typical.len() / 2];
    let anchor = place(typical.previous, shift);
    let lead = place(typical.cell, shift) - anchor;
    Some(Track {
        shift,
        anchor,
        weight: typical.previous,
        update: typical.cell,
        updates: run.iter().map(|(&at, &update)| (at - lead, update.clone())).collect(),
    })
}
