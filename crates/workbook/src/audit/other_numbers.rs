//! Whether a change that is right in the rows of a table is right by chance: where i2 is twice i1, as in the textbook's
//! network, 2·i1 stands for i2 in every row.
//!
//! Inputs, targets and weights of a row are moved, its forward formulas worked out with them, and its gradient by
//! differentiation. What belongs into the sheet is right there as well.

use std::collections::BTreeMap;

use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::Op;

use super::address::Address;
use super::book::{Book, Value};
use super::engine::Engine;
use super::formula::Expr;
use super::judge::Judge;
use super::repair::{Trial, is_rate};
use super::table::Part;

/// How far the factor between the gradients of the sheet and those of its error may vary from row to row.
const SAME_FACTOR: f64 = 1e-6;
/// Relative distance up to which a gradient is right. What is right by chance is off by much more.
const RIGHT: f64 = 1e-7;

/// A row with other numbers.
pub(crate) struct OtherNumbers {
    pub step: i64,
    /// What cells hold there: those of the forward pass, and others with a number that is moved.
    pub cells: BTreeMap<Address, f64>,
    gradient: f64,
    weight: f64,
}

impl OtherNumbers {
    /// Whether the cell of a gradient, or of an update, has the right value there.
    pub fn is_right(&self, trial: &Trial<'_>, engine: &Engine, cell: Address) -> bool {
        let table = &trial.case.table;
        let Some(value) = engine.number(cell) else { return false };
        let tolerance = RIGHT * self.gradient.abs();
        if table.tracks[trial.track].update != trial.culprit {
            return (value - self.gradient).abs() <= tolerance;
        }
        let Some(rate) = trial.case.rates[trial.track].get(&self.step) else { return false };
        let rounding = 8.0 * f64::EPSILON * self.weight.abs() / rate.abs();
        ((self.weight - value) / rate.abs() - self.gradient).abs() <= tolerance + rounding
    }
}

impl Judge<'_, '_> {
    /// The first of these rows with other numbers, for the gradient of a track; `None` where that cannot be worked out.
    pub fn other_numbers(&mut self, track: usize, rows: &[i64]) -> Option<OtherNumbers> {
        let steps = self.differentiated(rows)?;
        let wanted = self.trial(track).wanted;
        let mut factors = Vec::new();
        for (step, row) in steps.iter().zip(rows) {
            let own = self.values_of(&step.symbolic)?.get(*step.symbolic.gradients.get(track)?);
            factors.push(wanted.get(row)?.0 / own);
        }
        let (&factor, &row) = factors.first().zip(rows.first())?;
        if !factors.iter().all(|other| (other / factor - 1.0).abs() <= SAME_FACTOR) {
            return None;
        }
        let symbolic = &steps.first()?.symbolic;
        let typed = self.typed_numbers(row);
        // Targets of a cross-entropy have to add up to 1.
        let has_logarithm = symbolic.graph.ids().any(|id| symbolic.graph.node(id).op == Op::Ln);
        let stays = |value: f64| typed.contains(&value) || has_logarithm && (value == 0.0 || value == 1.0);
        let mut moved: BTreeMap<u64, f64> = BTreeMap::new();
        let mut known = Vec::new();
        for (&cell, &node) in symbolic.nodes.iter().filter(|(_, node)| symbolic.graph.node(**node).op == Op::Variable) {
            let before = self.value(cell)?;
            let after = if stays(before) { before } else { other_number(before) };
            moved.insert(before.to_bits(), after);
            known.push((node, after));
        }
        let values = Values::of(&symbolic.graph, &known);
        let mut cells = self.same_numbers(row, &moved);
        cells.extend(symbolic.nodes.iter().map(|(&cell, &node)| (cell, values.get(node))));
        Some(OtherNumbers {
            step: row,
            gradient: factor * values.get(symbolic.gradients[track]),
            weight: *cells.get(&self.table().tracks[track].weight_at(row)?)?,
            cells,
        })
    }

    /// The numbers that are typed into the formulas of the way back: where one is an input, that has to stay what it is.
    fn typed_numbers(&self, row: i64) -> Vec<f64> {
        fn below(expr: &Expr, numbers: &mut Vec<f64>) {
            match expr {
                Expr::Number(value) => numbers.push(*value),
                // The 1 of 1 − a and of 1/(1 + e⁻ˣ) is no input.
                Expr::Subtract(one, rest) | Expr::Divide(one, rest) if **one == Expr::Number(1.0) => {
                    below(rest, numbers)
                }
                _ => expr.parts().into_iter().for_each(|part| below(part, numbers)),
            }
        }
        let mut numbers = Vec::new();
        let is_backward = |part: &Part| matches!(part, Part::Backward | Part::Update | Part::Aside);
        for (&base, _) in self.table().moving.iter().filter(|(_, part)| is_backward(part)) {
            let formula = self.table().at(base, row).and_then(|cell| self.sheet.book.formula(cell));
            if let Some(formula) = formula {
                below(&formula.expr, &mut numbers);
            }
        }
        numbers
    }

    /// Cells without a formula that hold a number that is moved: the same input may be typed twice.
    fn same_numbers(&self, row: i64, moved: &BTreeMap<u64, f64>) -> BTreeMap<Address, f64> {
        let table = self.table();
        let of_row = table.moving.keys().filter_map(|&base| table.at(base, row));
        let cells = of_row.chain(table.fixed.iter().copied()).filter(|&cell| !is_rate(table, cell));
        cells.filter_map(|cell| Some((cell, *moved.get(&typed(self.sheet.book, cell)?.to_bits())?))).collect()
    }
}

/// The number that is typed into a cell.
fn typed(book: &Book, cell: Address) -> Option<f64> {
    match book.cells.get(&cell) {
        Some(found) if found.formula.is_none() => match found.value {
            Value::Number(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

/// Another number of the same sign and about the same size, of 0 a small one; the same for the same number.
fn other_number(value: f64) -> f64 {
    // Fibonacci hashing: the high bits of a product with 2⁶⁴ over the golden ratio.
    let share = (value.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / (1u64 << 24) as f64;
    if value == 0.0 { 0.375 } else { value * (0.75 + 0.5 * share) }
}

#[cfg(test)]
mod tests {
    use super::other_number;

    #[test]
    fn other_numbers_keep_no_ratio() {
        for (small, large) in [(0.05, 0.1), (1.0, 2.0), (0.5, 1.0), (0.2, 0.4), (0.15, 0.3), (0.01, 0.1)] {
            let ratio = other_number(large) / other_number(small);
            assert!((ratio / (large / small) - 1.0).abs() > 1e-3, "{small} and {large}: {ratio}");
            assert_eq!(other_number(small), other_number(small));
        }
        assert!(other_number(-0.3) < 0.0);
        assert!([0.0, 1.0].iter().all(|&value| (other_number(value) - value).abs() > 1e-3));
    }
}
