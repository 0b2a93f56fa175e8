//! What is tried on a forward formula where it and the gradients disagree.
//!
//! A student writes the cells of a layer one like the other. So next to one reference, one sign or one term for another, the
//! likeliest right formula is that of a neighbour with this cell's own weights or operands in it; and a weight that is
//! updated and that nothing uses is the likeliest one to be missing.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::expressions::parser::Node;
use ironcalc_base::expressions::token::OpUnary;

use super::address::Address;
use super::formula::{Expr, reference_to, references, text_at, with_references};
use super::judge::Judge;
use super::places::{plus, times};
use super::repair::{Repair, changes, is_rate, others, spelled};
use super::table::Part;
use super::terms::{with_like_terms, without_terms};
use super::tracks::{Track, place};
use super::update_rule::sum_terms;

/// The most changes of one kind that are tried on one formula.
const TRIAL_LIMIT: usize = 400;
/// The most exchanges that are tried on a term of the error.
const TERM_LIMIT: usize = 60;
/// How far up the forward pass neighbours may come together: sums, outputs, terms, the error.
const REACH: usize = 3;

/// A weight of another track that the error does not depend on, and the cell of its gradient, at the anchor.
pub(crate) struct Unused {
    pub weight: Address,
    pub gradient: Address,
}

impl Judge<'_, '_> {
    /// The weights that are updated and that the error does not depend on, where all of them have gradients in cells.
    pub fn unused(&self) -> Option<Vec<Unused>> {
        let (book, table) = (self.sheet.book, self.table());
        let unused = |track: &Track| {
            let mut track = track.clone();
            track.move_to(table.anchor)?;
            let update = track.updates.get(&table.anchor)?;
            let mut factors = update.steps.iter().flat_map(|product| &product.factors);
            factors.find_map(|factor| match factor.expr {
                Expr::Cell(gradient)
                    if !factor.is_divisor && book.formula(gradient).is_some() && !is_rate(table, gradient) =>
                {
                    Some(Unused { weight: track.weight, gradient })
                }
                _ => None,
            })
        };
        table.idle.iter().map(unused).collect()
    }

    /// The changes worth trying on the forward formula in `home`, the likeliest first. `is_network` where the forward pass is
    /// one as it stands: then only what leaves it one.
    pub fn forward_changes(&mut self, home: Address, step: i64, is_network: bool, unused: &[Unused]) -> Vec<Repair> {
        let book = self.sheet.book;
        let Some(node) = book.formula(home).map(|formula| &formula.node) else { return Vec::new() };
        let like_neighbours = self.like_neighbours(node, home, step, is_network);
        let (sheet, case) = (&*self.sheet, self.case);
        let at_step = |base: Address| self.table().at(base, step);
        let weights: Vec<Address> = unused.iter().filter_map(|unused| at_step(unused.weight)).collect();
        // What sums up too little below the line of a softmax is a network all the same.
        let mut tried = with_like_terms(sheet, case, node, home, step);
        tried.truncate(TRIAL_LIMIT);
        tried.extend(like_neighbours);
        if is_network {
            return tried;
        }
        tried.extend(self.with_unused(node, home, step, &weights));
        tried.extend(changes(sheet, case, node, home, step, TRIAL_LIMIT));
        tried.extend(other_sign(node));
        tried.extend(without_terms(sheet, node, home));
        tried
    }

