//! The smallest change that makes a wrong formula right: one reference for another, one sign for another, one
//! factor or one term more or fewer.
//!
//! Every change is tried by recalculating the formula and holding it against the finite difference, in one row first
//! and then in others, and in one with other numbers. What is offered has passed in all of them.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::{OpProduct, OpSum, OpUnary};

use super::address::Address;
use super::book::Book;
use super::engine::{Content, Engine};
use super::error::AuditError;
use super::examine::{Case, Sheet};
use super::factors::factor_changes;
use super::formula::{Expr, text_at, with_references};
use super::judge::Row;
use super::labels::{LONGEST, heading, label};
use super::other_numbers::OtherNumbers;
use super::places::{changed_at, plus, times};
use super::table::{Part, Table};
use super::terms::{LENGTH_LIMIT, wanted_of_part, with_lacking_term, without_terms};

/// The most changes that are tried on one formula.
const TRIAL_LIMIT: usize = 3000;
/// The most changes tried on a helper cell, each of which needs a recalculation of its own.
const HELPER_LIMIT: usize = 600;

/// A changed formula.
#[derive(Debug, Clone)]
pub(crate) struct Repair {
    /// References relative to the cell.
    pub node: Node,
    /// What was changed, in words.
    pub words: String,
    /// Whether it is the sign of the whole.
    pub is_sign: bool,
}

/// What is to be made right.
pub(crate) struct Trial<'a> {
    pub case: &'a Case,
    /// The cell that may be changed, at the anchor.
    pub culprit: Address,
    /// The rows to try it in.
    pub rows: &'a [i64],
    /// The track whose gradient has to come right.
    pub track: usize,
    /// The right gradient and the tolerance, by step.
    pub wanted: BTreeMap<i64, (f64, f64)>,
    /// Formulas that are known to belong elsewhere, at the anchor.
    pub mended: &'a [(Address, Node)],
    /// A row with other numbers, in which the gradient has to come right too.
    pub other: Option<&'a OtherNumbers>,
}

/// What is tried on a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChangeKind {
    /// The other sign.
    Sign,
    /// A reference for another, a sign for another.
    Exchange,
    /// A factor more or fewer.
    Factor,
    /// A term more or fewer.
    Term,
}

/// Looks for a change that makes the gradient right in every row of the trial.
pub(crate) fn search(sheet: &Sheet<'_>, trial: &Trial<'_>, kind: ChangeKind) -> Result<Option<Repair>, AuditError> {
    let table = &trial.case.table;
    let Some(&step) = trial.rows.first() else { return Ok(None) };
    let Some(home) = table.at(trial.culprit, step) else { return Ok(None) };
    let Some(formula) = sheet.book.formula(home) else { return Ok(None) };
    let gradient = table.rules[trial.track].gradient;
    let is_helper = gradient != Some(trial.culprit) && table.tracks[trial.track].update != trial.culprit;
    let limit = if is_helper { HELPER_LIMIT } else { TRIAL_LIMIT };
    // A change is a copy of the formula.
    if kind != ChangeKind::Exchange && formula.text.len() > LENGTH_LIMIT {
        return Ok(None);
    }
    let changes = match kind {
        ChangeKind::Sign => vec![negated(&formula.node)],
        ChangeKind::Exchange => changes(sheet, trial.case, &formula.node, home, step, limit),
        ChangeKind::Factor => {
            let mut changes = factor_changes(sheet, trial.case, &formula.node, home, step);
            changes.truncate(limit);
            changes
        }
        ChangeKind::Term => without_terms(sheet, &formula.node, home),
    };
    let mut engine = rows_engine(sheet, trial, trial.rows)?;
    let judge = |engine: &Engine, step: i64, cell: Address| trial.is_right(engine, step, cell);
    if !is_helper {
        // All changes at once in the first row; those that pass, in the other rows.
        let mut scratch = Vec::new();
        for change in &changes {
            scratch.push(engine.add_formula(home.sheet, &text_at(&change.node, &sheet.book.sheets, home))?);
        }
        engine.recalculate();
        let passed: Vec<&Repair> = changes
            .iter()
            .zip(&scratch)
            .filter(|(_, cell)| judge(&engine, step, **cell))
            .map(|(change, _)| change)
            .take(50)
            .collect();
        let mut again = Vec::new();
        for change in &passed {
            let mut cells = Vec::new();
            for &row in &trial.rows[1..] {
                let Some(there) = table.at(trial.culprit, row) else { return Ok(None) };
                cells.push((row, engine.add_formula(there.sheet, &text_at(&change.node, &sheet.book.sheets, there))?));
            }
            again.push(cells);
        }
        engine.recalculate();
        for (change, cells) in passed.into_iter().zip(&again) {
            if cells.iter().all(|&(row, cell)| judge(&engine, row, cell))
                && is_right_with_other_numbers(sheet, trial, &change.node)?
            {
                return Ok(Some(change.clone()));
            }
        }
        return lacking_term(sheet, trial, kind, &mut engine, &formula.node, home);
    }
    let Some(gradient) = gradient else { return Ok(None) };
    for change in &changes {
        for &row in trial.rows {
            if let Some(there) = table.at(trial.culprit, row) {
                engine.set_formula(there, &text_at(&change.node, &sheet.book.sheets, there))?;
            }
        }
        engine.recalculate();
        let is_right = |&row: &i64| table.at(gradient, row).is_some_and(|cell| judge(&engine, row, cell));
        if trial.rows.iter().all(is_right) && is_right_with_other_numbers(sheet, trial, &change.node)? {
            return Ok(Some(change.clone()));
        }
    }
    lacking_term(sheet, trial, kind, &mut engine, &formula.node, home)
}

