//! Changes of a formula by one term of a sum: one that it has too many, and one that it lacks.
//!
//! What a sum on the way back lacks is not guessed but worked out: the sum with which the gradient would be right, less the
//! sum there is, row by row; then it is looked for among the products of the row's quantities.

use std::collections::BTreeSet;

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::{OpProduct, OpSum, OpUnary};

use super::address::Address;
use super::engine::Engine;
use super::error::AuditError;
use super::examine::{Case, Sheet};
use super::formula::{reference_to, references, text_at, with_references};
use super::places::{changed_at, in_children, less, plus, times};
use super::repair::{Repair, Trial, is_rate, others, spelled};
use super::table::Part;

/// The most places of one formula that a term is looked for in.
const PLACE_LIMIT: usize = 6;
/// The most quantities of a row that a term may be made of.
const QUANTITY_LIMIT: usize = 240;
/// The most changes by a term that is like another.
const LIKE_LIMIT: usize = 400;
/// The longest formula, in characters, that terms are looked for in: each change is a copy of it.
pub(crate) const LENGTH_LIMIT: usize = 1500;
/// The rounding, relative to the numbers that are added up.
const ROUNDING: f64 = 1e-13;

/// The formula with one term fewer.
pub(crate) fn without_terms(sheet: &Sheet<'_>, node: &Node, home: Address) -> Vec<Repair> {
    let mut changes = Vec::new();
    if sheet.book.formula(home).is_none_or(|formula| formula.text.len() > LENGTH_LIMIT) {
        return changes;
    }
    let mut place = 0;
    while let Some((changed, term)) = without_term(node, place, &mut 0) {
        place += 1;
        // What is left is made of something.
        if !references(&changed, home).is_empty() {
            let term = text_at(&term, &sheet.book.sheets, home);
            changes.push(Repair { node: changed, words: format!("the term {term} is one too many"), is_sign: false });
        }
    }
    changes
}

/// The formula without term number `place`, and that term.
fn without_term(node: &Node, place: usize, count: &mut usize) -> Option<(Node, Node)> {
    if let Node::OpSumKind { kind, left, right } = node {
        let rest = match kind {
            OpSum::Add => right.as_ref().clone(),
            OpSum::Minus => Node::UnaryKind { kind: OpUnary::Minus, right: right.clone() },
        };
        // Of a sum of sums each term counts once: where it is no sum itself.
        for (dropped, kept) in [(right, left.as_ref().clone()), (left, rest)] {
            if matches!(dropped.as_ref(), Node::OpSumKind { .. } | Node::NumberKind(_)) {
                continue;
            }
            if *count == place {
                return Some((kept, dropped.as_ref().clone()));
            }
            *count += 1;
        }
    }
    in_children(node, &mut |child| without_term(child, place, count))
}