    /// The exchanges of quantities that depend on weights in a term of the error.
    pub fn term_changes(&self, home: Address, step: i64) -> Vec<Repair> {
        let (book, table) = (self.sheet.book, self.table());
        let Some(formula) = book.formula(home) else { return Vec::new() };
        let part = |cell: Address| {
            cell.shifted(table.shift, table.anchor - step).and_then(|own| table.moving.get(&own)).copied()
        };
        // An output that no term takes is there for the gradients alone.
        let is_quantity = |cell: &Address| match part(*cell) {
            Some(Part::Forward) => true,
            Some(Part::Backward) => !self.needs_target(*cell, step),
            // Such as the difference of another output.
            Some(Part::Aside) => self.is_made_alike(*cell, home),
            _ => false,
        };
        let mut all = others(self.sheet, self.case, home, step);
        all.retain(is_quantity);
        let mut changes = Vec::new();
        for (place, reference) in references(&formula.node, home).into_iter().enumerate() {
            let from = reference.to;
            if part(from) != Some(Part::Forward) {
                continue;
            }
            let mut near: Vec<Address> =
                all.iter().copied().filter(|&to| to != from && to.sheet == from.sheet).collect();
            near.sort_by_key(|to| to.column.abs_diff(from.column) + to.row.abs_diff(from.row));
            changes.extend(near.into_iter().map(|to| {
                let node = with_references(&formula.node, home, &mut |at, _| (at == place).then_some(to));
                let [from, to] = [from, to].map(|cell| spelled(book, table, cell, step));
                Repair { node, words: format!("it uses {from} where {to} belongs"), is_sign: false }
            }));
        }
        changes.truncate(TERM_LIMIT);
        changes
    }

    /// Whether a cell has a formula like that of a cell that `home` takes.
    pub fn is_made_alike(&self, cell: Address, home: Address) -> bool {
        let form =
            |cell: Address| self.sheet.book.formula(cell).map(|formula| formula.expr.spelled(&|_| String::new()));
        let own = self.sheet.book.formula(home).map(|formula| references(&formula.node, home)).unwrap_or_default();
        form(cell).is_some() && own.into_iter().any(|reference| form(reference.to) == form(cell))
    }

    /// The formulas of neighbours with this cell's weights in place of theirs, and with all of its operands.
    pub fn like_neighbours(&mut self, node: &Node, home: Address, step: i64, is_network: bool) -> Vec<Repair> {
        let (book, table) = (self.sheet.book, &self.case.table);
        let is_weight = |cell: &Address| table.tracks.iter().any(|track| track.weight_at(step) == Some(*cell));
        let cells = |node: &Node, home: Address| -> Vec<Address> {
            references(node, home).into_iter().map(|reference| reference.to).collect()
        };
        let form = |cell: Address| book.formula(cell).map(|formula| formula.expr.spelled(&|_| String::new()));
        let own = cells(node, home);
        let own_weights: Vec<Address> = own.iter().copied().filter(is_weight).collect();
        let is_in_place = !is_network || self.gradients_are_in_place();
        let mut changes: Vec<Repair> = Vec::new();
        for neighbour in self.neighbours(home, step) {
            let Some(formula) = book.formula(neighbour).filter(|_| neighbour.sheet == home.sheet) else { continue };
            let theirs = cells(&formula.node, neighbour);
            let their_weights: Vec<Address> = theirs.iter().copied().filter(is_weight).collect();
            let mut targets: Vec<Vec<Address>> = Vec::new();
            if is_in_place && !own_weights.is_empty() && own_weights.len() == their_weights.len() {
                let place = |cell: &Address| their_weights.iter().position(|other| other == cell);
                targets.push(theirs.iter().map(|cell| place(cell).map_or(*cell, |at| own_weights[at])).collect());
            }
            if theirs.len() == own.len() && form(neighbour) != form(home) {
                targets.push(own.clone());
            }
            for targets in targets.into_iter().filter(|targets| *targets != own || form(neighbour) != form(home)) {
                let exchanged = with_references(&formula.node, neighbour, &mut |place, _| targets.get(place).copied());
                // Read anew, because what is near the neighbour may be far from here.
                let text = text_at(&exchanged, &book.sheets, neighbour);
                let Some(formula) = self.sheet.reader.read(&text, home) else { continue };
                let words = format!("it is not made as {} is", spelled(book, table, neighbour, step));
                changes.push(Repair { node: formula.node, words, is_sign: false });
            }
        }
        changes
    }

