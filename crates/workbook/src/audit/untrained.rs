//! Weights that no update ever changes, among others that are trained.
//!
//! A weight without an update is a number like an input. What tells it apart: it is multiplied with what trained
//! weights are multiplied with, an input or the output of a neuron, or with something that depends on weights in a sum of
//! such products, and no weight is multiplied with it. A bias among others that are trained is added to such a sum. Where a
//! whole layer is never trained, its gradients tell, which stand in the row.

use std::collections::{BTreeMap, BTreeSet};

use longhand_derivation::expression::{Graph, NodeId, Op};

use super::address::Address;
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Case, Sheet};
use super::finding::{Finding, SlipKind};
use super::formula::text_at;
use super::labels::label;
use super::network::peeled;
use super::right_update::rate_text;
use super::symbolic::{Extra, Symbolic};
use super::table::{Part, Table};

/// How many rows a gradient has to be right in to count as one.
const ROWS: usize = 3;
/// How close a gradient has to be to the derivative.
const SAME: f64 = 1e-6;
/// The most numbers of a row that are looked at.
const FACTOR_LIMIT: usize = 64;

/// The weights of a table that are never trained.
pub(crate) fn findings(sheet: &mut Sheet<'_>, case: &Case) -> Result<Vec<Finding>, AuditError> {
    let table = &case.table;
    let step = table.anchor;
    let Some(symbolic) = Symbolic::of(sheet.book, table, step) else { return Ok(Vec::new()) };
    let sure: Vec<Address> = untrained(&symbolic, table, step).into_values().collect();
    let likely: Vec<Address> =
        factors(&symbolic, table, step).into_iter().filter(|cell| !sure.contains(cell)).collect();
    // Their derivatives, as if they were further weights.
    let cells = [&sure[..], &likely[..]].concat();
    let extra = Extra { weights: &cells, ..Extra::default() };
    let Some(symbolic) = Symbolic::with(sheet.book, table, step, &extra) else { return Ok(Vec::new()) };
    let places = table.tracks.len()..;
    let mut findings = Vec::new();
    for (cell, place) in cells.into_iter().zip(places) {
        if sure.contains(&cell) || has_gradient(sheet, case, &symbolic, place, cell)? {
            findings.push(finding(sheet, case, &symbolic, place, cell)?);
        }
    }
    Ok(findings)
}

/// The numbers of each row that are multiplied with something on the way to the error; none where they are many.
fn factors(symbolic: &Symbolic, table: &Table, step: i64) -> BTreeSet<Address> {
    let graph = &symbolic.graph;
    let cells: BTreeMap<NodeId, Address> = symbolic.nodes.iter().map(|(&cell, &node)| (node, cell)).collect();
    let weights: BTreeSet<Address> = table.tracks.iter().filter_map(|track| track.weight_at(step)).collect();
    let of_the_rows = |cell: &Address| {
        let own = cell.shifted(table.shift, table.anchor - step);
        own.is_some_and(|own| table.moving.get(&own) == Some(&Part::Given))
    };
    let products = graph.ids().filter(|id| graph.node(*id).op == Op::Multiply);
    let operands = products.flat_map(|id| graph.node(id).operands.iter().copied());
    let found: BTreeSet<Address> = operands
        .filter(|&operand| graph.node(peeled(graph, operand)).op == Op::Variable)
        .filter_map(|operand| cells.get(&operand).copied())
        .filter(|cell| of_the_rows(cell) && !weights.contains(cell))
        .collect();
    if found.len() <= FACTOR_LIMIT { found } else { BTreeSet::new() }
}

/// Whether a cell of the row holds the derivative, number `place` of the graph's, by a number in `cell` of the anchor's row:
/// nobody works that out by what is no weight.
fn has_gradient(
    sheet: &mut Sheet<'_>,
    case: &Case,
    symbolic: &Symbolic,
    place: usize,
    cell: Address,
) -> Result<bool, AuditError> {
    let (book, table) = (sheet.book, &case.table);
    if table.moving.values().all(|part| *part != Part::Aside) {
        return Ok(false);
    }
    let held = BTreeMap::new();
    let derivative = symbolic.formula(book, table, table.anchor, symbolic.gradients[place], cell.sheet, &held);
    let Some(derivative) = derivative else { return Ok(false) };
    Ok(gradient_cell(sheet, case, cell, &derivative)?.is_some())
}

