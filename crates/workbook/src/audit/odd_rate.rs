//! Weights that learn at another rate than the others, or at none: then the whole gradient is taken off; and a rate below 0.

use std::collections::BTreeMap;

use super::address::Address;
use super::engine::Content;
use super::finding::{Finding, SlipKind};
use super::formula::Expr;
use super::judge::{Judge, Row};
use super::labels::label;
use super::report::short;
use super::right_update::rate_text;
use super::rows::{Found, same};

impl Judge<'_, '_> {
    /// A learning rate below 0 in a cell, where that is why most updates add the gradient.
    pub fn rate_below_zero(&self) -> Option<Finding> {
        let (book, table) = (self.sheet.book, self.table());
        let base = match table.rules.first()?.rate.as_slice() {
            [factor] if !factor.is_divisor => match factor.expr {
                Expr::Cell(cell) => cell,
                _ => return None,
            },
            _ => return None,
        };
        let is_of_all = table.rules.iter().all(|rule| rule.rate == table.rules[0].rate);
        // Below the last update there may be no rate.
        let below_zero = |track: usize, step: &i64| self.case.rates[track].get(step).is_some_and(|rate| *rate < 0.0);
        let is_negative =
            (0..table.rules.len()).all(|track| self.case.applied[track].keys().all(|step| below_zero(track, step)));
        let is_opposite = |row: &Row| {
            let opposite = row.applied.map(|applied| Row { applied: Some(-applied), ..*row });
            opposite.is_some_and(|opposite| opposite.holds()) && !row.holds()
        };
        let opposite = self.rows.iter().filter(|rows| rows.first().is_some_and(is_opposite)).count();
        if !is_of_all || !is_negative || 2 * opposite <= self.rows.len() {
            return None;
        }
        let at = |step: i64| if table.fixed.contains(&base) { Some(base) } else { table.at(base, step) };
        let updated = self.case.applied[0].keys();
        let mut cells: Vec<(i64, Address)> = updated.filter_map(|&step| Some((step, at(step)?))).collect();
        cells.dedup_by_key(|(_, cell)| *cell);
        let (_, first) = *cells.first()?;
        let rate = self.sheet.engine.number(first)?;
        let typed = cells.iter().filter(|(_, cell)| book.formula(*cell).is_none());
        let corrections: BTreeMap<Address, Content> =
            typed.map(|&(_, cell)| (cell, Content::Number(rate.abs()))).collect();
        Some(Finding {
            kind: SlipKind::WrongSign,
            track: None,
            steps: cells.iter().map(|entry| entry.0).collect(),
            cells: cells.into_iter().map(|entry| entry.1).collect(),
            value: Some(rate),
            expected: None,
            tolerance: None,
            explanation: format!(
                "the learning rate in {first} is {}, below 0: every update adds its gradient and climbs the error",
                short(rate)
            ),
            corrections,
        })
    }

    /// Says which weights learn at another rate than the others.
    pub fn odd_rates(&mut self, result: &mut Found) {
        let (case, book) = (self.case, self.sheet.book);
        let table = &case.table;
        if table.rules.iter().all(|rule| rule.lacks_rate) {
            let note = "No update multiplies its gradient by a learning rate; that is training at the rate 1.";
            result.notes.push(note.to_owned());
        }
        for track in 0..table.tracks.len() {
            let source = self.rate_source(track);
            let rows = self.rows[track].clone();
            if source == track || rows.is_empty() {
                continue;
            }
            let step = rows[0].step;
            let rate = |track: usize| case.rates[track].first_key_value().map_or(f64::NAN, |(_, rate)| rate.abs());
            let name = label(book, table, table.tracks[track].weight);
            let sheet = table.tracks[track].update.sheet;
            let usual = match rate_text(book, table, source, step, sheet) {
                Some(text) if text.parse::<f64>().is_err() => format!("{text} = {}", short(rate(source))),
                _ => short(rate(source)),
            };
            let explanation = if table.rules[track].lacks_rate {
                format!(
                    "the update of {name} has no learning rate: it takes the whole gradient off, where the other weights \
                     are moved by {usual} times theirs"
                )
            } else {
                format!("{name} is updated with the rate {} where the other weights have {usual}", short(rate(track)))
            };
            let mut finding =
                self.update_finding(SlipKind::WrongUpdate, track, &rows, explanation, &mut |judge, step| {
                    judge.plain_update(track, step).or_else(|| judge.with_rate(track, step))
                });
            // Its gradient is judged apart from its rate.
            (finding.value, finding.expected, finding.tolerance) = (None, None, None);
            result.found.push(finding);
        }
    }

    /// A track with the rate that this one should have: itself, where nothing is odd about its rate.
    pub fn rate_source(&self, track: usize) -> usize {
        let table = &self.case.table;
        let step = table.steps().find(|step| self.case.rates.iter().any(|rates| rates.contains_key(step)));
        let Some(step) = step else { return track };
        let rated: Vec<(usize, f64)> = (0..table.tracks.len())
            .filter(|&other| !table.rules[other].lacks_rate)
            .filter_map(|other| Some((other, self.case.rates[other].get(&step)?.abs())))
            .collect();
        let shared = |rate: f64| rated.iter().filter(|(_, other)| same(*other, rate)).count();
        let Some(&(usual, rate)) = rated.iter().rev().max_by_key(|(_, rate)| shared(*rate)) else { return track };
        if table.rules[track].lacks_rate {
            // Taken off whole, a gradient is multiplied by 1.
            return if same(rate, 1.0) { track } else { usual };
        }
        let odd = rated.len() - shared(rate);
        let is_odd = rated.iter().any(|&(other, own)| other == track && !same(own, rate));
        if is_odd && 3 * odd <= table.tracks.len() { usual } else { track }
    }
}
