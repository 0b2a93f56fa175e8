//! References that dollar signs should hold and none do: filled down, they slide off the cell that they mean.
//!
//! Such a formula meets a number in its first row, and further down an empty cell, a text, or another number with a name
//! of its own. Nothing behind it can be judged before it is mended, often not even recognised; so the rest of the audit
//! goes on with a book in which these references are held.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{Address, Shift, quoted_sheet};
use super::book::{Book, Value};
use super::engine::Content;
use super::error::AuditError;
use super::examine::{Examined, Judged, final_error_in};
use super::finding::{Finding, SlipKind};
use super::formula::{Formula, Reference, anchored, references, text_at};
use super::tracks::origin;
use super::update_rule::{Update, readings};

const DOWN: Shift = Shift { rows: 1, columns: 0 };
const ACROSS: Shift = Shift { rows: 0, columns: 1 };
/// The fewest formulas in a line for a reference to a formula, and not to a typed number, to count as sliding.
const SURE: usize = 4;

/// The references of a book that slide.
#[derive(Default)]
pub(crate) struct Sliding {
    /// The cells whose formulas have them, by the cell that they mean and the way in which they slide.
    slid: BTreeMap<(Address, Shift), BTreeSet<Address>>,
    /// Every such formula with its references held.
    pub corrections: BTreeMap<Address, Content>,
}

/// Looks for references that slide as the training runs, down columns or across rows.
pub(crate) fn sliding(book: &Book) -> Sliding {
    let mut found = Sliding::default();
    let mut holds: BTreeMap<Address, BTreeMap<usize, Address>> = BTreeMap::new();
    let Some((along, rows)) = direction(book) else { return found };
    let held = held(book);
    // In a book with a table, two or three formulas below each other are no column of it.
    let shortest = (rows / 2).clamp(2, SURE + 1);
    for line in lines(book, along) {
        for run in runs(&line, along).into_iter().filter(|run| run.len() >= shortest) {
            let (first, formula) = run[0];
            for (place, reference) in references(&formula.node, first).into_iter().enumerate() {
                if !slides(book, &held, &run, reference, along) {
                    continue;
                }
                // Behind a gap too, where the same formula goes on.
                for &(cell, _) in line.iter().filter(|(_, other)| other.node == formula.node) {
                    holds.entry(cell).or_default().insert(place, reference.to);
                    found.slid.entry((reference.to, along)).or_default().insert(cell);
                }
            }
        }
    }
    for (cell, on) in holds {
        if let Some(formula) = book.formula(cell) {
            let node = anchored(&formula.node, cell, &on);
            found.corrections.insert(cell, Content::Formula(text_at(&node, &book.sheets, cell)));
        }
    }
    found
}

/// Which way the training runs: from an update to the one that starts from it; and how far, in rows.
fn direction(book: &Book) -> Option<(Shift, usize)> {
    let updates: BTreeMap<Address, Vec<Update>> = book
        .cells
        .keys()
        .map(|&cell| (cell, readings(book, cell)))
        .filter(|(_, readings)| !readings.is_empty())
        .collect();
    let starts =
        updates.iter().flat_map(|(&cell, readings)| readings.iter().map(move |update| (cell, update.previous)));
    let steps: Vec<(Address, Shift)> = starts
        .map(|(cell, previous)| (cell, origin(book, previous)))
        .filter(|(cell, origin)| cell != origin && updates.contains_key(origin))
        .filter_map(|(cell, origin)| Some((cell, cell.since(origin)?)))
        .collect();
    let count = |along: Shift| steps.iter().filter(|(_, step)| *step == along).count();
    let (down, across) = (count(DOWN), count(ACROSS));
    let along = if down >= across { DOWN } else { ACROSS };
    // Cells come in the order of rows, and in a row in that of columns.
    let mut lengths: BTreeMap<Address, usize> = BTreeMap::new();
    for &(cell, _) in steps.iter().filter(|(_, step)| *step == along) {
        let before = cell.shifted(along, -1).and_then(|before| lengths.get(&before)).copied().unwrap_or(1);
        lengths.insert(cell, before + 1);
    }
    let rows = lengths.into_values().max().unwrap_or(0);
    (down.max(across) > 1).then_some((along, rows))
}