/// The quantities of a step that are weights by what they are multiplied with, and have no update.
pub(crate) fn untrained(symbolic: &Symbolic, table: &Table, step: i64) -> BTreeMap<NodeId, Address> {
    let graph = &symbolic.graph;
    let cells: BTreeMap<NodeId, Address> = symbolic.nodes.iter().map(|(&cell, &node)| (node, cell)).collect();
    let weights: BTreeSet<NodeId> = table
        .tracks
        .iter()
        .filter_map(|track| Some(peeled(graph, *symbolic.nodes.get(&track.weight_at(step)?)?)))
        .collect();
    let Some(&error) = table.at(table.error, step).and_then(|cell| symbolic.nodes.get(&cell)) else {
        return BTreeMap::new();
    };
    let needed = graph.needed_by(&[error]);
    let mut varies: BTreeSet<NodeId> = weights.clone();
    let mut parents: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    for id in graph.ids().filter(|id| needed[id.index()]) {
        for operand in &graph.node(id).operands {
            parents.entry(*operand).or_default().push(id);
            if varies.contains(operand) {
                varies.insert(id);
            }
        }
    }
    let products: Vec<(NodeId, [NodeId; 2])> = graph
        .ids()
        .filter(|id| needed[id.index()] && graph.node(*id).op == Op::Multiply)
        .filter_map(|id| Some((sum_of(graph, &parents, id), graph.node(id).operands.as_slice().try_into().ok()?)))
        .collect();
    let (mut sources, mut sums) = (BTreeSet::new(), BTreeSet::new());
    for &(sum, [x, y]) in &products {
        for (weight, source) in [(x, y), (y, x)] {
            if weights.contains(&peeled(graph, weight)) {
                sources.insert(peeled(graph, source));
                sums.insert(sum);
            }
        }
    }
    let mut found = BTreeMap::new();
    for &(sum, [x, y]) in &products {
        for (own, other) in [(x, y), (y, x)] {
            let (number, source) = (peeled(graph, own), peeled(graph, other));
            let is_number = graph.node(number).op == Op::Variable;
            let is_known = weights.contains(&number) || sources.contains(&number) || weights.contains(&source);
            let is_weighing = sources.contains(&source) || sums.contains(&sum) && varies.contains(&source);
            if is_number && !is_known && is_weighing {
                found.extend(cells.get(&own).map(|&cell| (own, cell)));
            }
        }
    }
    // Biases: what is added to a sum of products as it stands.
    let added: Vec<(NodeId, NodeId)> = graph
        .ids()
        .filter(|id| needed[id.index()] && graph.node(*id).op == Op::Add)
        .flat_map(|id| graph.node(id).operands.iter().map(move |&operand| (id, operand)))
        .filter(|&(_, operand)| graph.node(peeled(graph, operand)).op == Op::Variable)
        .map(|(id, operand)| (sum_of(graph, &parents, id), operand))
        .filter(|(sum, operand)| sums.contains(sum) && !sources.contains(&peeled(graph, *operand)))
        .collect();
    let (trained, fixed): (Vec<_>, Vec<_>) =
        added.into_iter().partition(|(_, operand)| weights.contains(&peeled(graph, *operand)));
    let with_bias: BTreeSet<NodeId> = trained.into_iter().map(|(sum, _)| sum).collect();
    let forgotten: Vec<(NodeId, NodeId)> = fixed.into_iter().filter(|(sum, _)| !with_bias.contains(sum)).collect();
    // Biases may all be fixed, or those of a layer; one among others that are trained was forgotten.
    if forgotten.len() < with_bias.len() {
        let of_the_rows = |cell: &&Address| {
            let own = cell.shifted(table.shift, table.anchor - step);
            own.is_some_and(|own| table.moving.contains_key(&own))
        };
        let cell_of = |(_, operand): (NodeId, NodeId)| Some((operand, *cells.get(&operand).filter(of_the_rows)?));
        found.extend(forgotten.into_iter().filter_map(cell_of));
    }
    found
}

