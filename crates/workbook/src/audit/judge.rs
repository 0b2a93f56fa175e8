//! Every gradient held against the finite difference, and what may have gone wrong where they part.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ironcalc_base::expressions::parser::Node;

use super::address::Address;
use super::differences::Estimate;
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Case, Sheet};
use super::finding::{Finding, SlipKind};
use super::formula::{text_at, with_references};
use super::helper_derivative::Step;
use super::labels::label;
use super::lines::kind;
use super::repair::{ChangeKind, Trial};
use super::rows::Found;
use super::symbolic::Symbolic;
use super::table::{Part, Table};

/// How close two ratios are that count as the same factor.
const SAME_FACTOR: f64 = 1e-6;
/// Which error the gradients belong to.
pub(crate) struct Loss {
    /// What the sheet's error has to be multiplied by.
    pub factor: f64,
    /// The cell that should be the error and is not, where it is another one than the table's.
    pub total: Option<Address>,
    pub distances: Vec<Option<(f64, f64)>>,
    /// Whether one changed formula makes every gradient right, those of weights that the error leaves out among them.
    pub is_forward_wrong: bool,
}

/// One weight in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub step: i64,
    /// The gradient that the update applies.
    pub applied: Option<f64>,
    /// The value of the gradient's own cell, with the sign by which it is taken off.
    pub gradient: Option<f64>,
    pub estimate: Estimate,
    pub slack: f64,
}

impl Row {
    fn applied_holds(&self) -> Option<bool> {
        self.applied.map(|applied| self.estimate.holds(applied, self.slack))
    }

    fn gradient_holds(&self) -> Option<bool> {
        self.gradient.map(|gradient| self.estimate.holds(gradient, 0.0))
    }

    /// Whether a gradient with the sign of descent is rightly added.
    pub fn adds(&self) -> bool {
        let is_opposite = self.gradient.is_some_and(|gradient| self.estimate.holds(-gradient, self.slack));
        self.applied_holds() == Some(true) && self.gradient_holds() == Some(false) && is_opposite
    }

    /// Whether a gradient is rightly taken off as it stands, and could not have the other sign.
    pub fn takes(&self) -> bool {
        let is_opposite = self.gradient.is_some_and(|gradient| self.estimate.holds(-gradient, self.slack));
        self.applied_holds() == Some(true) && self.gradient_holds() == Some(true) && !is_opposite
    }

    pub fn holds(&self) -> bool {
        match self.applied_holds() {
            // A gradient that an update does not take as it stands may have any sign or size.
            Some(holds) => holds,
            None => self.gradient_holds().unwrap_or(true),
        }
    }
}

/// Judges the updates of a table. `blamed` are cells that were found wrong already.
pub(crate) fn findings(
    sheet: &mut Sheet<'_>,
    case: &Case,
    blamed: &BTreeSet<Address>,
) -> Result<(Found, Loss), AuditError> {
    let excused = excused(sheet, case, blamed);
    let mut judge = Judge::new(sheet, case, excused);
    let mut result = Found::default();
    let (factor, total) = judge.choose_loss(&mut result);
    judge.without_decay_or_momentum(&mut result);
    judge.settle_signs();
    let distances = judge.distances();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    let wrong = judge.rate_below_zero();
    let forward = if wrong.is_none() { judge.wrong_forward() } else { None };
    let is_forward_wrong = forward.is_some();
    if let Some(finding) = wrong.or(forward) {
        result.found.push(finding);
        done.extend(0..case.table.tracks.len());
    }
    for track in judge.nearest_the_error_first() {
        if !done.contains(&track) {
            judge.track(track, &mut done, &mut result)?;
        }
    }
    judge.odd_rates(&mut result);
    result.notes.extend(judge.typed_gradients());
    Ok((result, Loss { factor, total, distances, is_forward_wrong }))
}