/// The cells that formulas hold on to with dollar signs.
fn held(book: &Book) -> BTreeSet<Address> {
    let formulas = book.cells.iter().filter_map(|(&cell, found)| Some((cell, found.formula.as_deref()?)));
    formulas
        .flat_map(|(cell, formula)| references(&formula.node, cell))
        .filter(|reference| reference.has_fixed_row && reference.has_fixed_column)
        .map(|reference| reference.to)
        .collect()
}

type Line<'a> = Vec<(Address, &'a Formula)>;

/// The formulas of each column (or row) of the book.
fn lines(book: &Book, along: Shift) -> Vec<Line<'_>> {
    let mut lines: BTreeMap<(u32, u32), Line<'_>> = BTreeMap::new();
    for (&cell, found) in &book.cells {
        if let Some(formula) = found.formula.as_deref() {
            let line = if along == DOWN { cell.column } else { cell.row };
            lines.entry((cell.sheet, line)).or_default().push((cell, formula));
        }
    }
    lines.into_values().collect()
}

/// The stretches of a line in which each formula is the one before, filled on.
fn runs<'a>(line: &Line<'a>, along: Shift) -> Vec<Line<'a>> {
    let goes_on = |one: &(Address, &Formula), next: &(Address, &Formula)| {
        next.0.since(one.0) == Some(along) && next.1.node == one.1.node
    };
    line.chunk_by(goes_on).filter(|run| run.len() > 1).map(<[_]>::to_vec).collect()
}

/// Whether a reference in the first formula of a run slides off its cell in those behind it.
fn slides(
    book: &Book,
    held: &BTreeSet<Address>,
    run: &[(Address, &Formula)],
    reference: Reference,
    along: Shift,
) -> bool {
    let home = reference.to;
    let (is_fixed, apart) = if along == DOWN {
        (reference.has_fixed_row, i64::from(run[0].0.row) - i64::from(home.row))
    } else {
        (reference.has_fixed_column, i64::from(run[0].0.column) - i64::from(home.column))
    };
    let Some(meant) = book.cells.get(&home) else { return false };
    let is_typed = meant.formula.is_none() && meant.value.number().is_some();
    // A quantity of the table stands in the row of the formula, or in the one before.
    let is_beside = apart == 0 || apart == 1;
    if is_fixed || !is_typed && (meant.formula.is_none() || is_beside || run.len() < SURE) {
        return false;
    }
    let name = name_beside(book, home, along);
    let is_off = |cell: Address| match book.cells.get(&cell) {
        None => true,
        Some(found) if found.formula.is_some() => !is_beside && is_typed,
        Some(found) => {
            let other = name_beside(book, cell, along);
            let is_named = !is_beside && name.is_some() && other.is_some() && other != name;
            found.value.number().is_none() || held.contains(&cell) || is_named
        }
    };
    let met: Vec<bool> = (1..run.len()).map(|count| home.shifted(along, count as i64).is_none_or(is_off)).collect();
    if is_beside {
        return 2 * met.iter().filter(|is_off| **is_off).count() > run.len();
    }
    // Other formulas hold on to the same cell: then nobody means a row of numbers.
    let good = met.iter().position(|is_off| *is_off);
    held.contains(&home) || good.is_some_and(|good| 2 * (good + 1) <= run.len())
}

/// The text before a parameter that stands in a list of them: to the left of one that has others below it.
fn name_beside(book: &Book, cell: Address, along: Shift) -> Option<&str> {
    let before = if along == DOWN { cell.shifted(ACROSS, -1) } else { cell.shifted(DOWN, -1) };
    match &book.cells.get(&before?)?.value {
        Value::Text(text) => Some(text.trim()),
        _ => None,
    }
}