/// The sum that a term belongs to.
fn sum_of(graph: &Graph, parents: &BTreeMap<NodeId, Vec<NodeId>>, term: NodeId) -> NodeId {
    let mut here = term;
    while let Some([only]) = parents.get(&here).map(Vec::as_slice) {
        if !matches!(graph.node(*only).op, Op::Add | Op::Identity) {
            break;
        }
        here = *only;
    }
    here
}

/// What is wrong with a weight in `cell` of the anchor's row, whose derivative is number `place` of the graph's.
fn finding(
    sheet: &mut Sheet<'_>,
    case: &Case,
    symbolic: &Symbolic,
    place: usize,
    cell: Address,
) -> Result<Finding, AuditError> {
    let table = &case.table;
    let (book, anchor) = (sheet.book, table.anchor);
    let name = label(book, table, cell);
    let mut finding = Finding {
        kind: SlipKind::NeverTrained,
        track: None,
        cells: vec![cell],
        steps: vec![anchor],
        value: None,
        expected: None,
        tolerance: None,
        explanation: format!("{name} is never trained: no row takes rate times gradient off it"),
        corrections: BTreeMap::new(),
    };
    if !table.moving.contains_key(&cell) {
        finding.explanation =
            format!("{name} is never trained: it stands in {cell} alone, and no row has one of its own");
        return Ok(finding);
    }
    let later = |step: &i64| table.at(cell, *step).is_some_and(|cell| book.cells.contains_key(&cell));
    finding.steps = (table.first + 1..=table.sheet_last).filter(later).collect();
    if finding.steps.is_empty() {
        finding.steps = vec![table.first];
    }
    finding.cells = finding.steps.iter().filter_map(|&step| table.at(cell, step)).collect();
    let rate = (0..table.tracks.len())
        .find_map(|track| rate_text(book, table, track, anchor, table.tracks[track].update.sheet));
    let derivative = symbolic.formula(book, table, anchor, symbolic.gradients[place], cell.sheet, &BTreeMap::new());
    let (Some(rate), Some(derivative)) = (rate, derivative) else { return Ok(finding) };
    let gradient = match gradient_cell(sheet, case, cell, &derivative)? {
        Some(gradient) => {
            let first = table.at(gradient, table.first).unwrap_or(gradient);
            finding.explanation.push_str(&format!(", though its gradient stands in {first}"));
            gradient.a1()
        }
        None => format!("({derivative})"),
    };
    // Written for the row behind the anchor and moved from there.
    let Some(home) = table.at(cell, anchor + 1) else { return Ok(finding) };
    let Some(update) = sheet.reader.read(&format!("{}-{rate}*{gradient}", cell.a1()), home) else { return Ok(finding) };
    for &cell in &finding.cells {
        finding.corrections.insert(cell, Content::Formula(text_at(&update.node, &book.sheets, cell)));
    }
    Ok(finding)
}

/// A cell of the row, on the same sheet, that holds the derivative already.
fn gradient_cell(
    sheet: &mut Sheet<'_>,
    case: &Case,
    weight: Address,
    derivative: &str,
) -> Result<Option<Address>, AuditError> {
    let table = &case.table;
    let Some(formula) = sheet.reader.read(derivative, weight) else { return Ok(None) };
    let mut wanted = Vec::new();
    for &step in case.tested.iter().take(ROWS) {
        let Some(home) = table.at(weight, step) else { return Ok(None) };
        let text = text_at(&formula.node, &sheet.book.sheets, home);
        wanted.push((step, sheet.engine.add_formula(home.sheet, &text)?));
    }
    sheet.engine.recalculate();
    let holds = |base: Address| {
        wanted.iter().all(|&(step, cell)| {
            let found = table.at(base, step).and_then(|cell| sheet.engine.number(cell));
            found
                .zip(sheet.engine.number(cell))
                .is_some_and(|(found, wanted)| (found - wanted).abs() <= SAME * wanted.abs())
        })
    };
    let is_aside = |base: &Address, part: Part| part == Part::Aside && base.sheet == weight.sheet;
    Ok(table.moving.iter().find(|(base, part)| is_aside(base, **part) && holds(**base)).map(|(&base, _)| base))
}
