//! Worksheets of one pass, whose updates stand wherever there was room: in a block beside the gradients, above each other where
//! a bias stands between the weights, on the sheet of the backward pass.
//!
//! In a table the updates are found by the step from one row to the next, the same for all weights. Of a single step there
//! is none, and nothing depends on where an update stands.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, LAST_ROW, Shift};
use super::dependencies::Dependencies;
use super::tracks::Track;
use super::update_rule::{Factor, Update};

/// The step of such a worksheet: it leads off the sheet, so that no other cell is the same quantity of another step.
pub(crate) const ONE_PASS: Shift = Shift { rows: LAST_ROW as i64, columns: 0 };

/// Puts the updates that no group has, and the groups of a single step that are not alone with it, into one group.
pub(crate) fn gather(groups: &mut Vec<Vec<Track>>, free: &BTreeMap<Address, &Update>, dependencies: &Dependencies) {
    let is_single = |group: &Vec<Track>| group.iter().all(|track| track.updates.len() == 1);
    // What a table trains is no weight of such a worksheet; what another pass has made may be.
    let longer = groups.iter().filter(|group| !is_single(group));
    let trained: BTreeSet<Address> = longer.flatten().flat_map(Track::cells).collect();
    let left: Vec<Track> = free
        .values()
        .filter(|update| !trained.contains(&update.previous))
        .map(|update| alone(update.previous, update.cell, update))
        .collect();
    let singles = groups.iter().filter(|group| is_single(group)).count();
    if left.is_empty() && singles < 2 {
        return;
    }
    let (single, longer): (Vec<Vec<Track>>, Vec<Vec<Track>>) = std::mem::take(groups).into_iter().partition(is_single);
    *groups = longer;
    let all: Vec<Track> = single.iter().flatten().filter_map(of).chain(left).collect();
    groups.push(likely(all, dependencies));
}

/// One update for each weight: with the rate that most have, or else a cell that no gradient is worked out from. A neuron's sum
/// with its bias, `w·x + b`, reads like an update of the bias.
fn likely(tracks: Vec<Track>, dependencies: &Dependencies) -> Vec<Track> {
    let own = |track: &Track| -> BTreeSet<String> { factors(track).map(Factor::spelled).collect() };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    tracks.iter().flat_map(own).for_each(|factor| *counts.entry(factor).or_default() += 1);
    let most = counts.values().copied().max().unwrap_or(0);
    // Two exercises of a workbook may have a rate each.
    let has_rate = |track: &Track| own(track).iter().any(|factor| 2 * counts[factor] > most && counts[factor] > 1);
    let (mut with_rate, without): (Vec<Track>, Vec<Track>) = tracks.into_iter().partition(has_rate);
    let cells: BTreeSet<Address> =
        with_rate.iter().flat_map(|track| track.updates.values()).map(|update| update.cell).collect();
    let roots: Vec<Address> = cells.iter().copied().collect();
    let behind: BTreeSet<Address> =
        roots.iter().flat_map(|&cell| dependencies.closure(dependencies.needs(cell), &cells)).collect();
    with_rate.extend(without.into_iter().filter(|track| !behind.contains(&track.update)));
    let mut known = BTreeSet::new();
    with_rate.retain(|track| known.insert(track.weight));
    with_rate.sort_by_key(|track| track.weight);
    with_rate
}

fn factors(track: &Track) -> impl Iterator<Item = &Factor> {
    track.updates.values().flat_map(|update| &update.steps).flat_map(|product| &product.factors)
}

/// The steps of a track as passes of their own.
pub(crate) fn each(track: &Track) -> impl Iterator<Item = Track> {
    track.updates.values().map(|update| alone(update.previous, update.cell, update))
}

/// A weight of a single step, wherever its update stands.
pub(crate) fn of(track: &Track) -> Option<Track> {
    Some(alone(track.weight, track.update, track.updates.values().next()?))
}

/// A weight with its only update.
fn alone(weight: Address, update_cell: Address, update: &Update) -> Track {
    Track { shift: ONE_PASS, anchor: 0, weight, update: update_cell, updates: BTreeMap::from([(0, update.clone())]) }
}
