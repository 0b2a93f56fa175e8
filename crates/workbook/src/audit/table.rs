//! Training tables: the weights that one error depends on, and every quantity of a step.
//!
//! The error of a step is the cell into which the most squared differences are summed and which depends on the weights
//! of that step. Tracks that share an error are one table.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, Shift};
use super::book::Book;
use super::dependencies::Dependencies;
use super::formula::Expr;
use super::idle::idle;
use super::lines::{kind, lines};
use super::loss::{self, Varying};
use super::one_pass;
use super::rule::{Rule, rules};
use super::tracks::{Track, candidates, origin, place, tracks};
use super::update_rule::readings;

/// How many steps are looked at to find out how a step is laid out.
const TRIALS: usize = 7;
/// The most tracks that one table may have.
const TRACK_LIMIT: usize = 512;

/// What a quantity of a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A weight.
    Weight,
    /// An update of a weight.
    Update,
    /// Depends on no weight: an input, a target, a rate that stands in every row.
    Given,
    /// Between the weights and the error, the error included.
    Forward,
    /// Depends on the weights and leads to an update: gradients and their helper cells.
    Backward,
    /// Depends on the weights and leads nowhere.
    Aside,
}

/// A training table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub shift: Shift,
    /// A typical step, at which the addresses below stand.
    pub anchor: i64,
    pub first: i64,
    pub last: i64,
    /// The last step that the sheet has, where `last` is the last one with numbers.
    pub sheet_last: i64,
    /// The last step whose weights are corrected, rightly or not; below its row nothing belongs to the table.
    pub last_updated: i64,
    pub tracks: Vec<Track>,
    /// For each track, how its update is put together.
    pub rules: Vec<Rule>,
    pub error: Address,
    /// The cells that each hold one term of the error, where they do.
    pub error_terms: Vec<Address>,
    /// The number of squared differences in the error.
    pub term_count: usize,
    /// The quantities of a step that move with it.
    pub moving: BTreeMap<Address, Part>,
    /// The cells that every step uses.
    pub fixed: BTreeSet<Address>,
    /// Weights that are updated with the others, and that the error does not depend on.
    pub idle: Vec<Track>,
}

impl Table {
    pub fn at(&self, cell: Address, step: i64) -> Option<Address> {
        cell.shifted(self.shift, step - self.anchor)
    }

    pub fn steps(&self) -> std::ops::RangeInclusive<i64> {
        self.first..=self.last
    }

    /// The steps in which `base` can have a cell: the next weights stand below the row that makes them, and there what follows
    /// the table is none of it.
    pub fn steps_of(&self, base: Address) -> std::ops::RangeInclusive<i64> {
        let is_below = self.tracks.iter().any(|track| track.update == base && track.is_direct());
        self.first..=if is_below { self.last_updated } else { self.sheet_last }
    }

    /// All weights of all steps.
    pub fn weights(&self) -> BTreeSet<Address> {
        let all = self.tracks.iter().flat_map(|track| self.steps().filter_map(|step| track.weight_at(step)));
        all.collect()
    }

    /// How a cell is written in terms of the step that it belongs to: the same for every step of the table.
    pub fn spelled(&self, cell: Address, step: i64) -> String {
        let back = self.anchor - step;
        let own = cell.shifted(self.shift, back);
        if let Some(own) = own.filter(|own| self.moving.contains_key(own)) {
            return format!("[{} {}]", own.sheet, own.a1());
        }
        let is_fixed = self.fixed.contains(&cell);
        let before = cell.shifted(self.shift, back + 1);
        // Before the first step there is none, and what stands there may well be what every step uses.
        let before = before.filter(|before| self.moving.contains_key(before) && !(is_fixed && step == self.first));
        if let Some(before) = before {
            return format!("[before {} {}]", before.sheet, before.a1());
        }
        if is_fixed {
            return format!("<{} {}>", cell.sheet, cell.a1());
        }
        match own {
            Some(own) => format!("?{} {}", own.sheet, own.a1()),
            None => format!("?{} {} fixed", cell.sheet, cell.a1()),
        }
    }
}

