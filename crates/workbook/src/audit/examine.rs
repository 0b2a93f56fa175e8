//! The audit from the cells of a workbook to what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::book::{Book, Value};
use super::dependencies::Dependencies;
use super::differences::{Derivatives, Task, derivatives};
use super::drift;
use super::engine::{Content, Engine, number_in};
use super::error::AuditError;
use super::finding::{Finding, SlipKind};
use super::formula::{FormulaReader, text_at};
use super::idle;
use super::judge;
use super::lines::{Line, lines};
use super::merging::one_for_a_cell;
use super::misshapen::explained;
use super::odd_term::blame_the_error;
use super::other_loss::note_other_losses;
use super::rounding::Rounding;
use super::rows;
use super::sheet_chain::stale_starts;
use super::sliding::sliding;
use super::table::{Part, Table, tables};
use super::tested_steps::tested_steps;
use super::untrained;
use super::unwrapped::unwrapped;

/// A workbook with everything that judging needs.
pub(crate) struct Sheet<'a> {
    pub book: &'a Book,
    pub dependencies: &'a Dependencies,
    /// The whole workbook as it is.
    pub engine: Engine,
    pub reader: FormulaReader,
}

/// A table with its rows made independent of each other.
pub(crate) struct Case {
    pub table: Table,
    pub lines: Vec<Line>,
    /// The steps that were differentiated.
    pub tested: Vec<i64>,
    /// By target, track and step; the error first, then its terms.
    pub derivatives: Derivatives,
    /// What each update takes off its weight, over the rate: the gradient that is applied, by track and step.
    pub applied: Vec<BTreeMap<i64, f64>>,
    /// The rate by track and step.
    pub rates: Vec<BTreeMap<i64, f64>>,
    /// The weights by track and step.
    pub weights: Vec<BTreeMap<i64, f64>>,
    /// What the row's other formulas give, cell by cell, with the weights of that row as they are.
    pub values: BTreeMap<Address, f64>,
    /// What the formula of the other rows would give in a row that has another one.
    pub by_pattern: BTreeMap<Address, f64>,
}

/// The verdict on one table.
pub(crate) struct Judged {
    pub case: Case,
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    /// The cell that should hold the sum of the errors and does not, where it is another one than the table's error.
    pub total: Option<Address>,
    /// The factor between the error and the one that the gradients belong to.
    pub loss_factor: f64,
    /// The largest distance between a gradient and its finite difference, with the tolerance there, by track.
    pub distances: Vec<Option<(f64, f64)>>,
    /// The error of the last step as it is.
    pub final_error: Option<f64>,
    /// The error of the last step with one finding mended, finding by finding.
    pub effects: Vec<Option<f64>>,
    /// The error of the last step with everything mended.
    pub mended_error: Option<f64>,
}

/// What became of the tables of a workbook.
#[derive(Default)]
pub(crate) struct Examined {
    pub judged: Vec<Judged>,
    pub notes: Vec<String>,
    /// Why tables were left out.
    pub refusals: Vec<String>,
    /// The book that was judged, where it is the workbook without functions around its formulas.
    pub unwrapped: Option<Book>,
}

impl Judged {
    /// The cell of the error that the sheet shows, at the anchor.
    pub fn error(&self) -> Address {
        self.total.unwrap_or(self.case.table.error)
    }
}

/// The cell of an error in the last step that works one out: the last of a table may be weights alone.
pub(crate) fn last_error(book: &Book, table: &Table, error: Address) -> Option<Address> {
    let mut cells = table.steps().rev().filter_map(|step| table.at(error, step));
    cells.find(|&cell| book.formula(cell).is_some())
}

/// What `book` itself gives for the last error of a table that was judged with some of its formulas mended.
pub(crate) fn final_error_in(book: &Book, judged: &Judged) -> Result<Option<f64>, AuditError> {
    let last = last_error(book, &judged.case.table, judged.error());
    last.map_or(Ok(None), |last| number_in(book, last))
}

/// The first cells of a circle, such as `Sheet1!A1 → Sheet1!B1`, if a formula of `book` depends on itself.
pub(crate) fn circle_in_words(book: &Book, dependencies: &Dependencies) -> Option<String> {
    let circle = dependencies.circle()?;
    let cells: Vec<String> = circle.iter().take(6).map(|&cell| book.spelled(cell)).collect();
    Some(if circle.len() > 6 { format!("{} → …", cells.join(" → ")) } else { cells.join(" → ") })
}