    /// Whether the gradients of all weights that are wrong stand as far from their weights as those of the others: then no
    /// update takes that of another.
    fn gradients_are_in_place(&self) -> bool {
        let table = self.table();
        let apart = |track: usize| table.rules[track].gradient.and_then(|cell| cell.since(table.tracks[track].weight));
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        (0..table.tracks.len()).filter_map(apart).for_each(|apart| *counts.entry(apart).or_default() += 1);
        let usual = counts.into_iter().max_by_key(|&(_, count)| count).map(|(apart, _)| apart);
        let wrong = (0..table.tracks.len()).filter(|&track| self.rows[track].iter().any(|row| !row.holds()));
        wrong.map(apart).all(|apart| apart.is_some() && apart == usual)
    }

    /// The forward cells that come together with this one within a few cells of the forward pass.
    fn neighbours(&self, home: Address, step: i64) -> Vec<Address> {
        let table = self.table();
        let forward: BTreeSet<Address> = table
            .moving
            .iter()
            .filter(|(_, part)| **part == Part::Forward)
            .filter_map(|(&base, _)| table.at(base, step))
            .collect();
        let mut above = BTreeSet::from([home]);
        let mut own = above.clone();
        let mut met = BTreeSet::new();
        for level in 1..=REACH {
            let uses = |user: &&Address| self.sheet.dependencies.needs(**user).iter().any(|cell| above.contains(cell));
            above = forward.iter().filter(uses).copied().collect();
            own.extend(&above);
            // As far down again.
            let mut below = above.clone();
            for _ in 0..level {
                let needs = below.iter().flat_map(|&cell| self.sheet.dependencies.needs(cell)).copied();
                below = needs.filter(|cell| forward.contains(cell)).collect();
            }
            met.extend(below);
        }
        let needed = self.sheet.dependencies.closure(&[home], &table.weights());
        met.into_iter().filter(|cell| !own.contains(cell) && !needed.contains(cell)).collect()
    }

    /// The formula with a weight that nothing uses: added as it stands or times a quantity, or in place of a reference, as is
    /// what is made of it.
    fn with_unused(&self, node: &Node, home: Address, step: i64, unused: &[Address]) -> Vec<Repair> {
        let (book, table) = (self.sheet.book, self.table());
        let weights = table.weights();
        let is_weight = |cell: &Address| weights.contains(cell) || unused.contains(cell);
        let own: Vec<Address> = references(node, home).into_iter().map(|reference| reference.to).collect();
        let name = |cell: Address| spelled(book, table, cell, step);
        let mut changes: Vec<Repair> = self.with_all_unused(node, home, step, unused).into_iter().collect();
        // A cell that nothing but unused weights are in is unused as well.
        let mut made = self.sheet.dependencies.dependents(unused, &weights);
        let of_home = self.sheet.dependencies.dependents(&[home], &weights);
        let is_of_step =
            |cell: &Address| unused.iter().any(|&weight| place(*cell, table.shift) == place(weight, table.shift));
        let is_free = |cell: &Address| is_of_step(cell) && !self.moves(*cell, step) && !of_home.contains(cell);
        made.retain(|cell| unused.contains(cell) || is_free(cell));
        for &to in made.iter().filter(|to| to.sheet == home.sheet && !own.contains(to)) {
            let mut distinct = own.clone();
            distinct.sort_unstable();
            distinct.dedup();
            distinct.sort_by_key(|from| to.column.abs_diff(from.column) + to.row.abs_diff(from.row));
            for from in distinct.into_iter().filter(|from| is_weight(from) == is_weight(&to)) {
                for place in (0..own.len()).filter(|&place| own[place] == from) {
                    let node = with_references(node, home, &mut |at, _| (at == place).then_some(to));
                    let words = format!("it uses {} where {} belongs", name(from), name(to));
                    changes.push(Repair { node, words, is_sign: false });
                }
            }
        }
        if !own.iter().any(is_weight) {
            return changes;
        }
        for &weight in unused.iter().filter(|weight| !own.contains(weight)) {
            let Some(added) = reference_to(node, home, weight, false) else { continue };
            let words = format!("the sum in {home} leaves out {weight}");
            changes.push(Repair { node: plus(node.clone(), added.clone()), words, is_sign: false });
            let sources = others(self.sheet, self.case, home, step);
            for source in sources.into_iter().filter(|source| !is_weight(source)) {
                let is_held = !self.moves(source, step);
                let Some(factor) = reference_to(node, home, source, is_held) else { continue };
                let words = format!("the sum in {home} leaves out {weight}·{source}");
                changes.push(Repair { node: plus(node.clone(), times(added.clone(), factor)), words, is_sign: false });
            }
        }
        changes.truncate(TRIAL_LIMIT);
        changes
    }

