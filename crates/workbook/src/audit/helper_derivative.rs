//! The derivative that a helper cell of the way back should hold: where no small change makes its formula right, or that
//! change is the longer one.
//!
//! What the cell would have to hold for the gradients behind it to be right follows from how they depend on it; which
//! quantity's derivative that is, from the derivatives by every quantity of the forward pass.

use std::collections::BTreeMap;
use std::rc::Rc;

use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::{NodeId, Op};

use ironcalc_base::expressions::parser::Node;

use super::address::Address;
use super::error::AuditError;
use super::formula::references;
use super::judge::Judge;
use super::labels::label;
use super::repair::{Repair, Trial, others, wanted_values};
use super::symbolic::Symbolic;
use super::table::Part;

/// Relative distance up to which a number is the derivative.
const SAME: f64 = 1e-9;
/// The longest formula that somebody would type, about.
const READABLE: usize = 160;

/// One step's forward formulas differentiated.
pub(crate) struct Step {
    pub symbolic: Symbolic,
    /// The derivative of the error by the quantity in a cell, and its value.
    gradients: BTreeMap<Address, (NodeId, f64)>,
    /// What gradients are made of: see [`Symbolic::parts`].
    parts: Vec<f64>,
}

impl Step {
    fn gradient(&self, cell: Address) -> Option<(NodeId, f64)> {
        self.gradients.get(&cell).copied()
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
        let Some(differentiated) = self.differentiated(steps) else { return Ok(None) };
        let (book, table, sign) = (self.sheet.book, &self.case.table, self.sign(track));
        let (Some(&first), Some(step)) = (steps.first(), differentiated.first()) else { return Ok(None) };
        let Some(home) = table.at(helper, first) else { return Ok(None) };
        let is_wanted = |base: &Address| {
            differentiated.iter().zip(steps).zip(&wanted).all(|((step, &row), &(wanted, tolerance))| {
                let found = table.at(*base, row).and_then(|cell| step.gradient(cell));
                found.is_some_and(|(_, value)| (sign * value - wanted).abs() <= tolerance + SAME * wanted.abs())
            })
        };
        let names = self.helpers_that_hold(&differentiated, steps, home);
        // Where several derivatives are the same, as through an identity or a living ReLU, one that stands in no helper cell
        // yet, and of these the one that is written shortest.
        let all = self.forward().into_iter().filter(|base| is_wanted(base)).filter_map(|base| {
            let (node, _) = step.gradient(table.at(base, first)?)?;
            let own = step.symbolic.formula(book, table, first, node, home.sheet, &names)?;
            Some((base, names.contains_key(&node), own))
        });
        let Some((quantity, _, own)) = all.min_by_key(|(_, is_held, text)| (*is_held, text.len())) else {
            return Ok(None);
        };
        // What is made of helper cells with the sign of descent has it too.
        let is_made_of_them = |node: &Node| {
            references(node, home).iter().any(|reference| names.values().any(|&name| name == reference.to))
        };
        let text = match self.sheet.reader.read(&own, home) {
            Some(read) if sign < 0.0 && !is_made_of_them(&read.node) => format!("-({own})"),
            _ => own,
        };
        let words = format!("it is not the derivative of the error by {}", label(book, table, quantity));
        let text = match self.difference(&wanted, sign, steps, home) {
            Some(short) if text.len() > READABLE => short,
            _ => text,
        };
        Ok(self.sheet.reader.read(&text, home).map(|formula| Repair { node: formula.node, words, is_sign: false }))
    }

    /// The quantities between weights and error.
    fn forward(&self) -> Vec<Address> {
        self.table().moving.iter().filter(|(_, part)| **part == Part::Forward).map(|(&base, _)| base).collect()
    }

    /// `out − target` where that is all that is left, as it is of softmax with cross-entropy.
    fn difference(&self, wanted: &[(f64, f64)], sign: f64, steps: &[i64], home: Address) -> Option<String> {
        let table = self.table();
        let read = |cells: Vec<Option<Address>>| -> Option<Vec<f64>> {
            cells.into_iter().map(|cell| self.value(cell?)).collect()
        };
        let in_rows = |base: Address| read(steps.iter().map(|&row| table.at(base, row)).collect());
        let moving = table.moving.iter().filter(|(_, part)| **part == Part::Given);
        let mut given: Vec<(String, Vec<f64>)> =
            moving.filter_map(|(&base, _)| Some((table.at(base, steps[0])?.a1(), in_rows(base)?))).collect();
        let fixed = table.fixed.iter().filter(|cell| cell.sheet == home.sheet);
        given.extend(fixed.filter_map(|&cell| Some((cell.absolute_a1(), read(vec![Some(cell); steps.len()])?))));
        self.forward().into_iter().filter(|base| base.sheet == home.sheet).find_map(|base| {
            let (out, cell) = (in_rows(base)?, table.at(base, steps[0])?);
            let is_left = |(_, target): &&(String, Vec<f64>)| {
                let mut rows = out.iter().zip(target).zip(wanted);
                rows.all(|((out, target), (wanted, tolerance))| {
                    (sign * (out - target) - wanted).abs() <= tolerance + SAME
                })
            };
            let (target, _) = given.iter().find(is_left)?;
            Some(if sign < 0.0 { format!("{target}-{}", cell.a1()) } else { format!("{}-{target}", cell.a1()) })
        })
    }