/// Audits a workbook that has formulas. An empty result means that there is no training table.
pub(crate) fn examine(book: &Book) -> Result<Examined, AuditError> {
    let Some(unwrapped) = unwrapped(book)? else { return examine_without_wrappings(book) };
    let mut examined = examine_without_wrappings(&unwrapped.book)?;
    unwrapped.tell(book, &mut examined)?;
    examined.unwrapped = Some(unwrapped.book);
    Ok(examined)
}

/// The same of a book without functions around its formulas that say nothing of them.
fn examine_without_wrappings(book: &Book) -> Result<Examined, AuditError> {
    let as_it_is = examine_with_references_held(book)?;
    let mut examined = explained(book, &as_it_is)?.unwrap_or(as_it_is);
    note_other_losses(book, &mut examined)?;
    Ok(examined)
}

/// The same without a look at formulas that are nearly proper.
pub(crate) fn examine_with_references_held(book: &Book) -> Result<Examined, AuditError> {
    let sliding = sliding(book);
    if !sliding.is_empty() {
        let held = book.with(&sliding.corrections);
        if let Ok(mut examined) = examine_as_it_stands(&held, true)
            && !examined.judged.is_empty()
        {
            sliding.tell(book, &mut examined)?;
            return Ok(examined);
        }
    }
    examine_as_it_stands(book, true)
}

/// The same without a look at references that slide. Corrections of one cell are made one where `is_last`.
pub(crate) fn examine_as_it_stands(book: &Book, is_last: bool) -> Result<Examined, AuditError> {
    let dependencies = Dependencies::of(book)?;
    if let Some(cells) = circle_in_words(book, &dependencies) {
        return Err(AuditError::Circular { cells });
    }
    let tables = tables(book, &dependencies);
    let mut notes = Vec::new();
    if tables.is_empty() {
        return Ok(Examined::default());
    }
    // Of a workbook full of other things only what the tables need.
    let mut roots: Vec<Address> = Vec::new();
    for table in &tables {
        for &cell in table.moving.keys() {
            roots.extend((table.first..=table.sheet_last).filter_map(|step| table.at(cell, step)));
        }
        roots.extend(table.idle.iter().flat_map(|track| table.steps().filter_map(|step| track.weight_at(step))));
        // Of a single step nothing moves.
        roots.extend(last_error(book, table, table.error));
    }
    let wanted = dependencies.closure(&roots, &BTreeSet::new());
    let mut engine = Engine::new(book, Some(&wanted), &BTreeMap::new())?;
    engine.recalculate();
    let reader = FormulaReader::new(&book.sheets, &book.names);
    let mut sheet = Sheet { book, dependencies: &dependencies, engine, reader };
    let mut ready = Vec::new();
    let mut refusals = Vec::new();
    for table in tables {
        sheet.repair_broken_rows(&table)?;
        match sheet.cut_to_numbers(table, &mut notes) {
            Ok((table, rest)) => {
                ready.push(table);
                refusals.extend(rest);
            }
            Err(error) => refusals.push(error),
        }
    }
    if ready.is_empty() {
        return match refusals.into_iter().next() {
            Some(refusal) => Err(refusal),
            None => Ok(Examined::default()),
        };
    }
    let cases = sheet.cases(ready)?;
    let mut judged = Vec::new();
    for case in cases {
        let mut findings = rows::findings(&mut sheet, &case)?;
        let (mut verdict, loss) = judge::findings(&mut sheet, &case, &findings.blamed)?;
        findings.found.append(&mut verdict.found);
        findings.notes.append(&mut verdict.notes);
        findings.found.append(&mut untrained::findings(&mut sheet, &case)?);
        // Where a sum takes one weight twice, that is why it leaves out another.
        if !loss.is_forward_wrong && findings.found.iter().all(|finding| finding.kind != SlipKind::WrongForward) {
            findings.found.append(&mut idle::findings(&mut sheet, &case, loss.factor));
        }
        let mut drifting = drift::findings(&sheet, &case, &findings.blamed);
        findings.found.append(&mut drifting.found);
        findings.notes.append(&mut drifting.notes);
        for finding in &mut findings.found {
            finding.corrections.retain(|&cell, content| {
                changes_something(book, cell, content) && !is_heading(book, &case.table, cell)
            });
        }
        findings.found.sort_by_key(|finding| (finding.kind, finding.track, finding.cells.first().copied()));
        let error = loss.total.unwrap_or(case.table.error);
        let final_error = last_error(book, &case.table, error).and_then(|cell| sheet.engine.number(cell));
        judged.push(Judged {
            findings: findings.found,
            notes: findings.notes,
            total: loss.total,
            loss_factor: loss.factor,
            distances: loss.distances,
            final_error,
            effects: Vec::new(),
            mended_error: None,
            case,
        });
    }
    if !is_last {
        return Ok(Examined { judged, ..Examined::default() });
    }
    stale_starts(book, &mut judged);
    blame_the_error(&mut sheet, &mut judged);
    one_for_a_cell(book, &mut judged)?;
    for judged in &mut judged {
        sheet.measure(judged)?;
    }
    notes.extend(sheet.stale_values(&wanted));
    let refusals = refusals.iter().map(AuditError::to_string).collect();
    Ok(Examined { judged, notes, refusals, unwrapped: None })
}