/// The updates and gradients whose rows are wrong already because of a cell that they use.
fn excused(sheet: &Sheet<'_>, case: &Case, blamed: &BTreeSet<Address>) -> BTreeSet<(usize, i64)> {
    let table = &case.table;
    let mut by_step: BTreeMap<i64, BTreeSet<Address>> = BTreeMap::new();
    for line in case.lines.iter().filter(|line| !matches!(line.part, Part::Forward | Part::Given)) {
        for &step in line.deviants.keys() {
            if let Some(cell) = table.at(line.base, step).filter(|cell| blamed.contains(cell)) {
                by_step.entry(step).or_default().insert(cell);
            }
        }
    }
    let weights = table.weights();
    let mut excused = BTreeSet::new();
    for (&step, cells) in &by_step {
        for (k, track) in table.tracks.iter().enumerate() {
            let update = track.update_at(step);
            let gradient = table.rules[k].gradient.and_then(|gradient| table.at(gradient, step));
            let mut roots: Vec<Address> = gradient.into_iter().collect();
            roots.extend(update.map(|update| sheet.dependencies.needs(update)).unwrap_or_default());
            let mut uses = sheet.dependencies.closure(&roots, &weights);
            uses.extend(update);
            if !uses.is_disjoint(cells) {
                excused.insert((k, step));
            }
        }
    }
    excused
}

pub(crate) struct Judge<'a, 'b> {
    pub sheet: &'a mut Sheet<'b>,
    pub case: &'a Case,
    pub excused: BTreeSet<(usize, i64)>,
    /// By track.
    pub rows: Vec<Vec<Row>>,
    /// By track, whether its update rightly adds its gradient: see [`Judge::settle_signs`].
    pub adds: Vec<bool>,
    /// Whether most do.
    pub adds_usually: bool,
    pub symbolic: Option<Option<Symbolic>>,
    /// Helper cells that were found wrong, at the anchor, with what belongs there: what is behind them is judged with it.
    pub mended: Vec<(Address, Node)>,
    /// Steps of the table, differentiated.
    pub differentiated: BTreeMap<i64, Option<Rc<Step>>>,
    /// For how many gradients no change of a cell was found that mends them, kind by kind.
    pub failures: BTreeMap<(Address, ChangeKind), usize>,
}

impl<'a, 'b> Judge<'a, 'b> {
    /// A judge before its first verdict.
    pub fn new(sheet: &'a mut Sheet<'b>, case: &'a Case, excused: BTreeSet<(usize, i64)>) -> Self {
        Judge {
            sheet,
            case,
            excused,
            rows: Vec::new(),
            adds: vec![false; case.table.tracks.len()],
            adds_usually: false,
            symbolic: None,
            mended: Vec::new(),
            differentiated: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }
}

impl Judge<'_, '_> {
    pub fn table(&self) -> &Table {
        &self.case.table
    }

    /// The rows of every track against one error.
    pub fn rows_against(&self, targets: &[usize], factor: f64) -> Vec<Vec<Row>> {
        let case = self.case;
        (0..case.table.tracks.len())
            .map(|track| {
                let rule = &case.table.rules[track];
                let steps = case.tested.iter().filter(|step| !self.excused.contains(&(track, **step)));
                let gradient_in = |step: i64| -> Option<f64> {
                    let cell = case.table.at(rule.gradient?, step)?;
                    // A last pass forward may have no gradients behind it; an empty cell gives 0 all the same.
                    self.sheet.book.cells.contains_key(&cell).then(|| case.values.get(&cell).copied())?
                };
                // The last row has no update; there the gradient counts with the sign that the updates give it.
                let sign = case.applied[track].iter().find_map(|(&step, &applied)| {
                    let ratio = gradient_in(step)? / applied;
                    ((ratio.abs() - 1.0).abs() < SAME_FACTOR).then_some(ratio.signum())
                });
                steps
                    .filter_map(|&step| {
                        let mut sum: Option<Estimate> = None;
                        for &target in targets {
                            let found = *case.derivatives[target][track].get(&step)?;
                            sum = Some(sum.map_or(found, |sum| sum.plus(found)));
                        }
                        let gradient = gradient_in(step);
                        let implied = || gradient.zip(sign).map(|(gradient, sign)| sign * gradient);
                        Some(Row {
                            step,
                            applied: case.applied[track].get(&step).copied().or_else(implied),
                            gradient,
                            estimate: sum?.times(factor),
                            slack: case.slack(track, step),
                        })
                    })
                    .collect()
            })
            .collect()
    }

