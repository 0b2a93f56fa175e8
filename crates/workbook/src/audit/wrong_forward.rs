//! A forward pass that is not the one that the gradients belong to.
//!
//! Where gradients do not match the sheet's error, one of the two is wrong. Of a sheet whose formulas make no fully
//! connected network, and would make one if a single forward formula were changed, with every gradient right then, it is
//! the forward pass: nobody derives eight right gradients for a network that has a slip in it.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;

use longhand_derivation::expression::NodeId;

use super::address::Address;
use super::engine::Content;
use super::finding::{Finding, SlipKind};
use super::formula::{Expr, references, text_at};
use super::forward_changes::Unused;
use super::judge::{Judge, Row};
use super::labels::label;
use super::lines::kind;
use super::network::is_fully_connected;
use super::repair::Repair;
use super::symbolic::{Extra, Symbolic};
use super::table::Part;
use super::tracks::candidates;
use super::untrained::untrained;

/// The most nodes of graphs that are built for all changes together.
const NODE_LIMIT: usize = 3_000_000;
/// The nodes of a graph, where there is none of the sheet as it stands to tell.
const USUAL_SIZE: usize = 300;
/// Relative distance up to which a gradient is the derivative.
const SAME: f64 = 1e-8;

/// Multiples of the error that gradients may belong to.
pub(crate) const MULTIPLES: [f64; 6] = [1.0, 0.5, 2.0, -1.0, -0.5, -2.0];

/// The formulas of one step, one of them changed, and what the audit asks of them.
struct Variant {
    symbolic: Symbolic,
    error: NodeId,
    /// The cells of the gradients, track by track.
    gradients: Vec<NodeId>,
}

impl Judge<'_, '_> {
    /// One change of a forward formula that makes every gradient right, where some are not.
    pub fn wrong_forward(&mut self) -> Option<Finding> {
        let is_right = self.rows.iter().flatten().all(Row::holds);
        let unused = self.unused().unwrap_or_default();
        let table = self.table();
        if is_right && unused.is_empty() || table.rules.iter().any(|rule| rule.gradient.is_none()) {
            return None;
        }
        let book = self.sheet.book;
        let given: Vec<Address> = candidates(book, self.sheet.dependencies).into_keys().collect();
        // The first row, where one looks first; where that is right, as it may be alone, others.
        let steps = [table.first, table.anchor, (table.first + table.last) / 2];
        let owns: Vec<(i64, Variant)> =
            steps.iter().filter_map(|&step| Some((step, self.variant(step, &given, None, &unused)?))).collect();
        // Where every gradient is the derivative already, an update is wrong.
        if !owns.is_empty() && owns.iter().all(|(_, own)| own.gradients_hold(self, &MULTIPLES).is_some()) {
            return None;
        }
        let odd = owns.iter().position(|(step, own)| !own.is_network(self, *step, &unused));
        // Formulas that nobody derives, such as a logarithm to base 10, make no network either.
        let step = owns.get(odd.unwrap_or(0)).map_or(table.first, |(step, _)| *step);
        let is_network = odd.is_none() && !owns.is_empty();
        let size = owns.first().map_or(0, |(_, own)| own.symbolic.graph.nodes().len());
        let mut left = NODE_LIMIT / size.max(USUAL_SIZE);
        // A change that makes every gradient the opposite of the derivative, where none makes it the derivative.
        let mut opposite = None;
        let (terms, others): (Vec<Address>, Vec<Address>) = table
            .moving
            .iter()
            .filter(|(base, part)| **part == Part::Forward && **base != table.error)
            .map(|(&base, _)| base)
            .partition(|base| table.error_terms.contains(base));
        // Of two terms that are the same the later one was meant to be another.
        let repeated: Vec<Address> =
            self.repeated_terms().into_iter().filter_map(|target| table.error_terms.get(target - 1).copied()).collect();
        let (repeats, terms): (Vec<Address>, Vec<Address>) =
            terms.into_iter().partition(|term| repeated.contains(term));
        for base in repeats.into_iter().chain(terms).chain(others) {
            let Some(home) = self.table().at(base, step) else { continue };
            let is_term = self.table().error_terms.contains(&base);
            let tried = match (is_term, book.formula(home)) {
                (true, Some(formula)) if owns.is_empty() => self.like_neighbours(&formula.node, home, step, false),
                (true, _) => self.term_changes(home, step),
                _ => self.forward_changes(home, step, is_network, &unused),
            };
            for change in tried {
                left = left.checked_sub(1)?;
                let other = self.other_step(step);
                let mut mends = |step: i64| self.mends(base, step, &given, &change, &unused);
                let Some(factor) = mends(step) else { continue };
                if opposite.is_some() && factor < 0.0 || mends(other).is_none() {
                    continue;
                }
                let finding = self.forward_finding(base, step, &change, &unused);
                if factor > 0.0 {
                    return Some(finding);
                }
                opposite = Some(finding);
            }
        }
        opposite
    }