/// The formula with the term that it lacks, where changes by a term are looked for.
fn lacking_term(
    sheet: &Sheet<'_>,
    trial: &Trial<'_>,
    kind: ChangeKind,
    engine: &mut Engine,
    node: &Node,
    home: Address,
) -> Result<Option<Repair>, AuditError> {
    if kind != ChangeKind::Term {
        return Ok(None);
    }
    match with_lacking_term(sheet, trial, engine, node, home)? {
        Some(repair) if is_right_with_other_numbers(sheet, trial, &repair.node)? => Ok(Some(repair)),
        _ => Ok(None),
    }
}

/// Whether the gradient is right in the row with other numbers too, with this formula for the culprit; true where there
/// is no such row.
fn is_right_with_other_numbers(sheet: &Sheet<'_>, trial: &Trial<'_>, node: &Node) -> Result<bool, AuditError> {
    let Some(other) = trial.other else { return Ok(true) };
    let table = &trial.case.table;
    let of_gradient = table.rules[trial.track].gradient.unwrap_or(trial.culprit);
    let Some((home, gradient)) = table.at(trial.culprit, other.step).zip(table.at(of_gradient, other.step)) else {
        return Ok(false);
    };
    let mut engine = rows_engine(sheet, trial, &[other.step])?;
    for (&cell, &value) in &other.cells {
        engine.set_number(cell, value)?;
    }
    engine.set_formula(home, &text_at(node, &sheet.book.sheets, home))?;
    engine.recalculate();
    Ok(other.is_right(trial, &engine, gradient))
}

/// Whether the gradient is right in every row of the trial with what is known to belong elsewhere.
pub(crate) fn mends(sheet: &Sheet<'_>, trial: &Trial<'_>) -> Result<bool, AuditError> {
    let mut engine = rows_engine(sheet, trial, trial.rows)?;
    engine.recalculate();
    let is_right =
        |&row: &i64| trial.case.table.at(trial.culprit, row).is_some_and(|cell| trial.is_right(&engine, row, cell));
    Ok(trial.rows.iter().all(is_right))
}

/// What a helper cell has to hold for the gradient to be right, and how surely, row by row; `None` where the gradient
/// does not follow it.
pub(crate) fn wanted_values(sheet: &Sheet<'_>, trial: &Trial<'_>) -> Result<Option<Vec<(f64, f64)>>, AuditError> {
    let table = &trial.case.table;
    let home = trial.rows.first().and_then(|&step| table.at(trial.culprit, step));
    let formula = home.and_then(|home| sheet.book.formula(home));
    let (Some(formula), Some(gradient)) = (formula, table.rules[trial.track].gradient) else { return Ok(None) };
    let mut engine = rows_engine(sheet, trial, trial.rows)?;
    let mut with = |value: Option<f64>| Some(value.map_or_else(|| formula.node.clone(), Node::NumberKind));
    let wanted = wanted_of_part(sheet, trial, &mut engine, gradient, &mut with, &formula.node)?;
    Ok(wanted.map(|all| all.into_iter().map(|wanted| (wanted.value, wanted.tolerance)).collect()))
}