    /// Of a single pass, the right gradients that are numbers where those beside them have formulas; in a table a row tells.
    fn typed_gradients(&self) -> Vec<String> {
        let (table, book) = (self.table(), self.sheet.book);
        let is_typed = |cell: Address| book.cells.contains_key(&cell) && book.formula(cell).is_none();
        let gradients: Vec<(usize, Address)> =
            table.rules.iter().enumerate().filter_map(|(track, rule)| Some((track, rule.gradient?))).collect();
        let typed =
            gradients.iter().filter(|(track, cell)| is_typed(*cell) && self.rows[*track].iter().all(Row::holds));
        let typed: Vec<Address> = typed.map(|(_, cell)| *cell).collect();
        if table.first < table.last || 2 * typed.len() > gradients.len() {
            return Vec::new();
        }
        let note = |cell: &Address| {
            format!("{} is a typed number among formulas: it is right, and follows no weight.", book.spelled(*cell))
        };
        typed.iter().map(note).collect()
    }

    /// The tracks, those first whose gradients are made of the fewest cells: what is wrong near the error is told there, and
    /// not once more in all that is made of it.
    fn nearest_the_error_first(&self) -> Vec<usize> {
        let (table, weights) = (self.table(), self.table().weights());
        let mut tracks: Vec<usize> = (0..table.tracks.len()).collect();
        tracks.sort_by_cached_key(|&track| {
            let gradient = table.rules[track].gradient.and_then(|gradient| table.at(gradient, table.first));
            gradient.map_or(0, |gradient| self.sheet.dependencies.closure(&[gradient], &weights).len())
        });
        tracks
    }

    /// A trial of the track's own gradient, or update, in no row yet.
    pub fn trial(&self, track: usize) -> Trial<'_> {
        let table = &self.case.table;
        let gradient = table.rules[track].gradient;
        // What an update holds is the weight less the gradient, however that is written.
        let sign = gradient.map_or(1.0, |_| self.sign(track));
        let wanted = |row: &Row| (row.step, (sign * row.estimate.value, row.estimate.tolerance() + row.slack));
        Trial {
            case: self.case,
            culprit: gradient.unwrap_or(table.tracks[track].update),
            rows: &[],
            track,
            wanted: self.rows[track].iter().map(wanted).collect(),
            mended: &self.mended,
            other: None,
        }
    }

    /// The largest distance of each track, with the tolerance there.
    fn distances(&self) -> Vec<Option<(f64, f64)>> {
        let distance = |row: &Row| {
            let value = row.applied.or(row.gradient)?;
            Some(((value - row.estimate.value).abs(), row.estimate.tolerance() + row.slack))
        };
        self.rows
            .iter()
            .map(|rows| rows.iter().filter_map(distance).max_by(|x, y| (x.0 / x.1).total_cmp(&(y.0 / y.1))))
            .collect()
    }

