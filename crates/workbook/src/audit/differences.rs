//! Finite differences of the sheet's own error.
//!
//! Every weight cell is made a constant, so that the rows no longer hang together, and then the same weight of all rows
//! of all tables is nudged at once. Central differences at three distances are extrapolated to distance 0 (Richardson):
//! with D(h) the central difference, T(h) = (4·D(h/2) − D(h)) / 3 has lost the term in h², and
//! (16·T(h/2) − T(h)) / 15 the term in h⁴ as well. How much the last extrapolation still moves the result is the estimate
//! of its error. What rounding can do to the readings at the smallest distance comes on top: once a network has learnt,
//! an error is small against the numbers that it is made of, and so is it against what they are rounded by.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::book::Book;
use super::dependencies::Dependencies;
use super::engine::{Content, Engine};
use super::error::AuditError;
use super::rounding::Rounding;
use super::table::{Part, Table};

/// The largest distance, relative to a weight of size 1 or more.
const DISTANCE: f64 = 1.0 / 128.0;
/// The distance of the second try, where the first was too far: near the kink of a ReLU.
const SHORT_DISTANCE: f64 = DISTANCE / 256.0;
/// What a kink leaves of the readings, in units of this, bounds what it does to the derivative.
const KINK: f64 = 0.1;
/// An estimate above this part of the value asks for a second try.
const ROUGH: f64 = 1e-5;

/// A derivative with what is known about its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub value: f64,
    /// How far the true value may lie away.
    pub error: f64,
    /// How far rounding may move the value, and a gradient that is right.
    pub rounding: f64,
}

impl Estimate {
    /// How far a correct gradient may be from the value: some times the estimated error, and the rounding of formulas.
    pub fn tolerance(self) -> f64 {
        4.0 * self.error + self.rounding + 1e-9 * self.value.abs() + 1e-300
    }

    pub fn holds(self, gradient: f64, slack: f64) -> bool {
        (gradient - self.value).abs() <= self.tolerance() + slack
    }

    pub fn times(self, factor: f64) -> Estimate {
        let size = factor.abs();
        Estimate { value: self.value * factor, error: self.error * size, rounding: self.rounding * size }
    }

    pub fn plus(self, other: Estimate) -> Estimate {
        Estimate {
            value: self.value + other.value,
            error: self.error + other.error,
            rounding: self.rounding + other.rounding,
        }
    }
}

/// The targets before anything is nudged, by task, target and step: the value, and the most that rounding moves it.
type Start = Vec<Vec<BTreeMap<i64, (f64, f64)>>>;

/// The derivatives of one table, by target (the error first, then its terms), track and step.
pub(crate) type Derivatives = Vec<Vec<BTreeMap<i64, Estimate>>>;

/// A table with the steps at which it is to be differentiated.
pub(crate) struct Task<'a> {
    pub table: &'a Table,
    pub steps: &'a [i64],
}