impl Case {
    /// How much rounding can move the gradient that is read off an update.
    pub fn slack(&self, track: usize, step: i64) -> f64 {
        let weight = self.weights[track].get(&step).copied().unwrap_or(0.0);
        let rate = self.rates[track].get(&step).copied().unwrap_or(1.0);
        8.0 * f64::EPSILON * weight.abs() / rate.abs()
    }
}

impl Sheet<'_> {
    /// Where a row shows errors because its formulas differ from those of the other rows, goes on with theirs: the row
    /// itself is found wrong later, and the rows behind it can be checked.
    fn repair_broken_rows(&mut self, table: &Table) -> Result<(), AuditError> {
        if self.first_broken(table).is_none() {
            return Ok(());
        }
        for line in lines(self.book, table) {
            for &step in line.deviants.keys() {
                if let (Some(cell), Some(text)) =
                    (table.at(line.base, step), pattern_text(self.book, table, &line, step))
                {
                    self.engine.set_formula(cell, &text)?;
                }
            }
        }
        self.engine.recalculate();
        Ok(())
    }

    /// The first step without numbers, with the cell.
    fn first_broken(&self, table: &Table) -> Option<(i64, Address)> {
        table.steps().find_map(|step| {
            let weights = table.tracks.iter().filter_map(|track| track.weight_at(step));
            let mut cells = weights.chain(table.at(table.error, step));
            cells.find(|&cell| self.engine.number(cell).is_none()).map(|cell| (step, cell))
        })
    }

    /// Cuts a table off where its weights stop being numbers, as they do when training diverges. Where a text is what
    /// stops them, the rest counts as not audited.
    fn cut_to_numbers(
        &self,
        mut table: Table,
        notes: &mut Vec<String>,
    ) -> Result<(Table, Option<AuditError>), AuditError> {
        let Some((step, cell)) = self.first_broken(&table) else { return Ok((table, None)) };
        let shown = self.engine.text(cell).unwrap_or_else(|| "no number".to_owned());
        if let Some(array) = self.array_behind(cell) {
            return Err(AuditError::Array { cell: self.book.spelled(array) });
        }
        let text = self.text_behind(cell);
        let cell = self.book.spelled(cell);
        if step == table.first {
            let consequence = "so nothing of this table can be recalculated; mend that cell first".to_owned();
            return Err(AuditError::ErrorCell { cell, error: shown, consequence });
        }
        table.last = step - 1;
        let rows = match step - table.first {
            1 => "the row".to_owned(),
            count => format!("the {count} rows"),
        };
        let rest = text.map(|(user, text)| AuditError::ErrorCell {
            cell: cell.clone(),
            error: shown.clone(),
            consequence: format!(
                "the formula in {user} uses {text}, which holds a text where a number belongs, so only {rows} before it \
                 could be checked; mend {user} first"
            ),
        });
        if rest.is_none() {
            let verb = if step - table.first == 1 { "was" } else { "were" };
            notes.push(format!("{cell} shows {shown}; only {rows} before it {verb} checked."));
        }
        Ok((table, rest))
    }

    /// The formula behind a cell that would fill other cells too, which hold what it gave when the file was written.
    fn array_behind(&self, cell: Address) -> Option<Address> {
        let spills = |cell: &Address| self.engine.text(*cell).as_deref() == Some("#SPILL!");
        let behind = self.dependencies.closure(&[cell], &BTreeSet::new());
        behind.into_iter().filter(spills).find(|&cell| !self.dependencies.needs(cell).iter().any(spills))
    }

    /// The first formula behind a cell without a number that fails though all it needs is there, with a text that it
    /// needs.
    fn text_behind(&self, cell: Address) -> Option<(Address, Address)> {
        let is_text = |cell: &Address| {
            self.book
                .cells
                .get(cell)
                .is_some_and(|found| found.formula.is_none() && matches!(found.value, Value::Text(_)))
        };
        let fails = |cell: &Address| self.book.formula(*cell).is_some() && self.engine.number(*cell).is_none();
        let behind = self.dependencies.closure(&[cell], &BTreeSet::new());
        behind.into_iter().filter(fails).find_map(|user| {
            let needs = self.dependencies.needs(user);
            let text = needs.iter().find(|needed| is_text(needed))?;
            (!needs.iter().any(fails)).then_some((user, *text))
        })
    }

    /// Makes the rows of all tables independent and works out everything about them at once.
    fn cases(&mut self, tables: Vec<Table>) -> Result<Vec<Case>, AuditError> {
        let book = self.book;
        let mut fixed: BTreeMap<Address, Content> = BTreeMap::new();
        let mut all_lines = Vec::new();
        for table in &tables {
            for track in &table.tracks {
                for cell in table.steps().filter_map(|step| track.weight_at(step)) {
                    fixed.insert(cell, Content::Number(self.engine.number(cell).unwrap_or(0.0)));
                }
            }
            let lines = lines(book, table);
            for line in lines.iter().filter(|line| line.part == Part::Forward) {
                for &step in line.deviants.keys() {
                    if let (Some(cell), Some(text)) = (table.at(line.base, step), pattern_text(book, table, line, step))
                    {
                        fixed.entry(cell).or_insert(Content::Formula(text));
                    }
                }
            }
            all_lines.push(lines);
        }
        let stop: BTreeSet<Address> = fixed.keys().copied().collect();
        let mut roots: Vec<Address> = Vec::new();
        for table in &tables {
            roots.extend(table.fixed.iter().copied());
            for track in &table.tracks {
                let updates = table.steps().filter_map(|step| track.update_at(step));
                roots.extend(updates.flat_map(|update| self.dependencies.needs(update)));
            }
            for &cell in table.moving.keys() {
                roots.extend(table.steps().filter_map(|step| table.at(cell, step)).filter(|cell| !stop.contains(cell)));
            }
        }
        let mut wanted = self.dependencies.closure(&roots, &stop);
        wanted.extend(fixed.keys());
        let mut engine = Engine::new(book, Some(&wanted), &fixed)?;
        let mut updates: BTreeMap<(usize, usize, i64), Address> = BTreeMap::new();
        let mut patterns: BTreeMap<(usize, Address), Address> = BTreeMap::new();
        for (place, table) in tables.iter().enumerate() {
            for (k, track) in table.tracks.iter().enumerate() {
                for step in table.steps_of(track.update).filter(|step| table.steps().contains(step)) {
                    if let Some(cell) = track.update_at(step)
                        && let Some(formula) = book.formula(cell)
                    {
                        updates.insert((place, k, step), engine.add_formula(cell.sheet, &formula.text)?);
                    }
                }
            }
            for line in
                all_lines[place].iter().filter(|line| matches!(line.part, Part::Backward | Part::Aside | Part::Given))
            {
                for &step in line.deviants.keys() {
                    if let (Some(cell), Some(text)) = (table.at(line.base, step), pattern_text(book, table, line, step))
                    {
                        patterns.insert((place, cell), engine.add_formula(cell.sheet, &text)?);
                    }
                }
            }
        }
        engine.recalculate();
        let tested: Vec<Vec<i64>> =
            tables.iter().zip(&all_lines).map(|(table, lines)| tested_steps(table, lines, tables.len())).collect();
        let tasks: Vec<Task<'_>> = tables.iter().zip(&tested).map(|(table, steps)| Task { table, steps }).collect();
        let differentiated = derivatives(book, self.dependencies, &tasks, &fixed)?;
        let mut cases = Vec::new();
        for (place, ((table, lines), mut derivatives)) in
            tables.into_iter().zip(all_lines).zip(differentiated).enumerate()
        {
            let mut rates = vec![BTreeMap::new(); table.tracks.len()];
            let mut applied = vec![BTreeMap::new(); table.tracks.len()];
            let mut weights = vec![BTreeMap::new(); table.tracks.len()];
            for (k, track) in table.tracks.iter().enumerate() {
                for step in table.steps() {
                    let rate = self.rate(&table, k, step);
                    let weight = track.weight_at(step).and_then(|cell| self.engine.number(cell));
                    let updated = updates.get(&(place, k, step)).and_then(|&cell| engine.number(cell));
                    weights[k].extend(weight.map(|weight| (step, weight)));
                    rates[k].extend(rate.map(|rate| (step, rate)));
                    if let (Some(rate), Some(weight), Some(updated)) =
                        (rate.filter(|rate| *rate != 0.0), weight, updated)
                    {
                        applied[k].insert(step, (weight - updated) / rate.abs());
                    }
                }
            }
            let mut values = BTreeMap::new();
            for &cell in table.moving.keys() {
                for cell in table.steps().filter_map(|step| table.at(cell, step)) {
                    values.extend(engine.number(cell).map(|value| (cell, value)));
                }
            }
            let tested = tested[place].clone();
            let number = |cell: Address| values.get(&cell).copied().or_else(|| self.engine.number(cell));
            let is_weight = |cell: Address| matches!(fixed.get(&cell), Some(Content::Number(_)));
            allow_rounding(&table, &tested, Rounding::new(book, &number, &is_weight), &rates, &mut derivatives);
            let by_pattern = patterns
                .iter()
                .filter(|((owner, _), _)| *owner == place)
                .filter_map(|(&(_, cell), &scratch)| Some((cell, engine.number(scratch)?)))
                .collect();
            cases.push(Case { table, lines, tested, derivatives, applied, rates, weights, values, by_pattern });
        }
        Ok(cases)
    }

    /// The learning rate that an update uses.
    fn rate(&self, table: &Table, track: usize, step: i64) -> Option<f64> {
        let rule = &table.rules[track];
        if rule.rate.is_empty() {
            return rule.lacks_rate.then_some(1.0);
        }
        let lookup = |cell: Address| {
            let moved = if table.moving.contains_key(&cell) { table.at(cell, step)? } else { cell };
            self.engine.number(moved)
        };
        rule.rate.iter().try_fold(1.0, |product, factor| {
            let value = super::rate::value(&factor.expr, &lookup)?;
            Some(if factor.is_divisor { product / value } else { product * value })
        })
    }

    /// How far each finding, and all of them together, move the final error.
    fn measure(&mut self, judged: &mut Judged) -> Result<(), AuditError> {
        let Some(last) = last_error(self.book, &judged.case.table, judged.error()) else { return Ok(()) };
        let mut together: BTreeMap<Address, Content> = BTreeMap::new();
        for finding in &judged.findings {
            let effect = if judged.findings.len() <= 64 { self.with(&finding.corrections, last)? } else { None };
            judged.effects.push(effect);
            together.extend(finding.corrections.iter().map(|(&cell, content)| (cell, content.clone())));
        }
        if !together.is_empty() {
            judged.mended_error = self.with(&together, last)?;
        }
        Ok(())
    }

    /// The number in a cell when others are replaced for the moment.
    fn with(&mut self, replaced: &BTreeMap<Address, Content>, cell: Address) -> Result<Option<f64>, AuditError> {
        if replaced.is_empty() {
            return Ok(None);
        }
        for (&cell, content) in replaced {
            self.engine.set(cell, content)?;
        }
        self.engine.recalculate();
        let value = self.engine.number(cell);
        for &cell in replaced.keys() {
            let before = self.book.cells.get(&cell);
            match before.map(|found| (&found.formula, &found.value)) {
                Some((Some(formula), _)) => self.engine.set_formula(cell, &formula.text)?,
                Some((None, value)) => self.engine.set_number(cell, value.number().unwrap_or(0.0))?,
                None => self.engine.set_number(cell, 0.0)?,
            }
        }
        self.engine.recalculate();
        Ok(value)
    }

    /// Whether the values in the file are those that its formulas give.
    fn stale_values(&self, wanted: &BTreeSet<Address>) -> Option<String> {
        let differs = |cell: Address, stored: f64| {
            self.engine
                .number(cell)
                .is_some_and(|value| (value - stored).abs() > 1e-9 * stored.abs().max(value.abs()) + 1e-12)
        };
        let formulas =
            self.book.cells.iter().filter(|(cell, content)| content.formula.is_some() && wanted.contains(cell));
        let stale: Vec<Address> = formulas
            .filter(|(cell, content)| matches!(content.value, Value::Number(stored) if differs(**cell, stored)))
            .map(|(&cell, _)| cell)
            .collect();
        let first = *stale.first()?;
        let count = stale.len();
        let first = self.book.spelled(first);
        Some(format!(
            "{count} formulas show values that they no longer give, {first} first; recalculate the workbook (Ctrl+Alt+F9)."
        ))
    }
}