    /// A term of the error that makes every gradient right once it is written as the others are.
    pub fn term_unlike_others(&mut self) -> Option<Finding> {
        let (book, step) = (self.sheet.book, self.table().first);
        let given: Vec<Address> = candidates(book, self.sheet.dependencies).into_keys().collect();
        for base in self.table().error_terms.clone() {
            let Some(home) = self.table().at(base, step) else { continue };
            let Some(formula) = book.formula(home) else { continue };
            for change in self.like_neighbours(&formula.node, home, step, false) {
                let other = self.other_step(step);
                let mut mends = |step: i64| self.mends(base, step, &given, &change, &[]);
                if mends(step).is_some() && mends(other).is_some() {
                    return Some(self.forward_finding(base, step, &change, &[]));
                }
            }
        }
        None
    }

    /// A step other than this one, to try a change in.
    fn other_step(&self, step: i64) -> i64 {
        let anchor = self.table().anchor;
        let mut later = self.case.tested.iter().rev().copied();
        if anchor == step { later.find(|&other| other != step).unwrap_or(step) } else { anchor }
    }

    fn variant(
        &self,
        step: i64,
        given: &[Address],
        replaced: Option<(Address, &Expr)>,
        unused: &[Unused],
    ) -> Option<Variant> {
        let table = self.table();
        let of_rules = table.rules.iter().map(|rule| rule.gradient);
        let gradients = of_rules.chain(unused.iter().map(|unused| Some(unused.gradient)));
        let cells: Vec<Address> = gradients.map(|gradient| table.at(gradient?, step)).collect::<Option<_>>()?;
        let weights: Vec<Address> = unused.iter().map(|unused| table.at(unused.weight, step)).collect::<Option<_>>()?;
        let extra = Extra { weights: &weights, given, cells: &cells, replaced };
        let symbolic = Symbolic::with(self.sheet.book, table, step, &extra)?;
        let error = *symbolic.nodes.get(&table.at(table.error, step)?)?;
        let gradients = cells.iter().map(|cell| symbolic.nodes.get(cell).copied()).collect::<Option<_>>()?;
        Some(Variant { symbolic, error, gradients })
    }

    /// Of which multiple of the error every gradient is the derivative, where a change of a forward formula makes the formulas
    /// of a step a network, and every gradient right.
    fn mends(
        &mut self,
        base: Address,
        step: i64,
        given: &[Address],
        change: &Repair,
        unused: &[Unused],
    ) -> Option<f64> {
        let home = self.table().at(base, step)?;
        let text = text_at(&change.node, &self.sheet.book.sheets, home);
        let formula = self.sheet.reader.read(&text, home)?;
        let mut is_backward = false;
        let table = self.table();
        let is_term = table.error_terms.contains(&base);
        formula.expr.references(&mut |cell, _| {
            let own = cell.shifted(table.shift, table.anchor - step);
            let part = own.and_then(|own| table.moving.get(&own));
            is_backward |= match part {
                Some(Part::Update) => true,
                Some(Part::Aside) if is_term && self.is_made_alike(cell, home) => false,
                Some(Part::Backward | Part::Aside) => self.needs_target(cell, step),
                _ => false,
            };
        });
        if is_backward {
            return None;
        }
        let variant = self.variant(step, given, Some((home, &formula.expr)), unused)?;
        // A term of the error has its sign by itself.
        let multiples = if is_term { &MULTIPLES[..3] } else { &MULTIPLES[..] };
        variant.is_network(self, step, unused).then(|| variant.gradients_hold(self, multiples)).flatten()
    }

    /// Whether a cell is worked out from what the terms of the error are held against, as everything on the way back is, and
    /// no output that the error leaves out.
    pub fn needs_target(&self, cell: Address, step: i64) -> bool {
        let (table, dependencies) = (self.table(), self.sheet.dependencies);
        let is_given = |cell: &Address| {
            let own = cell.shifted(table.shift, table.anchor - step);
            table.fixed.contains(cell) || own.and_then(|own| table.moving.get(&own)) == Some(&Part::Given)
        };
        let terms = table.error_terms.iter().chain([&table.error]).filter_map(|&term| table.at(term, step));
        let targets: BTreeSet<Address> =
            terms.flat_map(|term| dependencies.needs(term)).copied().filter(is_given).collect();
        !dependencies.closure(&[cell], &table.weights()).is_disjoint(&targets)
    }