/// Differentiates the errors of all tables. `fixed` are the constants and formulas that stand in place of the sheet's
/// own; it holds every weight of the steps.
pub(crate) fn derivatives(
    book: &Book,
    dependencies: &Dependencies,
    tasks: &[Task<'_>],
    fixed: &BTreeMap<Address, Content>,
) -> Result<Vec<Derivatives>, AuditError> {
    let stop: BTreeSet<Address> = fixed.keys().copied().collect();
    let mut roots: Vec<Address> = Vec::new();
    for task in tasks {
        for target in targets(task.table) {
            roots.extend(task.steps.iter().filter_map(|&step| task.table.at(target, step)));
        }
    }
    let mut wanted = dependencies.closure(&roots, &stop);
    // What a replaced formula needs is not what the sheet's formula there needed, but its neighbours' counterpart.
    for task in tasks {
        let forward =
            task.table.moving.iter().filter(|(_, part)| matches!(part, Part::Forward | Part::Given | Part::Weight));
        for (&cell, _) in forward {
            wanted.extend(task.steps.iter().filter_map(|&step| task.table.at(cell, step)));
        }
        wanted.extend(dependencies.closure(&task.table.fixed.iter().copied().collect::<Vec<_>>(), &stop));
    }
    let mut engine = Engine::new(book, Some(&wanted), fixed)?;
    engine.recalculate();
    let start = start(book, &engine, tasks, fixed);
    let mut results: Vec<Derivatives> = tasks
        .iter()
        .map(|task| vec![vec![BTreeMap::new(); task.table.tracks.len()]; targets(task.table).len()])
        .collect();
    let most = tasks.iter().map(|task| task.table.tracks.len()).max().unwrap_or(0);
    // Steps that reach into the next one are nudged apart from it, and tables that read weights of another from that one.
    let parities: &[Option<i64>] =
        if reach_further(dependencies, tasks, &stop) { &[Some(0), Some(1)] } else { &[None] };
    let numbers = numbered_apart(dependencies, tasks, &stop);
    let mut turns: Vec<(usize, Option<i64>)> = Vec::new();
    for number in numbers.iter().copied().collect::<BTreeSet<_>>() {
        turns.extend(parities.iter().map(|&parity| (number, parity)));
    }
    let nudge_all = |engine: &mut Engine, track: usize, distance: f64, results: &mut [Derivatives]| {
        turns.iter().try_for_each(|&(number, parity)| {
            let is_nudged = |place: usize, step: i64| {
                numbers[place] == number && parity.is_none_or(|parity| step.rem_euclid(2) == parity)
            };
            nudge(engine, tasks, fixed, (track, &is_nudged), distance, &start, results)
        })
    };
    for track in 0..most {
        nudge_all(&mut engine, track, DISTANCE, &mut results)?;
        let is_rough = |results: &[Derivatives]| {
            results.iter().flatten().filter_map(|tracks| tracks.get(track)).flat_map(BTreeMap::values).any(rough)
        };
        if is_rough(&results) {
            nudge_all(&mut engine, track, SHORT_DISTANCE, &mut results)?;
        }
    }
    Ok(results)
}

fn rough(estimate: &Estimate) -> bool {
    estimate.error > ROUGH * estimate.value.abs() && estimate.error > 1e-13
}

/// Whether an error depends on a weight of another step than its own.
fn reach_further(dependencies: &Dependencies, tasks: &[Task<'_>], stop: &BTreeSet<Address>) -> bool {
    tasks.iter().any(|task| {
        let table = task.table;
        let weights: BTreeMap<Address, i64> = table
            .tracks
            .iter()
            .flat_map(|track| table.steps().filter_map(|step| Some((track.weight_at(step)?, step))))
            .collect();
        task.steps.iter().any(|&step| {
            let needs = table.at(table.error, step).map(|error| dependencies.closure(&[error], stop));
            needs.unwrap_or_default().iter().any(|cell| weights.get(cell).is_some_and(|&other| other != step))
        })
    })
}

/// Numbers the tables so that no error of one depends on a weight of another with the same number, as it does where a
/// weight that is never updated starts from another table's.
fn numbered_apart(dependencies: &Dependencies, tasks: &[Task<'_>], stop: &BTreeSet<Address>) -> Vec<usize> {
    let mut owners: BTreeMap<Address, usize> = BTreeMap::new();
    for (place, task) in tasks.iter().enumerate() {
        owners.extend(task.table.weights().into_iter().map(|weight| (weight, place)));
    }
    let read: Vec<BTreeSet<usize>> = tasks
        .iter()
        .map(|task| {
            let errors: Vec<Address> =
                task.steps.iter().filter_map(|&step| task.table.at(task.table.error, step)).collect();
            let needs = dependencies.closure(&errors, stop);
            needs.iter().filter_map(|cell| owners.get(cell)).copied().collect()
        })
        .collect();
    let mut numbers: Vec<usize> = Vec::new();
    for place in 0..tasks.len() {
        let is_near = |other: usize| read[place].contains(&other) || read[other].contains(&place);
        let taken: BTreeSet<usize> = (0..place).filter(|&other| is_near(other)).map(|other| numbers[other]).collect();
        numbers.extend((0..).find(|number| !taken.contains(number)));
    }
    numbers
}

/// The cells that are differentiated, at the anchor.
fn targets(table: &Table) -> Vec<Address> {
    std::iter::once(table.error).chain(table.error_terms.iter().copied()).collect()
}

/// The targets as they are.
fn start(book: &Book, engine: &Engine, tasks: &[Task<'_>], fixed: &BTreeMap<Address, Content>) -> Start {
    let value = |cell: Address| engine.number(cell);
    let given = |cell: Address| matches!(fixed.get(&cell), Some(Content::Number(_)));
    let mut rounding = Rounding::new(book, &value, &given);
    let mut of_target = |task: &Task<'_>, target: Address| -> BTreeMap<i64, (f64, f64)> {
        let cells = task.steps.iter().filter_map(|&step| Some((step, task.table.at(target, step)?)));
        cells.filter_map(|(step, cell)| Some((step, (engine.number(cell)?, rounding.of(cell))))).collect()
    };
    let mut of_task = |task: &Task<'_>| targets(task.table).into_iter().map(|target| of_target(task, target)).collect();
    tasks.iter().map(&mut of_task).collect()
}

fn nudge(
    engine: &mut Engine,
    tasks: &[Task<'_>],
    fixed: &BTreeMap<Address, Content>,
    (track, is_nudged): (usize, &dyn Fn(usize, i64) -> bool),
    distance: f64,
    start: &Start,
    results: &mut [Derivatives],
) -> Result<(), AuditError> {
    // Which weight of which step, with its value and its distance.
    let mut nudged: Vec<(usize, i64, Address, f64, f64)> = Vec::new();
    for (place, task) in tasks.iter().enumerate() {
        let Some(weights) = task.table.tracks.get(track) else { continue };
        for &step in task.steps.iter().filter(|&&step| is_nudged(place, step)) {
            if let Some(cell) = weights.weight_at(step)
                && let Some(Content::Number(value)) = fixed.get(&cell)
            {
                nudged.push((place, step, cell, *value, distance * value.abs().max(1.0)));
            }
        }
    }
    // Readings at +h, −h, +h/2, −h/2, +h/4, −h/4 of every target, with the way actually gone.
    let mut readings: Vec<Vec<Vec<Option<f64>>>> = vec![Vec::new(); nudged.len()];
    let sides = [1.0, -1.0, 0.5, -0.5, 0.25, -0.25];
    for side in sides {
        for &(_, _, cell, value, distance) in &nudged {
            engine.set_number(cell, value + side * distance)?;
        }
        engine.recalculate();
        for (reading, &(place, step, ..)) in readings.iter_mut().zip(&nudged) {
            let table = tasks[place].table;
            reading.push(targets(table).iter().map(|&target| engine.number(table.at(target, step)?)).collect());
        }
    }
    for (reading, &(place, step, cell, value, distance)) in readings.iter().zip(&nudged) {
        engine.set_number(cell, value)?;
        for target in 0..results[place].len() {
            let central = |pair: usize| -> Option<f64> {
                let up = value + sides[2 * pair] * distance;
                let down = value + sides[2 * pair + 1] * distance;
                Some((reading[2 * pair][target]? - reading[2 * pair + 1][target]?) / (up - down))
            };
            let (Some(wide), Some(half), Some(quarter)) = (central(0), central(1), central(2)) else { continue };
            let (first, second) = ((4.0 * half - wide) / 3.0, (4.0 * quarter - half) / 3.0);
            let extrapolated = (16.0 * second - first) / 15.0;
            let size =
                reading.iter().filter_map(|values| values[target]).fold(0.0f64, |most, value| most.max(value.abs()));
            let last_bits = 16.0 * f64::EPSILON * size / (0.25 * distance);
            // Twice, because the extrapolation weighs the smallest distance by 64/45 and the others by 21/45.
            let Some(&(at_rest, moved)) = start[place][target].get(&step) else { continue };
            let rounding = 2.0 * moved / (0.25 * distance);
            // Both ways together, 0 and the three distances leave nothing of h⁰, h² and h⁴; a kink between them does.
            let both = |pair: usize| Some(reading[2 * pair][target]? + reading[2 * pair + 1][target]?);
            let (Some(wide), Some(half), Some(quarter)) = (both(0), both(1), both(2)) else { continue };
            let kink = -64.0 * 2.0 * at_rest + 4096.0 / 45.0 * quarter - 256.0 / 9.0 * half + 64.0 / 45.0 * wide;
            let error = (extrapolated - second).abs() + KINK * kink.abs() / distance + last_bits;
            let found = Estimate { value: extrapolated, error, rounding };
            let kept = results[place][target][track].entry(step).or_insert(found);
            // Where two tries exclude each other, a kink lies within the distance of the first.
            let is_excluded = (found.value - kept.value).abs() > found.tolerance() + kept.tolerance();
            if is_excluded || found.tolerance() < kept.tolerance() {
                *kept = found;
            }
        }
    }
    Ok(())
}