    /// The formula of another neuron, copied, with its weights exchanged for as many that nothing uses, in their order.
    fn with_all_unused(&self, node: &Node, home: Address, step: i64, unused: &[Address]) -> Option<Repair> {
        let (book, table) = (self.sheet.book, self.table());
        let weights = table.weights();
        let own: Vec<Address> = references(node, home).into_iter().map(|reference| reference.to).collect();
        let mut theirs: Vec<Address> = Vec::new();
        for &cell in own.iter().filter(|cell| weights.contains(cell)) {
            if !theirs.contains(&cell) {
                theirs.push(cell);
            }
        }
        if theirs.len() > unused.len() {
            // A bias that all neurons of the layer have stays.
            let mut terms = Vec::new();
            sum_terms(&book.formula(home)?.expr, false, &mut terms)?;
            theirs.retain(|cell| !terms.iter().any(|(_, term)| **term == Expr::Cell(*cell)));
        }
        let mut unused = unused.to_vec();
        unused.sort_unstable();
        if theirs.len() < 2 || theirs.len() != unused.len() {
            return None;
        }
        let exchanged = |cell: &Address| theirs.iter().position(|other| other == cell).map(|place| unused[place]);
        let node = with_references(node, home, &mut |at, _| own.get(at).and_then(exchanged));
        let names = |cells: &[Address]| {
            cells.iter().map(|&cell| spelled(book, table, cell, step)).collect::<Vec<_>>().join(", ")
        };
        let words = format!("it uses {} where {} belong", names(&theirs), names(&unused));
        Some(Repair { node, words, is_sign: false })
    }

    fn moves(&self, cell: Address, step: i64) -> bool {
        let table = self.table();
        cell.shifted(table.shift, table.anchor - step).is_some_and(|own| table.moving.contains_key(&own))
    }
}

/// The formula with the sign of an exponent turned round.
fn other_sign(node: &Node) -> Option<Repair> {
    let mut node = node.clone();
    let is_changed = turn_exponent(&mut node);
    is_changed.then(|| Repair { node, words: "the exponent of EXP has the wrong sign".to_owned(), is_sign: false })
}

fn turn_exponent(node: &mut Node) -> bool {
    match node {
        Node::FunctionKind { kind, args } if format!("{kind:?}").eq_ignore_ascii_case("exp") => {
            let [exponent] = args.as_mut_slice() else { return false };
            *exponent = match exponent.clone() {
                Node::UnaryKind { kind: OpUnary::Minus, right } => *right,
                other => Node::UnaryKind { kind: OpUnary::Minus, right: Box::new(other) },
            };
            true
        }
        Node::OpSumKind { left, right, .. }
        | Node::OpProductKind { left, right, .. }
        | Node::OpPowerKind { left, right } => turn_exponent(left) || turn_exponent(right),
        Node::UnaryKind { right, .. } => turn_exponent(right),
        Node::FunctionKind { args, .. } => args.iter_mut().any(turn_exponent),
        Node::ImplicitIntersection { child, .. } => turn_exponent(child),
        _ => false,
    }
}