/// The steps of the first, the middle and the last of these rows.
pub(crate) fn spread(rows: &[Row]) -> Vec<i64> {
    let places = [0, rows.len() / 2, rows.len().saturating_sub(1)];
    let mut steps: Vec<i64> = places.iter().filter_map(|&place| rows.get(place)).map(|row| row.step).collect();
    steps.dedup();
    steps
}

impl Trial<'_> {
    /// Whether a cell that stands for the culprit, or for the gradient, has the right value in a step.
    fn is_right(&self, engine: &Engine, step: i64, cell: Address) -> bool {
        let table = &self.case.table;
        let Some(value) = engine.number(cell) else { return false };
        let Some(&(wanted, tolerance)) = self.wanted.get(&step) else { return false };
        let value = if table.tracks[self.track].update == self.culprit {
            let (weight, rate) = (&self.case.weights[self.track], &self.case.rates[self.track]);
            let (Some(weight), Some(rate)) = (weight.get(&step), rate.get(&step)) else { return false };
            (weight - value) / rate.abs()
        } else {
            value
        };
        (value - wanted).abs() <= tolerance
    }
}

/// A few rows of the table in which weights, inputs and everything forward are constants.
fn rows_engine(sheet: &Sheet<'_>, trial: &Trial<'_>, rows: &[i64]) -> Result<Engine, AuditError> {
    let (case, table) = (trial.case, &trial.case.table);
    let mut wanted: BTreeSet<Address> = BTreeSet::new();
    let mut constants: BTreeMap<Address, Content> = BTreeMap::new();
    for &step in rows {
        for (&base, part) in &table.moving {
            let Some(cell) = table.at(base, step) else { continue };
            match part {
                Part::Backward | Part::Aside => {
                    wanted.insert(cell);
                }
                Part::Weight | Part::Given | Part::Forward => {
                    wanted.insert(cell);
                    constants.extend(case.values.get(&cell).map(|value| (cell, Content::Number(*value))));
                }
                Part::Update => {}
            }
        }
        for (track, weights) in table.tracks.iter().zip(&case.weights) {
            if let (Some(cell), Some(&value)) = (track.weight_at(step), weights.get(&step)) {
                wanted.insert(cell);
                constants.insert(cell, Content::Number(value));
            }
        }
    }
    let fixed: Vec<Address> = table.fixed.iter().copied().collect();
    wanted.extend(sheet.dependencies.closure(&fixed, &BTreeSet::new()));
    // Text and helper cells elsewhere that the backward formulas use.
    let roots: Vec<Address> = wanted.iter().copied().collect();
    wanted.extend(sheet.dependencies.closure(&roots, &constants.keys().copied().collect()));
    let mut engine = Engine::new(sheet.book, Some(&wanted), &constants)?;
    for (base, node) in trial.mended {
        for cell in rows.iter().filter_map(|&step| table.at(*base, step)) {
            engine.set_formula(cell, &text_at(node, &sheet.book.sheets, cell))?;
        }
    }
    Ok(engine)
}

/// What could stand in the formula of `home`: a quantity of the same row, on its own sheet or one that it refers to already, that
/// does not itself need this cell, and is no error, which no forward formula and no derivative is made of.
pub(crate) fn others(sheet: &Sheet<'_>, case: &Case, home: Address, step: i64) -> Vec<Address> {
    let table = &case.table;
    let needs_home = sheet.dependencies.dependents(&[home], &table.weights());
    let referred = sheet.dependencies.needs(home).iter().map(|cell| cell.sheet);
    let sheets: BTreeSet<u32> = referred.chain([home.sheet]).collect();
    let mut others: Vec<Address> = table
        .moving
        .iter()
        .filter(|(_, part)| !matches!(part, Part::Update))
        .filter_map(|(&base, _)| table.at(base, step))
        .filter(|&cell| !needs_home.contains(&cell) && sheets.contains(&cell.sheet) && !is_error(table, cell, step))
        .collect();
    others.extend(table.fixed.iter().copied().filter(|cell| sheets.contains(&cell.sheet)));
    others
}

