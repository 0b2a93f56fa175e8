//! The derivative that a helper cell of the way back should hold, where no small change makes its formula right.
//!
//! What the cell would have to hold for the gradients behind it to be right follows from how they depend on it; which
//! quantity's derivative that is, from the derivatives by every quantity of the forward pass.

use std::collections::BTreeMap;

use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::{NodeId, Op};

use super::address::Address;
use super::error::AuditError;
use super::judge::Judge;
use super::labels::label;
use super::repair::{Repair, Trial, others, wanted_values};
use super::symbolic::Symbolic;
use super::table::Part;

/// Relative distance up to which a number is the derivative.
const SAME: f64 = 1e-9;

/// One step's forward formulas differentiated.
struct Step {
    symbolic: Symbolic,
    values: Values,
}

impl Step {
    /// The derivative of the error by the quantity in a cell.
    fn gradient(&self, cell: Address) -> Option<(NodeId, f64)> {
        let node = self.symbolic.gradient_of(cell)?;
        Some((node, self.values.get(node)))
    }
}

impl Judge<'_, '_> {
    /// The derivative of the error that belongs into a helper cell for a track's gradient to be right in these steps.
    pub fn derivative_for(
        &mut self,
        track: usize,
        helper: Address,
        steps: &[i64],
    ) -> Result<Option<Repair>, AuditError> {
        let trial = Trial { culprit: helper, rows: steps, ..self.trial(track) };
        let Some(wanted) = wanted_values(self.sheet, &trial)? else { return Ok(None) };
        let Some(differentiated) = steps.iter().map(|&step| self.differentiated(step)).collect::<Option<Vec<Step>>>()
        else {
            return Ok(None);
        };
        let (book, table) = (self.sheet.book, &self.case.table);
        let (Some(&first), Some(step)) = (steps.first(), differentiated.first()) else { return Ok(None) };
        let Some(home) = table.at(helper, first) else { return Ok(None) };
        let is_wanted = |base: &Address| {
            differentiated.iter().zip(steps).zip(&wanted).all(|((step, &row), &(wanted, tolerance))| {
                let found = table.at(*base, row).and_then(|cell| step.gradient(cell));
                found.is_some_and(|(_, value)| (value - wanted).abs() <= tolerance + SAME * wanted.abs())
            })
        };
        let Some((quantity, node)) = self.forward().into_iter().find_map(|base| {
            let (node, _) = step.gradient(table.at(base, first)?)?;
            is_wanted(&base).then_some((base, node))
        }) else {
            return Ok(None);
        };
        let names = self.helpers_that_hold(&differentiated, steps, home);
        let Some(text) = step.symbolic.formula(book, table, first, node, home.sheet, &names) else { return Ok(None) };
        let words = format!("it is not the derivative of the error by {}", label(book, table, quantity));
        Ok(self.sheet.reader.read(&text, home).map(|formula| Repair { node: formula.node, words }))
    }

    /// The quantities between weights and error.
    fn forward(&self) -> Vec<Address> {
        self.table().moving.iter().filter(|(_, part)| **part == Part::Forward).map(|(&base, _)| base).collect()
    }

    fn differentiated(&self, step: i64) -> Option<Step> {
        let symbolic = Symbolic::of(self.sheet.book, self.table(), step)?;
        let mut variables = Vec::new();
        let is_variable = |node: NodeId| symbolic.graph.node(node).op == Op::Variable;
        for (&cell, &node) in symbolic.nodes.iter().filter(|(_, node)| is_variable(**node)) {
            variables.push((node, self.value(cell)?));
        }
        let values = Values::of(&symbolic.graph, &variables);
        Some(Step { symbolic, values })
    }

    fn value(&self, cell: Address) -> Option<f64> {
        self.case.values.get(&cell).copied().or_else(|| self.sheet.engine.number(cell))
    }

    /// The derivatives, of the first of these steps, that stand in other helper cells already, which the formula of `home`
    /// may take.
    fn helpers_that_hold(&self, differentiated: &[Step], steps: &[i64], home: Address) -> BTreeMap<NodeId, Address> {
        let table = self.table();
        let first = steps[0];
        let is_gradient = |base: Address| table.rules.iter().any(|rule| rule.gradient == Some(base));
        let helpers: Vec<Address> = others(self.sheet, self.case, home, first)
            .into_iter()
            .filter_map(|cell| cell.shifted(table.shift, table.anchor - first))
            .filter(|base| table.moving.get(base) == Some(&Part::Backward) && !is_gradient(*base))
            .collect();
        let mut names = BTreeMap::new();
        for quantity in self.forward() {
            let holds = |helper: &&Address| {
                differentiated.iter().zip(steps).all(|(step, &row)| {
                    let gradient = table.at(quantity, row).and_then(|cell| step.gradient(cell));
                    let held = table.at(**helper, row).and_then(|cell| self.value(cell));
                    gradient.zip(held).is_some_and(|((_, gradient), held)| {
                        held != 0.0 && (gradient - held).abs() <= SAME * held.abs()
                    })
                })
            };
            let node = table.at(quantity, first).and_then(|cell| differentiated.first()?.gradient(cell));
            if let (Some((node, _)), Some(helper)) = (node, helpers.iter().find(holds))
                && let Some(cell) = table.at(*helper, first)
            {
                names.entry(node).or_insert(cell);
            }
        }
        names
    }
}