    /// Whether a helper cell holds, in these steps, the derivative of the error by some quantity, that of a term of the error,
    /// or that of a quantity by one that its formula takes.
    pub fn holds_derivative(&mut self, helper: Address, steps: &[i64]) -> bool {
        let Some(differentiated) = self.differentiated(steps) else { return false };
        self.forward().into_iter().any(|quantity| self.holds(helper, quantity, &differentiated, steps))
            || self.holds_part(helper, &differentiated, steps)
    }

    fn holds(&self, helper: Address, quantity: Address, differentiated: &[Rc<Step>], steps: &[i64]) -> bool {
        let (table, sign) = (self.table(), self.usual_sign());
        let pairs = differentiated.iter().zip(steps).map(|(step, &row)| {
            let (_, gradient) = step.gradient(table.at(quantity, row)?)?;
            Some((gradient, self.value(table.at(helper, row)?)?))
        });
        let pairs: Option<Vec<(f64, f64)>> = pairs.collect();
        pairs.is_some_and(|pairs| {
            pairs.iter().any(|(_, held)| *held != 0.0)
                && pairs.iter().all(|(gradient, held)| (sign * gradient - held).abs() <= SAME * held.abs() + 1e-15)
        })
    }

    fn holds_part(&self, helper: Address, differentiated: &[Rc<Step>], steps: &[i64]) -> bool {
        let held: Option<Vec<f64>> = steps.iter().map(|&row| self.value(self.table().at(helper, row)?)).collect();
        let Some(held) = held else { return false };
        let count = differentiated.iter().map(|step| step.parts.len()).min().unwrap_or(0);
        (0..count).any(|part| {
            let mut pairs = differentiated.iter().map(|step| step.parts[part]).zip(&held);
            pairs.all(|(part, held)| *held != 0.0 && (part - held).abs() <= SAME * held.abs())
        })
    }

    /// These steps differentiated; `None` where one of them has a function without a rule.
    pub fn differentiated(&mut self, steps: &[i64]) -> Option<Vec<Rc<Step>>> {
        for &step in steps {
            if !self.differentiated.contains_key(&step) {
                let found = self.differentiate(step).map(Rc::new);
                self.differentiated.insert(step, found);
            }
        }
        steps.iter().map(|step| self.differentiated.get(step).cloned().flatten()).collect()
    }

    fn differentiate(&self, step: i64) -> Option<Step> {
        let mut symbolic = Symbolic::of(self.sheet.book, self.table(), step)?;
        let terms: Vec<Address> =
            self.table().error_terms.iter().filter_map(|&term| self.table().at(term, step)).collect();
        let parts = symbolic.parts(&terms);
        let values = self.values_of(&symbolic)?;
        let parts = parts.into_iter().map(|part| values.get(part)).collect();
        let gradient = |&cell: &Address| {
            let node = symbolic.gradient_of(cell)?;
            Some((cell, (node, values.get(node))))
        };
        let gradients = symbolic.nodes.keys().filter_map(gradient).collect();
        Some(Step { symbolic, gradients, parts })
    }

    /// The values of a step's formulas; `None` where a cell that they need holds no number.
    pub fn values_of(&self, symbolic: &Symbolic) -> Option<Values> {
        let graph = &symbolic.graph;
        let variables = symbolic.nodes.iter().filter(|(_, node)| graph.node(**node).op == Op::Variable);
        let known: Option<Vec<(NodeId, f64)>> =
            variables.map(|(&cell, &node)| Some((node, self.value(cell)?))).collect();
        Some(Values::of(graph, &known?))
    }

    /// The number in a cell, with the weights of its row as they are.
    pub fn value(&self, cell: Address) -> Option<f64> {
        self.case.values.get(&cell).copied().or_else(|| self.sheet.engine.number(cell))
    }

    /// The derivatives, of the first of these steps, that stand in other helper cells already, which the formula of `home`
    /// may take.
    fn helpers_that_hold(
        &self,
        differentiated: &[Rc<Step>],
        steps: &[i64],
        home: Address,
    ) -> BTreeMap<NodeId, Address> {
        let table = self.table();
        let first = steps[0];
        let is_gradient = |base: Address| table.rules.iter().any(|rule| rule.gradient == Some(base));
        let helpers: Vec<Address> = others(self.sheet, self.case, home, first)
            .into_iter()
            .filter_map(|cell| cell.shifted(table.shift, table.anchor - first))
            .filter(|base| table.moving.get(base) == Some(&Part::Backward) && !is_gradient(*base))
            .collect();
        let mut names = BTreeMap::new();
        let Some(step) = differentiated.first() else { return names };
        // Of quantities with the same derivative, as before and behind a living ReLU, a helper stands for the one nearest the
        // error that no other stands for.
        let mut quantities: Vec<(NodeId, Address, NodeId)> = self
            .forward()
            .into_iter()
            .filter_map(|base| {
                let cell = table.at(base, first)?;
                Some((*step.symbolic.nodes.get(&cell)?, base, step.gradient(cell)?.0))
            })
            .collect();
        quantities.sort_by_key(|(node, ..)| std::cmp::Reverse(node.index()));
        for helper in helpers {
            let is_free = |gradient: NodeId| !names.contains_key(&gradient);
            let held = quantities.iter().find(|(_, quantity, gradient)| {
                is_free(*gradient) && self.holds(helper, *quantity, differentiated, steps)
            });
            if let (Some((.., gradient)), Some(cell)) = (held, table.at(helper, first)) {
                names.insert(*gradient, cell);
            }
        }
        names
    }
}