/// The formula of a sum of alike terms with one more of them: a term of it with one reference, once, to a cell that is
/// alike. A softmax that leaves out a neuron below the line is mended so.
pub(crate) fn with_like_terms(sheet: &Sheet<'_>, case: &Case, node: &Node, home: Address, step: i64) -> Vec<Repair> {
    let (book, table) = (sheet.book, &case.table);
    if book.formula(home).is_none_or(|formula| formula.text.len() > LENGTH_LIMIT) {
        return Vec::new();
    }
    let is_forward = |cell: Address| {
        let own = cell.shifted(table.shift, table.anchor - step);
        own.and_then(|own| table.moving.get(&own)) == Some(&Part::Forward)
    };
    let form = |cell: Address| {
        let formula = book.formula(cell).filter(|_| is_forward(cell));
        formula.map(|formula| formula.expr.spelled(&|_| String::new()))
    };
    let others = others(sheet, case, home, step);
    let is_addend = |parent: Option<&Node>, _: &Node| matches!(parent, Some(Node::OpSumKind { kind: OpSum::Add, .. }));
    let is_sum = |parent: Option<&Node>, node: &Node| is_whole_sum(parent, node);
    let mut changes = Vec::new();
    for sum in 0..PLACE_LIMIT {
        let Some((_, found)) = changed_at(node, sum, &is_sum, &mut Node::clone) else { break };
        let mut place = 0;
        while let Some((_, addend)) = changed_at(&found, place, &is_addend, &mut Node::clone) {
            place += 1;
            if matches!(addend, Node::OpSumKind { .. }) {
                continue;
            }
            for (count, reference) in references(&addend, home).into_iter().enumerate() {
                let from = form(reference.to);
                let alike = others.iter().filter(|&&to| to != reference.to && from.is_some() && form(to) == from);
                for &to in alike {
                    if changes.len() == LIKE_LIMIT {
                        return changes;
                    }
                    let more = with_references(&addend, home, &mut |at, _| (at == count).then_some(to));
                    let words = text_at(&more, &book.sheets, home);
                    let mut grown = |sum: &Node| plus(sum.clone(), more.clone());
                    if let Some((changed, _)) = changed_at(node, sum, &is_sum, &mut grown) {
                        changes.push(Repair {
                            node: changed,
                            words: format!(
                                "its sum lacks the term {words}, that of {}",
                                spelled(book, table, to, step)
                            ),
                            is_sign: false,
                        });
                    }
                }
            }
        }
    }
    changes
}

/// Whether a node is a sum from its first term to its last, other than 1 − x.
fn is_whole_sum(parent: Option<&Node>, node: &Node) -> bool {
    let is_within = matches!(parent, Some(Node::OpSumKind { .. }));
    let is_complement = matches!(node, Node::OpSumKind { left, .. } if matches!(left.as_ref(), Node::NumberKind(_)));
    matches!(node, Node::OpSumKind { .. }) && !is_within && !is_complement
}

/// A quantity of the row, or 1 less it.
struct Quantity {
    node: Node,
    words: String,
    /// By row of the trial.
    values: Vec<f64>,
    /// Whether it depends on the weights.
    is_learnt: bool,
}

/// The formula of the trial's culprit with the one term that it lacks, if a product of up to three quantities is that.
pub(crate) fn with_lacking_term(
    sheet: &Sheet<'_>,
    trial: &Trial<'_>,
    engine: &mut Engine,
    node: &Node,
    home: Address,
) -> Result<Option<Repair>, AuditError> {
    let Some(gradient) = trial.case.table.rules[trial.track].gradient else { return Ok(None) };
    engine.recalculate();
    let quantities = quantities(sheet, trial, engine, node, home);
    // The first factors of a product too: one path alone needs no parentheses.
    let is_factors = |parent: Option<&Node>, node: &Node| {
        let is_product = |node: &Node| matches!(node, Node::OpProductKind { kind: OpProduct::Times, .. });
        parent.is_some_and(is_product) && is_product(node)
    };
    let is_place =
        |parent: Option<&Node>, node: &Node| parent.is_none() || is_whole_sum(parent, node) || is_factors(parent, node);
    // Of several places that of the shortest term: what the paths have in common stays behind their sum.
    let mut shortest: Option<(usize, Repair)> = None;
    for place in 0..PLACE_LIMIT {
        let Some((_, sum)) = changed_at(node, place, &is_place, &mut Node::clone) else { break };
        let mut with = |value: Option<f64>| {
            let mut change = |_: &Node| value.map_or_else(|| sum.clone(), Node::NumberKind);
            changed_at(node, place, &is_place, &mut change).map(|(node, _)| node)
        };
        let Some(wanted) = wanted_of_part(sheet, trial, engine, gradient, &mut with, &sum)? else { continue };
        let lacking: Vec<(f64, f64)> =
            wanted.into_iter().map(|wanted| (wanted.value - wanted.now, wanted.tolerance)).collect();
        if lacking.iter().all(|(lacking, tolerance)| lacking.abs() <= 4.0 * tolerance) {
            continue;
        }
        let Some((is_negative, factors)) = product(&lacking, &quantities) else { continue };
        if shortest.as_ref().is_some_and(|(count, _)| *count <= factors.len()) {
            continue;
        }
        let words: Vec<&str> = factors.iter().map(|&factor| quantities[factor].words.as_str()).collect();
        let term = factors.iter().map(|&factor| quantities[factor].node.clone()).reduce(times);
        let Some(term) = term else { continue };
        let mut grown =
            |sum: &Node| if is_negative { less(sum.clone(), term.clone()) } else { plus(sum.clone(), term.clone()) };
        let Some((changed, _)) = changed_at(node, place, &is_place, &mut grown) else { continue };
        let sign = if is_negative { "−" } else { "" };
        let words = format!("the term {sign}{} is missing", words.join(" · "));
        shortest = Some((factors.len(), Repair { node: changed, words, is_sign: false }));
    }
    Ok(shortest.map(|(_, repair)| repair))
}