    /// Whether every gradient of a step would be the derivative of one of these multiples of the error with another formula
    /// in a cell of it. False too where a gradient has no cell of its own.
    pub fn would_hold(&mut self, home: Address, step: i64, text: &str, multiples: &[f64]) -> bool {
        let Some(formula) = self.sheet.reader.read(text, home) else { return false };
        let given: Vec<Address> = candidates(self.sheet.book, self.sheet.dependencies).into_keys().collect();
        let variant = self.variant(step, &given, Some((home, &formula.expr)), &[]);
        variant.is_some_and(|variant| variant.gradients_hold(self, multiples).is_some())
    }

    fn forward_finding(&self, base: Address, step: i64, change: &Repair, unused: &[Unused]) -> Finding {
        let (book, table) = (self.sheet.book, self.table());
        let kind_at = |step: i64| table.at(base, step).map(|cell| kind(book, table, cell, step));
        let steps: Vec<i64> =
            (table.first..=table.sheet_last).filter(|&other| kind_at(other) == kind_at(step)).collect();
        let cells: Vec<Address> = steps.iter().filter_map(|&step| table.at(base, step)).collect();
        let corrections: BTreeMap<Address, Content> =
            cells.iter().map(|&cell| (cell, Content::Formula(text_at(&change.node, &book.sheets, cell)))).collect();
        let home = table.at(base, step).unwrap_or(base);
        let is_term = table.error_terms.contains(&base);
        let taken = |node: &Node| -> Vec<Address> {
            references(node, home).into_iter().map(|reference| reference.to).collect()
        };
        let (before, after) = (book.formula(home).map(|own| taken(&own.node)).unwrap_or_default(), taken(&change.node));
        let is_added = |unused: &&Unused| {
            let weight = table.at(unused.weight, step);
            after.len() > before.len() && weight.is_some_and(|weight| after.contains(&weight))
        };
        let explanation = match unused.iter().find(is_added) {
            Some(unused) => {
                let name = label(book, table, unused.weight);
                format!("{name} is updated, but the error does not depend on it: {}", change.words)
            }
            None => format!(
                "the forward pass and the gradients disagree: with another formula in {home} every gradient would be \
                 right; {}",
                change.words
            ),
        };
        Finding {
            kind: if is_term { SlipKind::WrongError } else { SlipKind::WrongForward },
            track: None,
            value: cells.first().and_then(|cell| self.case.values.get(cell)).copied(),
            expected: None,
            tolerance: None,
            explanation,
            cells,
            steps,
            corrections,
        }
    }
}

impl Variant {
    /// Whether the forward pass is that of a fully connected network.
    fn is_network(&self, judge: &Judge<'_, '_>, step: i64, unused: &[Unused]) -> bool {
        let table = judge.table();
        let nodes = &self.symbolic.nodes;
        let tracks = table.tracks.iter().map(|track| track.weight_at(step));
        let cells = tracks.chain(unused.iter().map(|unused| table.at(unused.weight, step)));
        let weights = cells.map(|cell| nodes.get(&cell?).copied());
        let Some(mut weights) = weights.collect::<Option<Vec<NodeId>>>() else { return false };
        // A number that stands where a weight belongs is one to the network.
        let further: Vec<NodeId> = untrained(&self.symbolic, table, step).into_keys().collect();
        weights.extend(further.into_iter().filter(|node| !weights.contains(node)).collect::<Vec<_>>());
        is_fully_connected(&self.symbolic.graph, self.error, &weights)
    }

    /// The one of these multiples of the error, the same for all, of which every gradient is the derivative.
    fn gradients_hold(&self, judge: &Judge<'_, '_>, multiples: &[f64]) -> Option<f64> {
        let values = judge.values_of(&self.symbolic)?;
        let pairs: Vec<(f64, f64)> = self
            .gradients
            .iter()
            .zip(&self.symbolic.gradients)
            .map(|(&found, &derivative)| (values.get(found), values.get(derivative)))
            .collect();
        multiples.iter().copied().find(|factor| {
            let holds = |&(found, derivative): &(f64, f64)| {
                (found - factor * derivative).abs() <= SAME * derivative.abs() + 1e-15
            };
            pairs.iter().all(holds)
        })
    }
}