    fn track(&mut self, track: usize, done: &mut BTreeSet<usize>, result: &mut Found) -> Result<(), AuditError> {
        let table = &self.case.table;
        let weights = &table.tracks[track];
        let own_start =
            weights.updates.iter().filter(|(step, update)| weights.weight_at(**step) == Some(update.previous)).count();
        if 2 * own_start < weights.updates.len() {
            result.found.push(self.wrong_start(track));
            return Ok(());
        }
        let bad: Vec<Row> = self.rows[track].iter().filter(|row| !row.holds()).copied().collect();
        if bad.is_empty() {
            return Ok(());
        }
        let name = label(self.sheet.book, table, weights.weight);
        let opposite = |value: Option<f64>, row: &Row| {
            value.is_some_and(|value| row.estimate.holds(-value, row.slack) && value != 0.0)
        };
        let applied_rows: Vec<&Row> = bad.iter().filter(|row| row.applied.is_some()).collect();
        let gradients_hold = bad.iter().all(|row| row.gradient_holds() == Some(true));
        let updates_opposite = !applied_rows.is_empty() && applied_rows.iter().all(|row| opposite(row.applied, row));
        let gradients_opposite = bad.iter().all(|row| opposite(row.gradient, row));
        let cell = |base: Address| table.at(base, bad[0].step).unwrap_or(base);

        if gradients_hold || (updates_opposite && table.rules[track].gradient.is_none()) {
            let kind = if updates_opposite { SlipKind::WrongSign } else { SlipKind::WrongUpdate };
            let earlier = table.rules[track].gradient.and_then(|gradient| table.at(gradient, bad[0].step - 1));
            let update = weights.update_at(bad[0].step);
            let is_at = |cell: Address, step: i64| {
                table.rules[track].gradient.and_then(|gradient| table.at(gradient, step)) == Some(cell)
            };
            let uses =
                |cell: &Address| update.is_some_and(|update| self.sheet.dependencies.needs(update).contains(cell));
            let other_row = || {
                let own = table.rules[track].gradient.and_then(|gradient| table.at(gradient, bad[0].step))?;
                let needs = self.sheet.dependencies.needs(update?);
                let is_other = |cell: &&Address| **cell != own && table.steps().any(|step| is_at(**cell, step));
                needs.iter().find(is_other).copied()
            };
            let other = if updates_opposite { None } else { other_row() };
            let words = if let Some(held) = other.filter(|cell| table.fixed.contains(cell)) {
                format!("the update takes the gradient of {name} from {held} in every row, and not from its own row")
            } else if let Some(earlier) = earlier.filter(|cell| !updates_opposite && uses(cell)) {
                format!("the update takes the gradient of {name} from {earlier}, one row too early")
            } else if let Some(other) = other {
                format!("the update takes the gradient of {name} from {other} and not from its own row")
            } else if updates_opposite {
                let (is, must) = if self.adds[track] { ("taken off", "added") } else { ("added", "taken off") };
                format!(
                    "the gradient is {is} where it has to be {must}, so {name} climbs the error instead of descending it"
                )
            } else {
                format!("the gradient is right, but the update does not take rate times gradient off {name}")
            };
            let finding =
                self.update_finding(kind, track, &bad, words, &mut |judge, step| judge.plain_update(track, step));
            result.found.push(finding);
            return Ok(());
        }
        if let Some((helper, repair)) = self.repair_of_helper(track, &bad)? {
            let finding = self.wrong_helper(track, helper, &bad, &repair, done)?;
            result.found.push(finding);
            return Ok(());
        }
        if gradients_opposite {
            let gradient = table.rules[track].gradient.unwrap_or(weights.update);
            let finding =
                self.negated(track, gradient, &bad, format!("the derivative has the wrong sign in {}", cell(gradient)));
            result.found.push(finding);
            return Ok(());
        }
        if let Some(finding) = self.wrong_weight(track, &bad, &name) {
            result.found.push(finding);
            return Ok(());
        }
        let finding = self.wrong_derivative(track, &bad, &name, done)?;
        result.found.push(finding);
        Ok(())
    }

    /// The steps in which a cell has the same formula as in the bad rows.
    fn alike(&self, base: Address, bad: &[Row]) -> Vec<i64> {
        let table = self.table();
        let kind_at = |step: i64| table.at(base, step).map(|cell| kind(self.sheet.book, table, cell, step));
        let kinds: BTreeSet<_> = bad.iter().filter_map(|row| kind_at(row.step)).collect();
        (table.first..=table.sheet_last)
            .filter(|&step| kind_at(step).is_some_and(|kind| kinds.contains(&kind)))
            .collect()
    }

    pub fn finding(&self, kind: SlipKind, track: usize, base: Address, bad: &[Row], explanation: String) -> Finding {
        let table = self.table();
        let is_update = base == table.tracks[track].update;
        let mut steps = self.alike(base, bad);
        let holds = |step: &i64| table.at(base, *step).is_some_and(|cell| self.sheet.book.cells.contains_key(&cell));
        // Where nothing stands at all, that is what is wrong.
        if steps.iter().any(holds) {
            steps.retain(holds);
        }
        let cells = steps.iter().filter_map(|&step| table.at(base, step)).collect();
        let (first, sign) = (bad[0], self.sign(track));
        Finding {
            kind,
            track: Some(track),
            cells,
            steps,
            value: if is_update { first.applied } else { first.gradient.map(|own| sign * own).or(first.applied) },
            expected: Some(if is_update { first.estimate.value } else { sign * first.estimate.value }),
            tolerance: Some(first.estimate.tolerance() + if is_update { first.slack } else { 0.0 }),
            explanation,
            corrections: BTreeMap::new(),
        }
    }

    pub fn update_finding(
        &mut self,
        kind: SlipKind,
        track: usize,
        bad: &[Row],
        explanation: String,
        correct: &mut dyn FnMut(&mut Self, i64) -> Option<String>,
    ) -> Finding {
        let mut finding = self.finding(kind, track, self.table().tracks[track].update, bad, explanation);
        for (cell, step) in finding.cells.clone().into_iter().zip(finding.steps.clone()) {
            if let Some(text) = correct(self, step) {
                finding.corrections.insert(cell, Content::Formula(text));
            }
        }
        self.blame_step_cells(track, &mut finding);
        finding
    }