/// What a part of a formula has to be in one row, and is.
pub(crate) struct Wanted {
    pub value: f64,
    pub now: f64,
    pub tolerance: f64,
}

/// What a part of the culprit's formula has to be for the gradient to be right, what it is, and how surely, row by row;
/// `None` where the gradient does not follow it. `with` gives the culprit's formula with a number in the place of the part,
/// or as it is.
pub(crate) fn wanted_of_part(
    sheet: &Sheet<'_>,
    trial: &Trial<'_>,
    engine: &mut Engine,
    gradient: Address,
    with: &mut dyn FnMut(Option<f64>) -> Option<Node>,
    part: &Node,
) -> Result<Option<Vec<Wanted>>, AuditError> {
    let table = &trial.case.table;
    let homes: Vec<Address> = trial.rows.iter().filter_map(|&row| table.at(trial.culprit, row)).collect();
    let mut put = |engine: &mut Engine, value: Option<f64>| -> Result<bool, AuditError> {
        let Some(node) = with(value) else { return Ok(false) };
        for &home in &homes {
            engine.set_formula(home, &text_at(&node, &sheet.book.sheets, home))?;
        }
        Ok(true)
    };
    let mut gradients = Vec::new();
    for value in [0.0, 1.0] {
        if !put(engine, Some(value))? {
            return Ok(None);
        }
        engine.recalculate();
        let read = trial.rows.iter().map(|&row| engine.number(table.at(gradient, row)?)).collect::<Option<Vec<f64>>>();
        let Some(read) = read else { return Ok(None) };
        gradients.push(read);
    }
    put(engine, None)?;
    let mut scratch = Vec::new();
    for &home in &homes {
        scratch.push(engine.add_formula(home.sheet, &text_at(part, &sheet.book.sheets, home))?);
    }
    engine.recalculate();
    let mut all = Vec::new();
    for (place, row) in trial.rows.iter().enumerate() {
        let (Some(now), Some(&(right, tolerance))) =
            (scratch.get(place).and_then(|&cell| engine.number(cell)), trial.wanted.get(row))
        else {
            return Ok(None);
        };
        let slope = gradients[1][place] - gradients[0][place];
        let tolerance = (tolerance / slope.abs()) + ROUNDING * now.abs();
        let wanted = (right - gradients[0][place]) / slope;
        if !wanted.is_finite() || !tolerance.is_finite() {
            return Ok(None);
        }
        all.push(Wanted { value: wanted, now, tolerance });
    }
    Ok(Some(all))
}