/// Whether a correction is another one than what stands in the cell.
fn changes_something(book: &Book, cell: Address, content: &Content) -> bool {
    let Some(found) = book.cells.get(&cell) else { return true };
    match (&found.formula, content) {
        (Some(formula), Content::Formula(text)) => {
            let is_written_so = formula.text.trim().replace(' ', "") == text.replace(' ', "");
            !is_written_so && text_at(&formula.node, &book.sheets, cell) != *text
        }
        (None, Content::Number(value)) => found.value != Value::Number(*value),
        _ => true,
    }
}

/// Whether a cell holds a text beside other texts, across the direction of the table: a heading, which no correction
/// takes the place of.
fn is_heading(book: &Book, table: &Table, cell: Address) -> bool {
    let is_text = |cell: &Address| {
        book.cells.get(cell).is_some_and(|found| found.formula.is_none() && matches!(found.value, Value::Text(_)))
    };
    let beside = |distance: i64| {
        let (row, column) = (i64::from(cell.row), i64::from(cell.column));
        let (row, column) = if table.shift.rows != 0 { (row, column + distance) } else { (row + distance, column) };
        Some(Address { row: u32::try_from(row).ok()?, column: u32::try_from(column).ok()?, ..cell })
    };
    is_text(&cell) && [-2, -1, 1, 2].into_iter().filter_map(beside).filter(is_text).count() > 1
}