/// Whether a cell is the learning rate, which no derivative is made of.
pub(crate) fn is_rate(table: &Table, cell: Address) -> bool {
    table.rules.iter().flat_map(|rule| &rule.rate).any(|factor| factor.expr == Expr::Cell(cell))
}

/// Whether a cell of a step is the error or a term of it.
fn is_error(table: &Table, cell: Address, step: i64) -> bool {
    let own = cell.shifted(table.shift, table.anchor - step);
    own.is_some_and(|own| own == table.error || table.error_terms.contains(&own))
}

/// A cell of a step with its column's heading.
pub(crate) fn spelled(book: &Book, table: &Table, cell: Address, step: i64) -> String {
    let own = cell.shifted(table.shift, table.anchor - step).filter(|own| table.moving.contains_key(own));
    let name = match own {
        Some(own) => heading(book, table, own),
        // What every step uses has a name beside or above itself.
        None => book.label(cell).filter(|name| name.chars().count() <= LONGEST).map(str::to_owned),
    };
    name.map_or_else(|| cell.a1(), |name| format!("{cell} ({name})"))
}

/// The changes worth trying, the likeliest first.
pub(crate) fn changes(
    sheet: &Sheet<'_>,
    case: &Case,
    node: &Node,
    home: Address,
    step: i64,
    limit: usize,
) -> Vec<Repair> {
    let table = &case.table;
    let book = sheet.book;
    let mut used: Vec<Address> = Vec::new();
    with_references(node, home, &mut |_, cell| {
        used.push(cell);
        None
    });
    let others = others(sheet, case, home, step);
    let mut changes = Vec::new();
    let spelled = |cell: Address| spelled(book, table, cell, step);
    changes.extend(with_own_weights(book, table, node, home, step));
    let mut distinct: Vec<Address> = Vec::new();
    for &cell in &used {
        if !distinct.contains(&cell) {
            distinct.push(cell);
        }
    }
    let near = |from: Address| {
        let is_other = |other: &Address| *other != from && other.sheet == from.sheet;
        let mut others: Vec<Address> = others.iter().copied().filter(is_other).collect();
        others.sort_by_key(|other| other.column.abs_diff(from.column) + other.row.abs_diff(from.row));
        others
    };
    for &from in &distinct {
        for to in near(from) {
            let node = with_references(node, home, &mut |_, cell| (cell == from).then_some(to));
            let words = format!("it uses {} where {} belongs", spelled(from), spelled(to));
            changes.push(Repair { node, words, is_sign: false });
        }
    }
    for to in [&opposite as &dyn Fn(&Node) -> Option<(Node, &'static str)>, &sum_for_product] {
        for place in 0.. {
            let mut words = None;
            let mut change = |node: &Node| {
                to(node).map_or_else(
                    || node.clone(),
                    |(node, said)| {
                        words = Some(said);
                        node
                    },
                )
            };
            let Some((changed, _)) = changed_at(node, place, &|_, node| to(node).is_some(), &mut change) else { break };
            changes.extend(words.map(|words| Repair { node: changed, words: words.to_owned(), is_sign: false }));
        }
    }
    for (place, &from) in used.iter().enumerate() {
        if used.iter().filter(|cell| **cell == from).count() < 2 {
            continue;
        }
        for to in near(from) {
            let node = with_references(node, home, &mut |at, _| (at == place).then_some(to));
            let words = format!("in one place it uses {} where {} belongs", spelled(from), spelled(to));
            changes.push(Repair { node, words, is_sign: false });
        }
    }
    changes.retain(|change| !takes_off_itself(&change.node));
    changes.truncate(limit);
    changes
}

/// Whether a formula has a difference of something and itself, by which a wrong derivative could be 0.
fn takes_off_itself(node: &Node) -> bool {
    match node {
        Node::OpSumKind { kind: OpSum::Minus, left, right } if left == right => true,
        Node::OpSumKind { left, right, .. }
        | Node::OpProductKind { left, right, .. }
        | Node::OpPowerKind { left, right } => takes_off_itself(left) || takes_off_itself(right),
        Node::UnaryKind { right, .. } => takes_off_itself(right),
        Node::FunctionKind { args, .. } => args.iter().any(takes_off_itself),
        _ => false,
    }
}

/// The formula with this step's weights where it has those of the next: weights are updated all at once.
fn with_own_weights(book: &Book, table: &Table, node: &Node, home: Address, step: i64) -> Option<Repair> {
    let mut changed: Vec<(String, Address, Address)> = Vec::new();
    let node = with_references(node, home, &mut |_, cell| {
        let track = table
            .tracks
            .iter()
            .find(|track| [track.update_at(step), track.weight_at(step + 1)].contains(&Some(cell)))?;
        let own = track.weight_at(step)?;
        if changed.iter().all(|(_, from, _)| *from != cell) {
            changed.push((label(book, table, track.weight), cell, own));
        }
        Some(own)
    });
    let updated: Vec<String> = changed.iter().map(|(name, from, _)| format!("{name} ({from})")).collect();
    let own: Vec<String> = changed.iter().map(|(_, _, own)| own.a1()).collect();
    let verb = if own.len() == 1 { "belongs" } else { "belong" };
    let words = format!("it uses the updated {} where {} {verb}", updated.join(" and "), own.join(" and "));
    (!changed.is_empty()).then_some(Repair { node, words, is_sign: false })
}

/// The formula with the other sign: a difference the other way round, a minus left out or set before it.
fn negated(node: &Node) -> Repair {
    let node = match node {
        Node::OpSumKind { kind: OpSum::Minus, left, right } => {
            Node::OpSumKind { kind: OpSum::Minus, left: right.clone(), right: left.clone() }
        }
        node => without_minus(node)
            .unwrap_or_else(|| Node::UnaryKind { kind: OpUnary::Minus, right: Box::new(node.clone()) }),
    };
    Repair { node, words: "it has the wrong sign".to_owned(), is_sign: true }
}

/// The formula without the minus that it begins with, or its first factor.
fn without_minus(node: &Node) -> Option<Node> {
    match node {
        Node::UnaryKind { kind: OpUnary::Minus, right } => Some(right.as_ref().clone()),
        Node::OpProductKind { kind, left, right } => {
            let (kind, left) = (kind.clone(), Box::new(without_minus(left)?));
            Some(Node::OpProductKind { kind, left, right: right.clone() })
        }
        _ => None,
    }
}

/// The same with its operator turned round, + and −, · and /, and in words what is wrong with the one that stands there.
fn opposite(node: &Node) -> Option<(Node, &'static str)> {
    Some(match node.clone() {
        Node::OpSumKind { kind: OpSum::Add, left, right } => {
            (Node::OpSumKind { kind: OpSum::Minus, left, right }, "a plus stands where a minus belongs")
        }
        Node::OpSumKind { kind: OpSum::Minus, left, right } => {
            (Node::OpSumKind { kind: OpSum::Add, left, right }, "a minus stands where a plus belongs")
        }
        Node::OpProductKind { kind: OpProduct::Times, left, right } => {
            (Node::OpProductKind { kind: OpProduct::Divide, left, right }, "it multiplies where it should divide")
        }
        Node::OpProductKind { kind: OpProduct::Divide, left, right } => {
            (Node::OpProductKind { kind: OpProduct::Times, left, right }, "it divides where it should multiply")
        }
        _ => return None,
    })
}

/// A sum of the factors of a product, and a product of the terms of a sum.
fn sum_for_product(node: &Node) -> Option<(Node, &'static str)> {
    Some(match node.clone() {
        Node::OpProductKind { kind: OpProduct::Times, left, right } => {
            (plus(*left, *right), "it multiplies where it should add")
        }
        Node::OpSumKind { kind: OpSum::Add, left, right } => (times(*left, *right), "it adds where it should multiply"),
        _ => return None,
    })
}