/// All training tables of a workbook, in the order of their first weights.
pub(crate) fn tables(book: &Book, dependencies: &Dependencies) -> Vec<Table> {
    let candidates = candidates(book, dependencies);
    let mut found = Vec::new();
    let mut claimed: BTreeSet<Address> = BTreeSet::new();
    let groups = tracks(book, dependencies, &candidates);
    // What one table trains, others may read; there the way through their cells ends.
    let chains = groups.iter().flatten().filter(|track| track.updates.len() > 2);
    let elsewhere: BTreeSet<Address> = chains.flat_map(Track::cells).collect();
    for group in groups {
        let group: Vec<Track> = group
            .into_iter()
            .filter(|track| !track.updates.values().all(|update| claimed.contains(&update.cell)))
            .take(TRACK_LIMIT)
            .collect();
        let found_in = tables_of(book, dependencies, group, &elsewhere);
        let as_passes = |table: Table| {
            if !is_uneven(book, &table) {
                return vec![table];
            }
            let passes = table.tracks.iter().flat_map(one_pass::each).collect();
            tables_of(book, dependencies, passes, &elsewhere)
        };
        for table in found_in.into_iter().flat_map(as_passes) {
            claimed.extend(table.moving.keys().flat_map(|&cell| {
                table.steps().filter_map(|step| cell.shifted(table.shift, step - table.anchor)).collect::<Vec<_>>()
            }));
            found.push(table);
        }
    }
    found.sort_by_key(|table: &Table| table.tracks.first().map(|track| track.weight_at(table.first)));
    found
}

