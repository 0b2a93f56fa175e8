//! How each weight's update is put together: its learning rate and its gradient.
//!
//! A product of factors does not say which of them is the rate. A rate depends on no weight, and the error is not worked
//! out from it, as it is from an input; and the rate is what most updates share.

use std::collections::BTreeSet;

use super::address::{Address, Shift};
use super::formula::Expr;
use super::table::Layout;
use super::tracks::Track;
use super::update_rule::{Factor, Product};

/// How an update is put together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    /// The factors of the learning rate, as the update of the anchor writes them.
    pub rate: Vec<Factor>,
    /// The cell of the gradient, where it has one of its own, at the anchor.
    pub gradient: Option<Address>,
    /// Whether the gradient is taken off whole, as if the rate were 1.
    pub lacks_rate: bool,
}

/// The factors of one update.
struct Sorted<'a> {
    product: &'a Product,
    /// The only one of an update's products.
    is_alone: bool,
    /// Those that depend on the weights.
    backward: Vec<&'a Factor>,
    /// Those that depend on no weight, and that the error needs.
    inputs: Vec<&'a Factor>,
    rate: Vec<Factor>,
}

/// How the updates are put together, as they stand at the anchor.
pub(crate) fn rules(tracks: &[Track], layout: &Layout, anchor: i64) -> Vec<Rule> {
    let sorted: Vec<Option<Sorted<'_>>> = tracks
        .iter()
        .map(|track| {
            let steps = track.updates.get(&anchor).map_or(&[][..], |update| update.steps.as_slice());
            let is_alone = steps.iter().filter(|product| !product.is_momentum).count() == 1;
            Some(Sorted::of(steps.first()?, is_alone, layout))
        })
        .collect();
    // In a product without a cell for the gradient much may look like a rate; the rate is what most updates share.
    let rates: Vec<&Factor> = sorted.iter().flatten().flat_map(|update| &update.rate).collect();
    let mut common: Vec<Factor> = Vec::new();
    for factor in &rates {
        let count = sorted.iter().flatten().filter(|update| update.rate.contains(factor)).count();
        if 2 * count > tracks.len() && !common.contains(factor) {
            common.push((*factor).clone());
        }
    }
    // Through how many cells the updates go that have this rate.
    let usual =
        sorted.iter().flatten().find(|update| update.shares(&common)).map(|update| update.product.helpers.len());
    let shift = tracks.first().map(|track| track.shift);
    sorted
        .iter()
        .map(|update| {
            let Some(update) = update else { return Rule { rate: common.clone(), ..Rule::default() } };
            if update.shares(&common) {
                let rate = update.product.factors.iter().filter(|factor| common.contains(factor)).cloned().collect();
                let own = update.own_gradient().or_else(|| {
                    // A gradient that depends on nothing; one of the row before is a quantity of every row, and this
                    // row has its own.
                    let cell = update.constant_gradient(&common)?;
                    if layout.moving.contains_key(&cell) {
                        return Some(cell);
                    }
                    let own = cell.shifted(shift?, 1).filter(|own| layout.moving.contains_key(own));
                    own.or_else(|| in_line(cell, shift?, layout)).or(Some(cell))
                });
                return Rule { rate, gradient: own, lacks_rate: false };
            }
            let helpers = &update.product.helpers;
            let has_own = !update.rate.is_empty() && update.own_gradient().is_some();
            match usual {
                // It goes through a cell more than the others do, and so that is the gradient.
                Some(usual) if helpers.len() > usual => {
                    Rule { rate: Vec::new(), gradient: Some(helpers[usual]), lacks_rate: true }
                }
                _ if has_own => Rule { rate: update.rate.clone(), gradient: update.own_gradient(), lacks_rate: false },
                None if !helpers.is_empty() => Rule { rate: Vec::new(), gradient: Some(helpers[0]), lacks_rate: true },
                _ if update.backward.is_empty() => Rule { rate: common.clone(), ..Rule::default() },
                _ if update.rate.is_empty() => {
                    Rule { rate: Vec::new(), gradient: update.own_gradient(), lacks_rate: true }
                }
                _ => Rule { rate: update.rate.clone(), gradient: update.own_gradient(), lacks_rate: false },
            }
        })
        .collect()
}

/// The quantity of the step that a cell of another step is, where that depends on the weights: a gradient that dollar
/// signs hold in one row is the gradient of that row only.
fn in_line(cell: Address, shift: Shift, layout: &Layout) -> Option<Address> {
    let is_in_line = |base: &Address| {
        let apart = base.since(cell).filter(|apart| apart.is_straight());
        apart.is_some_and(|apart| match shift.rows {
            0 => apart.rows == 0 && apart.columns % shift.columns == 0,
            rows => apart.columns == 0 && apart.rows % rows == 0,
        })
    };
    layout.moving.keys().find(|base| layout.varies.contains(base) && is_in_line(base)).copied()
}

impl<'a> Sorted<'a> {
    fn of(product: &'a Product, is_alone: bool, layout: &Layout) -> Self {
        let touches = |factor: &Factor, cells: &BTreeSet<Address>| {
            let mut found = false;
            factor.expr.references(&mut |first, last| found |= cells.contains(&first) || cells.contains(&last));
            found
        };
        let (backward, given): (Vec<&Factor>, Vec<&Factor>) =
            product.factors.iter().partition(|factor| touches(factor, &layout.varies));
        let (inputs, rate): (Vec<&Factor>, Vec<&Factor>) =
            given.into_iter().partition(|factor| touches(factor, &layout.error_needs));
        let rate = if backward.is_empty() { Vec::new() } else { rate.into_iter().cloned().collect() };
        Sorted { product, is_alone, backward, inputs, rate }
    }

    /// Whether it has the rate that most have.
    fn shares(&self, common: &[Factor]) -> bool {
        self.product.factors.iter().any(|factor| common.contains(factor))
    }

    /// The cell that is all there is beside the rate.
    fn own_gradient(&self) -> Option<Address> {
        match (self.backward.as_slice(), self.inputs.as_slice()) {
            ([Factor { expr: Expr::Cell(cell), is_divisor: false }], []) if self.is_alone => Some(*cell),
            _ => None,
        }
    }

    /// The same where it depends on no weight.
    fn constant_gradient(&self, common: &[Factor]) -> Option<Address> {
        let others: Vec<&Factor> = self.product.factors.iter().filter(|factor| !common.contains(factor)).collect();
        match others.as_slice() {
            [Factor { expr: Expr::Cell(cell), .. }] if self.backward.is_empty() => Some(*cell),
            _ => None,
        }
    }
}