impl Sliding {
    pub fn is_empty(&self) -> bool {
        self.slid.is_empty()
    }

    /// Adds to the tables of a book in which the references are held what is wrong with those that slide in `book`.
    pub fn tell(&self, book: &Book, examined: &mut Examined) -> Result<(), AuditError> {
        for judged in &mut examined.judged {
            let slips: Vec<Finding> = self
                .slid
                .iter()
                .filter_map(|(&(home, along), cells)| self.finding(book, judged, home, along, cells))
                .collect();
            if slips.is_empty() {
                continue;
            }
            let held = judged.final_error;
            judged.mended_error = judged.mended_error.or(held);
            judged.final_error = final_error_in(book, judged)?;
            // What another slip moves was measured with the references held, and so is no distance from the book's error.
            let alone = if slips.len() == 1 { held } else { None };
            judged.effects = slips.iter().map(|_| alone).chain(judged.effects.iter().map(|_| None)).collect();
            judged.findings.splice(0..0, slips);
        }
        Ok(())
    }

    /// The references of one table that slide off one cell.
    fn finding(
        &self,
        book: &Book,
        judged: &Judged,
        home: Address,
        along: Shift,
        cells: &BTreeSet<Address>,
    ) -> Option<Finding> {
        let table = &judged.case.table;
        let mut concerned: Vec<(Address, i64, Address)> = Vec::new();
        // The updated weight is the next step's weight itself, and counted as what is updated.
        let is_repeated = |base: Address| table.tracks.iter().any(|track| track.is_direct() && track.weight == base);
        for &base in table.moving.keys().filter(|base| !is_repeated(**base)) {
            for step in table.first..=table.sheet_last {
                if let Some(cell) = table.at(base, step).filter(|cell| cells.contains(cell)) {
                    concerned.push((base, step, cell));
                }
            }
        }
        let &(first, ..) = concerned.first()?;
        let track = table.tracks.iter().position(|track| track.update == first);
        let is_one = concerned.iter().all(|(base, ..)| *base == first);
        let corrections = concerned.iter().map(|&(.., cell)| {
            // Where something else is wrong with the formula, its correction holds the reference as well.
            let others = judged.findings.iter().find_map(|finding| finding.corrections.get(&cell));
            Some((cell, others.or_else(|| self.corrections.get(&cell))?.clone()))
        });
        Some(Finding {
            kind: SlipKind::Sliding,
            track: track.filter(|_| is_one),
            steps: concerned.iter().map(|entry| entry.1).collect(),
            value: None,
            expected: None,
            tolerance: None,
            explanation: explanation(book, home, along, concerned[0].2),
            corrections: corrections.flatten().collect(),
            cells: concerned.iter().map(|entry| entry.2).collect(),
        })
    }
}

/// `the reference to B1 (eta) has no dollar signs and slides down with the rows, to B2 (i1) in the second; write $B$1`
fn explanation(book: &Book, home: Address, along: Shift, user: Address) -> String {
    let (way, rows) = if along == DOWN { ("down", "rows") } else { ("across", "columns") };
    let sheet = if home.sheet == user.sheet {
        String::new()
    } else {
        format!("{}!", quoted_sheet(&book.sheets[home.sheet as usize]))
    };
    let name = book.label(home).map(|name| format!(" ({name})")).unwrap_or_default();
    let next = home.shifted(along, 1);
    let met = next.map(|next| {
        let what = match book.cells.get(&next) {
            None => " (empty)".to_owned(),
            Some(found) => match (&found.value, name_beside(book, next, along)) {
                (Value::Text(text), _) => format!(" (the text \"{}\")", text.trim()),
                (_, Some(name)) => format!(" ({name})"),
                _ => String::new(),
            },
        };
        format!(", to {sheet}{}{what} in the second", next.a1())
    });
    format!(
        "the reference to {sheet}{}{name} has no dollar signs and slides {way} with the {rows}{}; write {sheet}{}",
        home.a1(),
        met.unwrap_or_default(),
        home.absolute_a1()
    )
}
