//! Weights that learn at another rate than the others, or at none: then the whole gradient is taken off.

use super::finding::SlipKind;
use super::judge::Judge;
use super::labels::label;
use super::report::short;
use super::right_update::rate_text;
use super::rows::{Found, same};

impl Judge<'_, '_> {
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