    fn negated(&mut self, track: usize, base: Address, bad: &[Row], explanation: String) -> Finding {
        let mut finding = self.finding(SlipKind::WrongSign, track, base, bad, explanation);
        let book = self.sheet.book;
        for &cell in &finding.cells {
            if let Some(formula) = book.formula(cell) {
                let text = match formula.text.trim().strip_prefix("-(").and_then(|rest| rest.strip_suffix(')')) {
                    Some(inner) if !inner.contains(['(', ')']) => inner.to_owned(),
                    _ => format!("-({})", formula.text.trim()),
                };
                finding.corrections.insert(cell, Content::Formula(text));
            }
        }
        finding
    }

    fn wrong_start(&mut self, track: usize) -> Finding {
        let table = self.table();
        let weights = &table.tracks[track];
        let name = label(self.sheet.book, table, weights.weight);
        let explanation = format!("the update of {name} does not start from {name} but from another weight");
        let (mut cells, mut steps, mut corrections) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (&step, update) in &weights.updates {
            let (Some(own), Some(formula)) = (weights.weight_at(step), self.sheet.book.formula(update.cell)) else {
                continue;
            };
            if update.previous != own {
                let node = with_references(&formula.node, update.cell, &mut |_, from| {
                    (from == update.previous).then_some(own)
                });
                cells.push(update.cell);
                steps.push(step);
                // A reference held by dollar signs must be let go, or it holds on to a row again.
                let is_held = table.fixed.contains(&update.previous);
                let text = self.plain_update(track, step).filter(|_| is_held);
                let text = text.unwrap_or_else(|| text_at(&node, &self.sheet.book.sheets, update.cell));
                corrections.insert(update.cell, Content::Formula(text));
            }
        }
        let value = cells.first().and_then(|&cell| self.sheet.engine.number(cell));
        let kind = SlipKind::WrongStart;
        Finding {
            kind,
            track: Some(track),
            cells,
            steps,
            value,
            expected: None,
            tolerance: None,
            explanation,
            corrections,
        }
    }

    fn wrong_derivative(
        &mut self,
        track: usize,
        bad: &[Row],
        name: &str,
        done: &mut BTreeSet<usize>,
    ) -> Result<Finding, AuditError> {
        let table = &self.case.table;
        let book = self.sheet.book;
        let gradient = table.rules[track].gradient;
        let culprit = gradient.unwrap_or(table.tracks[track].update);
        let home = table.at(culprit, bad[0].step).unwrap_or(culprit);
        let what = match gradient {
            Some(_) if book.formula(home).is_none() => "number typed",
            Some(_) => "formula",
            None => "gradient inside the update",
        };
        let mut explanation = format!("the {what} in {home} is not the derivative of the error by {name}");
        let ratio = |row: &Row| Some(row.gradient.or(row.applied)? / row.estimate.value);
        if let Some(first) = ratio(&bad[0])
            && bad.iter().all(|row| ratio(row).is_some_and(|ratio| (ratio / first - 1.0).abs() < SAME_FACTOR))
            && bad.len() > 1
        {
            explanation.push_str(&format!(": it is {} times as large", super::report::short(first)));
        }
        let is_empty = !book.cells.contains_key(&home);
        let repaired = self.likely_repair(track, bad)?;
        let kind = if is_empty { SlipKind::NeverTrained } else { SlipKind::WrongDerivative };
        if is_empty {
            explanation = format!("{name} is never trained: {home}, where its gradient belongs, is empty");
        }
        let mut finding = self.finding(kind, track, culprit, bad, explanation);
        if let Some((base, repair)) = repaired {
            if base != culprit {
                return self.wrong_helper(track, base, bad, &repair, done);
            }
            finding.explanation.push_str(&format!("; {}", repair.words));
            for &cell in &finding.cells {
                let text = text_at(&repair.node, &book.sheets, cell);
                finding.corrections.insert(cell, Content::Formula(text));
            }
            return Ok(finding);
        }
        for (&cell, &step) in finding.cells.iter().zip(&finding.steps) {
            if let Some(derivative) = self.derived(track, step, cell.sheet) {
                let text = if gradient.is_some() {
                    Some(if self.adds[track] { format!("-({derivative})") } else { derivative })
                } else {
                    self.update_with(track, step, &format!("({derivative})"))
                };
                finding.corrections.extend(text.map(|text| (cell, Content::Formula(text))));
            }
        }
        Ok(finding)
    }
}