/// Adds to the estimates how far rounding moves the gradients of the sheet that are held against them.
fn allow_rounding(
    table: &Table,
    tested: &[i64],
    mut rounding: Rounding<'_>,
    rates: &[BTreeMap<i64, f64>],
    derivatives: &mut Derivatives,
) {
    for (k, (track, rule)) in table.tracks.iter().zip(&table.rules).enumerate() {
        for &step in tested {
            let moved = match rule.gradient.and_then(|gradient| table.at(gradient, step)) {
                Some(gradient) => Some(rounding.of_formula(gradient)),
                // What the update takes off is the rate times the gradient.
                None => track
                    .update_at(step)
                    .zip(rates[k].get(&step))
                    .map(|(update, rate)| rounding.of_formula(update) / rate.abs()),
            };
            let Some(moved) = moved else { continue };
            for target in derivatives.iter_mut() {
                if let Some(estimate) = target[k].get_mut(&step) {
                    // Twice, because a gradient may belong to half the error or to twice as much.
                    estimate.rounding += 2.0 * moved;
                }
            }
        }
    }
}

/// The formula that the other rows have, written for this row.
pub(crate) fn pattern_text(book: &Book, table: &Table, line: &Line, step: i64) -> Option<String> {
    let (_, from) = line.pattern.as_ref()?;
    let formula = book.formula(table.at(line.base, *from)?)?;
    Some(text_at(&formula.node, &book.sheets, table.at(line.base, step)?))
}
