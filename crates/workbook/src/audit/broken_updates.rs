//! Weights whose update is none: `=-η*g` without the weight, `=w*η*g`, `=η*g-w`, a number less the step.
//!
//! Such a line of cells cannot be read as an update, and without it the network of the table lacks a weight. What it has
//! in common with the others: each cell speaks of the rate and of one quantity of the step before, and that quantity, its
//! gradient, is worked out by way of the cell before it in its own line.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, Shift};
use super::book::Book;
use super::dependencies::Dependencies;
use super::formula::Expr;
use super::tracks::{Line, Track, line, place};
use super::update_rule::{Factor, Product, Update};

/// How many lines are looked at.
const LINE_LIMIT: usize = 200;

/// The lines beside `tracks` that belong to them and are no updates, as tracks that take the rate times the gradient off.
pub(crate) fn broken_updates(book: &Book, dependencies: &Dependencies, tracks: &[Track], shift: Shift) -> Vec<Track> {
    let direct: Vec<&Track> = tracks.iter().filter(|track| track.is_direct() && track.updates.len() > 1).collect();
    let Some(sheet) = direct.first().map(|track| track.update.sheet) else { return Vec::new() };
    let usual_length = direct.iter().map(|track| track.updates.len()).max().unwrap_or(0);
    let known: BTreeSet<Address> = tracks.iter().flat_map(Track::cells).collect();
    let rates = rates(&direct);
    let mut lines: BTreeMap<Line, BTreeMap<i64, Update>> = BTreeMap::new();
    for (&cell, content) in &book.cells {
        if cell.sheet != sheet || content.formula.is_none() || known.contains(&cell) {
            continue;
        }
        let step = place(cell, shift) - 1;
        let (Some(rate), Some(previous)) = (rates.get(&step), cell.shifted(shift, -1)) else { continue };
        let needs = dependencies.needs(cell);
        if !needs.contains(rate) {
            continue;
        }
        let of_the_step = |needed: &&Address| {
            **needed != *rate && place(**needed, shift) == step && line(**needed, shift) != line(cell, shift)
        };
        let mut quantities = needs.iter().filter(of_the_step);
        let (Some(&gradient), None) = (quantities.next(), quantities.next()) else { continue };
        if known.contains(&gradient) {
            continue;
        }
        let factor = |cell: Address| Factor { expr: Expr::Cell(cell), is_divisor: false };
        let factors = vec![factor(*rate), factor(gradient)];
        let steps = vec![Product { factors, ..Product::new(true) }];
        lines.entry(line(cell, shift)).or_default().insert(step, Update { cell, previous, steps });
    }
    lines
        .into_values()
        .filter(|updates| 2 * updates.len() > usual_length)
        .take(LINE_LIMIT)
        .filter_map(|updates| {
            let (&anchor, update) = updates.iter().nth(updates.len() / 2)?;
            let (weight, update_cell) = (update.previous, update.cell);
            let [Product { factors, .. }] = update.steps.as_slice() else { return None };
            let [_, Factor { expr: Expr::Cell(gradient), .. }] = factors.as_slice() else { return None };
            // Looked up once a line: the way from a gradient to the weights can be long.
            let is_worked_out_from_it = dependencies.closure(&[*gradient], &known).contains(&weight);
            is_worked_out_from_it.then_some(Track { shift, anchor, weight, update: update_cell, updates })
        })
        .collect()
}

/// The cell that most updates of a step multiply by, by step.
fn rates(direct: &[&Track]) -> BTreeMap<i64, Address> {
    let mut counts: BTreeMap<i64, (usize, BTreeMap<Address, usize>)> = BTreeMap::new();
    for track in direct {
        for (&step, update) in &track.updates {
            let (updates, cells) = counts.entry(step).or_default();
            *updates += 1;
            for factor in update.steps.iter().flat_map(|product| &product.factors) {
                if let Factor { expr: Expr::Cell(cell), is_divisor: false } = factor {
                    *cells.entry(*cell).or_default() += 1;
                }
            }
        }
    }
    let usual = |(updates, cells): (usize, BTreeMap<Address, usize>)| {
        let (cell, count) = cells.into_iter().max_by_key(|&(_, count)| count)?;
        (updates > 1 && 2 * count > updates).then_some(cell)
    };
    counts.into_iter().filter_map(|(step, counted)| Some((step, usual(counted)?))).collect()
}
