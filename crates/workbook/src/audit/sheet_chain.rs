//! A training with a place for each pass, mostly a sheet: the weights of one repeat what another has made. One that repeats what an earlier sheet
//! made, or another weight's, is stale, though every gradient of its sheet is right.

use std::collections::BTreeMap;

use super::address::Address;
use super::book::Book;
use super::engine::Content;
use super::examine::Judged;
use super::finding::{Finding, SlipKind};
use super::labels::label;
use super::right_update::reference;
use super::update_rule::repeated_cell;

/// Adds what is found to the verdicts on tables of a single pass.
pub(crate) fn stale_starts(book: &Book, judged: &mut [Judged]) {
    // Who makes which weight: the table and the track.
    let mut makers: BTreeMap<Address, (usize, usize)> = BTreeMap::new();
    for (place, judged) in judged.iter().enumerate().filter(|(_, judged)| is_one_pass(judged)) {
        makers.extend(judged.case.table.tracks.iter().enumerate().map(|(k, track)| (track.update, (place, k))));
    }
    for place in 0..judged.len() {
        let found = of_table(book, judged, place, &makers);
        judged[place].findings.extend(found);
    }
}

fn is_one_pass(judged: &Judged) -> bool {
    judged.case.table.first == judged.case.table.last
}

fn of_table(book: &Book, judged: &[Judged], place: usize, makers: &BTreeMap<Address, (usize, usize)>) -> Vec<Finding> {
    let table = &judged[place].case.table;
    if !is_one_pass(&judged[place]) {
        return Vec::new();
    }
    let repeated: Vec<Option<Address>> = table.tracks.iter().map(|track| repeated_cell(book, track.weight)).collect();
    let maker = |cell: &Option<Address>| makers.get(cell.as_ref()?).copied();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (before, _) in repeated.iter().filter_map(maker) {
        *counts.entry(before).or_default() += 1;
    }
    let usual = counts.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| 2 * count > repeated.len());
    let Some((before, _)) = usual else { return Vec::new() };
    let earlier = &judged[before].case.table.tracks;
    if earlier.len() != table.tracks.len() || before == place {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (k, (track, cell)) in table.tracks.iter().zip(&repeated).enumerate() {
        let (Some(from), Some(maker)) = (*cell, maker(cell)) else { continue };
        if maker == (before, k) {
            continue;
        }
        let right = earlier[k].update;
        let name = label(book, table, track.weight);
        let maker = match book.sheets.get(right.sheet as usize) {
            Some(sheet) if right.sheet != track.weight.sheet => format!("sheet {sheet}"),
            _ => "the pass before".to_owned(),
        };
        found.push(Finding {
            kind: SlipKind::WrongStart,
            track: Some(k),
            cells: vec![track.weight],
            steps: vec![table.first],
            value: judged[place].case.values.get(&track.weight).copied(),
            expected: None,
            tolerance: None,
            explanation: format!(
                "{name} starts from {}, where the weights around it start from what {maker} has made of them",
                book.spelled(from)
            ),
            corrections: BTreeMap::from([(track.weight, Content::Formula(reference(book, right, track.weight.sheet)))]),
        });
    }
    found
}