/// Up to three of the quantities whose product is `lacking` in every row, or its opposite; the fewest, and the first.
fn product(lacking: &[(f64, f64)], quantities: &[Quantity]) -> Option<(bool, Vec<usize>)> {
    let sign_of = |factors: &[usize]| -> Option<bool> {
        // No path of the chain rule is made of given numbers and weights alone.
        if factors.iter().all(|&factor| !quantities[factor].is_learnt) {
            return None;
        }
        [false, true].into_iter().find(|&is_negative| {
            lacking.iter().enumerate().all(|(row, &(value, tolerance))| {
                let product: f64 = factors.iter().map(|&factor| quantities[factor].values[row]).product();
                ((if is_negative { -product } else { product }) - value).abs() <= tolerance
            })
        })
    };
    let count = quantities.len();
    let singles = (0..count).map(|a| vec![a]);
    let pairs = (0..count).flat_map(|b| (0..b).map(move |a| vec![a, b]));
    for factors in singles.chain(pairs) {
        if let Some(is_negative) = sign_of(&factors) {
            return Some((is_negative, factors));
        }
    }
    // Most fail in the row that shows it most clearly.
    let clearest = |x: &usize, y: &usize| {
        let clear = |row: usize| lacking[row].0.abs() / lacking[row].1.max(f64::MIN_POSITIVE);
        clear(*x).total_cmp(&clear(*y))
    };
    let row = (0..lacking.len()).max_by(clearest)?;
    let (first, tolerance) = lacking[row];
    for (c, third) in quantities.iter().enumerate() {
        for (b, second) in quantities[..c].iter().enumerate() {
            let of_two = second.values[row] * third.values[row];
            for (a, factor) in quantities[..b].iter().enumerate() {
                if ((factor.values[row] * of_two).abs() - first.abs()).abs() <= 2.0 * tolerance
                    && let Some(is_negative) = sign_of(&[a, b, c])
                {
                    return Some((is_negative, vec![a, b, c]));
                }
            }
        }
    }
    None
}

/// What a term may be made of: the row's quantities that do not need the culprit, the nearest first, and of outputs also
/// 1 less them. Not gradients, which a formula on the way to gradients rarely takes, where it takes none.
fn quantities(sheet: &Sheet<'_>, trial: &Trial<'_>, engine: &Engine, node: &Node, home: Address) -> Vec<Quantity> {
    let (case, table) = (trial.case, &trial.case.table);
    let Some(&step) = trial.rows.first() else { return Vec::new() };
    let own = |cell: Address| cell.shifted(table.shift, table.anchor - step);
    let gradients: BTreeSet<Address> = table.rules.iter().filter_map(|rule| table.at(rule.gradient?, step)).collect();
    let takes_gradients = references(node, home).iter().any(|reference| gradients.contains(&reference.to));
    let mut cells = others(sheet, case, home, step);
    cells.retain(|&cell| (takes_gradients || !gradients.contains(&cell)) && !is_rate(table, cell));
    cells.sort_by_key(|to| to.column.abs_diff(home.column) + to.row.abs_diff(home.row));
    let mut quantities = Vec::new();
    for cell in cells {
        let is_fixed = table.fixed.contains(&cell);
        let Some(reference) = reference_to(node, home, cell, is_fixed) else { continue };
        let in_row = |&row: &i64| {
            let there = if is_fixed { cell } else { table.at(own(cell)?, row)? };
            engine.number(there)
        };
        let Some(values) = trial.rows.iter().map(in_row).collect::<Option<Vec<f64>>>() else { continue };
        // What is 0 explains nothing.
        if values.iter().all(|value| *value == 0.0) {
            continue;
        }
        let words = spelled(sheet.book, table, cell, step);
        let part = own(cell).and_then(|own| table.moving.get(&own));
        let (is_forward, is_learnt) =
            (part == Some(&Part::Forward), matches!(part, Some(Part::Forward | Part::Backward | Part::Aside)));
        if is_forward {
            quantities.push(Quantity {
                node: less(Node::NumberKind(1.0), reference.clone()),
                words: format!("(1 − {words})"),
                values: values.iter().map(|value| 1.0 - value).collect(),
                is_learnt,
            });
        }
        quantities.push(Quantity { node: reference, words, values, is_learnt });
    }
    quantities.truncate(QUANTITY_LIMIT);
    quantities
}