/// Tables out of tracks that share a step.
fn tables_of(
    book: &Book,
    dependencies: &Dependencies,
    tracks: Vec<Track>,
    elsewhere: &BTreeSet<Address>,
) -> Vec<Table> {
    let stop: BTreeSet<Address> = tracks.iter().flat_map(Track::cells).chain(elsewhere.iter().copied()).collect();
    // Which tracks share an error, found at a few steps of each.
    let mut group_of: Vec<usize> = (0..tracks.len()).collect();
    let mut has_error = vec![false; tracks.len()];
    let mut owner: BTreeMap<Address, usize> = BTreeMap::new();
    for step in trial_steps(&tracks) {
        let present: Vec<usize> =
            (0..tracks.len()).filter(|&k| (tracks[k].steps().0..=tracks[k].steps().1 + 1).contains(&step)).collect();
        let weights: Vec<Address> = present.iter().filter_map(|&k| tracks[k].weight_at(step)).collect();
        let varies = dependencies.dependents(&weights, &stop);
        let of_step: BTreeSet<Address> = weights.iter().copied().collect();
        let varying = Varying { cells: &varies, weights: &of_step };
        let losses: BTreeSet<Address> = varies
            .iter()
            .copied()
            .filter(|cell| !stop.contains(cell) && loss::terms(book, varying, *cell) > 0)
            .collect();
        for &k in &present {
            let Some(weight) = tracks[k].weight_at(step) else { continue };
            for cell in dependencies.dependents(&[weight], &stop).intersection(&losses) {
                has_error[k] = true;
                match owner.get(cell) {
                    Some(&other) => {
                        let (from, to) = (group_of[k], group_of[other]);
                        group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
                    }
                    None => {
                        owner.insert(*cell, k);
                    }
                }
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<Track>> = BTreeMap::new();
    let mut beside = Vec::new();
    for (k, track) in tracks.into_iter().enumerate() {
        if has_error[k] {
            groups.entry(group_of[k]).or_default().push(track);
        } else {
            beside.push(track);
        }
    }
    let tables = groups.into_values().filter_map(|tracks| table(book, dependencies, tracks, &stop));
    tables
        .map(|mut table| {
            table.idle = idle(&table, &beside).cloned().collect();
            table
        })
        .collect()
}

/// A few steps of the tracks: the middle first, then around it, then the ends.
fn trial_steps(tracks: &[Track]) -> Vec<i64> {
    let mut steps = Vec::new();
    let mut ranges: Vec<(i64, i64)> = tracks.iter().map(Track::steps).collect();
    ranges.sort_unstable();
    ranges.dedup();
    for (first, last) in ranges {
        let middle = (first + last) / 2;
        let span = last - first;
        for step in [middle, first + span / 4, last - span / 4, first + 1, last - 1, first, last] {
            if (first..=last).contains(&step) && !steps.contains(&step) {
                steps.push(step);
            }
        }
    }
    steps
}

/// One table out of the tracks that share an error.
fn table(book: &Book, dependencies: &Dependencies, mut tracks: Vec<Track>, stop: &BTreeSet<Address>) -> Option<Table> {
    let shift = tracks.first()?.shift;
    let trials: Vec<i64> = trial_steps(&tracks).into_iter().take(TRIALS).collect();
    let mut best: Option<(Layout, i64)> = None;
    for &step in &trials {
        let Some(layout) = Layout::at(book, dependencies, &tracks, stop, step) else { continue };
        let is_better = best.as_ref().is_none_or(|(best, _)| layout.rank() > best.rank());
        if is_better {
            best = Some((layout, step));
        }
    }
    let (layout, anchor) = best?;
    let first = tracks.iter().map(|track| track.steps().0).min()?;
    let mut last = tracks.iter().map(|track| track.steps().1).max()?;
    // The last row has weights and an error but no update of its own. A row of something else has no weights that the row
    // before has made.
    let holds = |cell: Option<Address>| cell.is_some_and(|cell| book.cells.contains_key(&cell));
    let has_error = holds(layout.error.shifted(shift, last + 1 - anchor));
    let has_weight = |track: &Track| {
        let (weight, update) = (track.weight_at(last + 1), track.update_at(last));
        holds(weight) && (track.is_direct() || weight.map(|weight| origin(book, weight)) == update)
    };
    let mut last_updated = last;
    if has_error && tracks.iter().any(has_weight) {
        last += 1;
        // What corrects the weights of that row, if by another one's gradient, is an update.
        let corrects = |track: &Track| {
            let weight = track.weight_at(last).map(|weight| origin(book, weight));
            let readings = track.update_at(last).map(|cell| readings(book, cell)).unwrap_or_default();
            readings.iter().any(|update| Some(origin(book, update.previous)) == weight)
        };
        if tracks.iter().any(corrects) {
            last_updated = last;
        }
    }
    for track in &mut tracks {
        track.move_to(anchor)?;
    }
    tracks.sort_by_key(|track| track.weight);
    let rules = rules(&tracks, &layout, anchor);
    let found = Table {
        shift,
        anchor,
        first,
        last,
        sheet_last: last,
        last_updated,
        rules,
        tracks,
        error: layout.error,
        error_terms: layout.error_terms,
        term_count: layout.term_count,
        moving: layout.moving,
        fixed: layout.fixed,
        idle: Vec::new(),
    };
    // What stands as far below a worksheet of one pass as its updates below the weights need not be a second row of it.
    let is_single = found.tracks.iter().all(|track| track.updates.len() == 1);
    if is_single && found.last > found.first && !goes_on(book, &found) {
        return table(book, dependencies, found.tracks.iter().filter_map(one_pass::of).collect(), stop);
    }
    Some(found)
}

/// Whether the passes of a worksheet stand below or beside each other, but their quantities at no distance that is the same for
/// all: more than a third have another formula in some pass.
fn is_uneven(book: &Book, table: &Table) -> bool {
    if table.shift == one_pass::ONE_PASS || !table.shift.is_of_blocks() {
        return false;
    }
    let lines = lines(book, table);
    let forward: Vec<bool> =
        lines.iter().filter(|line| line.part == Part::Forward).map(|line| !line.deviants.is_empty()).collect();
    3 * forward.iter().filter(|deviates| **deviates).count() > forward.len()
}

/// Whether two thirds of the quantities between weights and error have the same formula in the first row and the last.
fn goes_on(book: &Book, table: &Table) -> bool {
    let kind_at = |base: Address, step: i64| Some(kind(book, table, table.at(base, step)?, step));
    let forward: Vec<Address> =
        table.moving.iter().filter(|(_, part)| **part == Part::Forward).map(|(&base, _)| base).collect();
    let is_alike = |base: &&Address| kind_at(**base, table.first) == kind_at(**base, table.last);
    3 * forward.iter().filter(is_alike).count() > 2 * forward.len()
}

/// The quantities of one step.
pub(crate) struct Layout {
    error: Address,
    error_terms: Vec<Address>,
    term_count: usize,
    /// How many tracks the error depends on.
    coverage: usize,
    pub moving: BTreeMap<Address, Part>,
    fixed: BTreeSet<Address>,
    pub varies: BTreeSet<Address>,
    /// The cells that the error is worked out from.
    pub error_needs: BTreeSet<Address>,
    /// How many formulas differ from those of the next step.
    oddities: usize,
}

impl Layout {
    fn rank(&self) -> (usize, usize, std::cmp::Reverse<usize>) {
        (self.coverage, self.term_count, std::cmp::Reverse(self.oddities))
    }

    fn at(
        book: &Book,
        dependencies: &Dependencies,
        tracks: &[Track],
        stop: &BTreeSet<Address>,
        step: i64,
    ) -> Option<Layout> {
        let shift = tracks.first()?.shift;
        let weights: Vec<Address> = tracks.iter().filter_map(|track| track.weight_at(step)).collect();
        let updates: BTreeSet<Address> = tracks.iter().filter_map(|track| track.update_at(step)).collect();
        let varies = dependencies.dependents(&weights, stop);
        let is_weight: BTreeSet<Address> = weights.iter().copied().collect();
        // The error: the most terms; of equals the one that the others are made of.
        let count = |cell: Address| match book.formula(cell).map(|formula| &formula.expr) {
            None | Some(Expr::Cell(_)) => 0,
            Some(_) if stop.contains(&cell) => 0,
            Some(_) => loss::terms(book, Varying { cells: &varies, weights: &is_weight }, cell),
        };
        let counted: Vec<(Address, usize)> =
            varies.iter().map(|&cell| (cell, count(cell))).filter(|(_, count)| *count > 0).collect();
        // A quantity of the step has a counterpart in a step beside it; a summary has not.
        let moves = |cell: Address| {
            [1, -1].iter().any(|&count| cell.shifted(shift, count).is_some_and(|next| book.formula(next).is_some()))
        };
        let is_longer = tracks.iter().any(|track| track.updates.len() > 1);
        let term_count =
            counted.iter().filter(|(cell, _)| !is_longer || moves(*cell)).map(|(_, count)| *count).max()?;
        let mut tied: Vec<Address> = counted
            .iter()
            .filter(|(cell, count)| *count == term_count && (!is_longer || moves(*cell)))
            .map(|(cell, _)| *cell)
            .collect();
        tied.sort_by_key(|cell| cell.sheet != tracks[0].weight.sheet);
        let rests_on = |cell: Address, others: &[Address]| {
            let needs = dependencies.closure(&[cell], stop);
            others.iter().any(|other| *other != cell && needs.contains(other))
        };
        // Cells that hold one term themselves, and do not repeat another such cell.
        let single: Vec<Address> = counted.iter().filter(|(_, count)| *count == 1).map(|(cell, _)| *cell).collect();
        let terms: Vec<Address> = single.iter().copied().filter(|&cell| !rests_on(cell, &single)).collect();
        // Of equals the one that the others are made of (a mean is made of a sum); but where even the largest error
        // leaves out a term, the one that is made of the others.
        let leaves_out = term_count == 1 && terms.len() > 1;
        let error = *tied.iter().find(|&&cell| rests_on(cell, &tied) == leaves_out).unwrap_or(&tied[0]);
        let error_needs = dependencies.closure(&[error], stop);
        let coverage = weights.iter().filter(|weight| error_needs.contains(weight)).count();
        let error_terms = terms.into_iter().filter(|cell| *cell != error).collect();

        // What moves with the step and what stays is told by the step beside it.
        let here = weights.first().map(|weight| (weight.sheet, place(*weight, shift)));
        // How many steps on a cell stands, where it stands on the weights' sheet; of blocks the edges are not known.
        let slack = i64::from(shift.is_of_blocks());
        let steps_on =
            |cell: Address| here.filter(|(sheet, _)| *sheet == cell.sheet).map(|(_, at)| place(cell, shift) - at);
        let is_near = |cell: Address| steps_on(cell).is_none_or(|on| (-1 - slack..=1 + slack).contains(&on));
        let mut walk =
            Walk { book, shift, moving: BTreeSet::new(), fixed: BTreeSet::new(), stop, is_near: &is_near, oddities: 0 };
        let is_behind = error.shifted(shift, 1).is_some_and(|next| book.formula(next).is_some());
        let to = if is_behind { 1 } else { -1 };
        // A summary below the table depends on the weights too; and what a step makes of the one before it is its own.
        let is_of_the_step = |cell: Address| {
            let is_next = slack == 0 && steps_on(cell) == Some(1);
            is_near(cell) && !(is_next && cell.shifted(shift, -1).is_some_and(|own| varies.contains(&own)))
        };
        let is_aside = |cell: &Address| !stop.contains(cell) && moves(*cell) && is_of_the_step(*cell);
        let aside: Vec<Address> = varies.iter().copied().filter(is_aside).collect();
        // The updates last: what they use of the row before is known by then as a quantity of this row.
        for &root in [error].iter().chain(&aside).chain(&updates) {
            walk.pair(root, to);
        }
        let needed: Vec<Address> = updates.iter().flat_map(|&update| dependencies.needs(update)).copied().collect();
        if !is_longer {
            walk.all_behind(dependencies, &varies, &[&[error], &needed[..]].concat());
        }
        let backward = dependencies.closure(&needed, stop);
        let part = |cell: Address| {
            if is_weight.contains(&cell) {
                Part::Weight
            } else if updates.contains(&cell) {
                Part::Update
            } else if !varies.contains(&cell) {
                Part::Given
            } else if error_needs.contains(&cell) {
                Part::Forward
            } else if backward.contains(&cell) {
                Part::Backward
            } else {
                Part::Aside
            }
        };
        let moving = walk.moving.iter().chain(&is_weight).map(|&cell| (cell, part(cell))).collect();
        Some(Layout {
            error,
            error_terms,
            term_count,
            coverage,
            moving,
            fixed: walk.fixed,
            varies,
            error_needs,
            oddities: walk.oddities,
        })
    }
}

/// A walk through the formulas of two neighbouring steps at once.
struct Walk<'a> {
    book: &'a Book,
    shift: Shift,
    moving: BTreeSet<Address>,
    fixed: BTreeSet<Address>,
    stop: &'a BTreeSet<Address>,
    /// Whether a cell stands near enough to the step to be a quantity of it.
    is_near: &'a dyn Fn(Address) -> bool,
    oddities: usize,
}

impl Walk<'_> {
    /// `root` and its counterpart `to` steps on, and everything behind them up to the weights.
    fn pair(&mut self, root: Address, to: i64) {
        // In the last row an update has no counterpart behind it, but one before it.
        let has_formula =
            |to: i64| root.shifted(self.shift, to).is_some_and(|there| self.book.formula(there).is_some());
        let to = if has_formula(to) || !has_formula(-to) { to } else { -to };
        self.moving.insert(root);
        let Some(there) = root.shifted(self.shift, to) else { return };
        let mut pending = Vec::new();
        self.operands(root, there, to, &mut pending);
        while let Some((here, there)) = pending.pop() {
            if here == there {
                self.fixed.insert(here);
                continue;
            }
            if here.shifted(self.shift, to) != Some(there) {
                self.oddities += 1;
                continue;
            }
            // The same quantity one step earlier is no quantity of its own.
            let is_earlier = here.shifted(self.shift, 1).is_some_and(|next| self.moving.contains(&next));
            if !is_earlier && (self.is_near)(here) && self.moving.insert(here) && !self.stop.contains(&here) {
                self.operands(here, there, to, &mut pending);
            }
        }
    }

    /// Of a single step, which has none beside it, every formula that depends on the weights is a quantity of it, and all that
    /// `roots` need besides stays.
    fn all_behind(&mut self, dependencies: &Dependencies, varies: &BTreeSet<Address>, roots: &[Address]) {
        let is_quantity = |cell: &Address| varies.contains(cell) && self.book.formula(*cell).is_some();
        let all = dependencies.closure(roots, self.stop);
        let (moving, fixed): (Vec<Address>, Vec<Address>) = all.into_iter().partition(is_quantity);
        let beside = varies.iter().copied().filter(|cell| !self.stop.contains(cell) && is_quantity(cell));
        self.moving.extend(moving.into_iter().chain(beside));
        self.fixed.extend(fixed.into_iter().filter(|cell| !self.stop.contains(cell)));
        self.fixed.retain(|cell| !self.moving.contains(cell));
    }

    /// What two cells that play the same part refer to, pair by pair.
    fn operands(&mut self, here: Address, there: Address, to: i64, pending: &mut Vec<(Address, Address)>) {
        let (mine, other) = (self.book.formula(here), self.book.formula(there));
        let (mut mine_refs, mut other_refs) = (Vec::new(), Vec::new());
        if let (Some(mine), Some(other)) = (mine, other) {
            mine.expr.references(&mut |first, last| mine_refs.push((first, last)));
            other.expr.references(&mut |first, last| other_refs.push((first, last)));
        }
        if mine.is_some() != other.is_some() || mine_refs.len() != other_refs.len() {
            self.oddities += 1;
            return;
        }
        for (&(first, last), &(other_first, other_last)) in mine_refs.iter().zip(&other_refs) {
            if first == last || last.since(first) != other_last.since(other_first) {
                pending.push((first, other_first));
                continue;
            }
            let inside = self.book.cells.range(first..=last).map(|(&cell, _)| cell);
            for cell in inside.filter(|cell| (first.column..=last.column).contains(&cell.column)) {
                if first == other_first {
                    self.fixed.insert(cell);
                } else if let Some(there) = cell.shifted(self.shift, to) {
                    pending.push((cell, there));
                }
            }
            pending.push((first, other_first));
            pending.push((last, other_last));
        }
    }
}
