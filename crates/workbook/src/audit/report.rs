//! The report: what was found, in words and numbers that a program can read as well as a person.

use std::collections::BTreeMap;

use serde::Serialize;

use super::address::{Address, quoted_sheet};
use super::book::Book;
use super::engine::Content;
use super::examine::{Examined, Judged};
use super::finding::{Finding, SlipKind};
use super::formula::Expr;
use super::labels::{heading, label};
use super::network;
use super::step_cells::step_cell;
use super::table::{Part, Table};

/// How many rows of the sheet a page shows.
const EXCERPT_ROWS: i64 = 6;

/// The verdict on a workbook.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// The file's name, where it came from a file.
    pub file: Option<String>,
    /// `clean` or `slips`.
    pub verdict: Verdict,
    /// Whether the verdict rests on values alone, because the sheet has no formulas.
    pub values_only: bool,
    /// One entry for each training table.
    pub tables: Vec<TableReport>,
    /// Tables that could not be audited, with the reason; with one of them the workbook is not clean.
    pub refused: Vec<String>,
    /// Remarks on the workbook as a whole.
    pub notes: Vec<String>,
    /// What [`fix`](super::fix) writes into which cells.
    pub corrections: Vec<Correction>,
}

/// The verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every gradient is the derivative of the sheet's own error and is applied as it should be.
    Clean,
    /// Something is wrong.
    Slips,
}

/// One training table.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TableReport {
    /// The sheet.
    pub sheet: String,
    /// The cells of its rows, first weight to last.
    pub range: String,
    /// `down` or `across`.
    pub direction: &'static str,
    /// The number of rows (columns, where it runs across) with weights.
    pub rows: usize,
    /// How many of them were differentiated; the others have the same formulas.
    pub rows_checked: usize,
    /// The network, where it was recognised.
    pub network: Option<String>,
    /// The learning rate.
    pub learning_rate: Option<RateReport>,
    /// The error.
    pub error: ErrorReport,
    /// The weights in the order in which they stand.
    pub weights: Vec<WeightReport>,
    /// What is wrong.
    pub slips: Vec<Slip>,
    /// Remarks.
    pub notes: Vec<String>,
    /// A piece of the table for a page.
    #[serde(skip)]
    pub(crate) excerpt: Vec<ExcerptRow>,
}

impl TableReport {
    /// The last error as it is and as it is `mended`, where that says something: of a single row only what changes it.
    pub(crate) fn effect(&self, mended: Option<f64>) -> Option<(f64, f64)> {
        self.error.last.zip(mended).filter(|(last, mended)| self.rows > 1 || last != mended)
    }
}

/// The learning rate of a table.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RateReport {
    /// Where it stands, as the updates write it.
    pub cell: String,
    /// Its value in the first row.
    pub value: Option<f64>,
}

/// The error of a table.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ErrorReport {
    /// Its heading, or its cell.
    pub name: String,
    /// Its cell in the first row.
    pub cell: String,
    /// Its formula there.
    pub formula: String,
    /// Its value in the last row.
    pub last: Option<f64>,
    /// Its value in the last row with every slip mended; `None` where there is none.
    pub last_mended: Option<f64>,
    /// The gradients are the derivatives of the error times this: 1, or ½ where the ½ is missing.
    pub factor: f64,
}

/// One weight of a table.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct WeightReport {
    /// Its heading, or its cell.
    pub name: String,
    /// Its cell in the first row.
    pub cell: String,
    /// The cell of its gradient in the first row, where the gradient has one.
    pub gradient: Option<String>,
    /// What it is for, where the network was recognised: `h1 from i2`.
    pub role: Option<String>,
    /// Whether its gradient and its updates are right in every row.
    pub ok: bool,
    /// Whether its values are too rounded to tell; then it is not `ok`, and no slip either.
    pub is_too_rounded: bool,
    /// Whether no update of it could be compared with a derivative; then it is not `ok`, and no slip either.
    pub is_unjudged: bool,
    /// The largest distance between the applied gradient and the finite difference.
    pub distance: Option<f64>,
    /// The distance that is allowed there, from the error estimate of the extrapolation.
    pub tolerance: Option<f64>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Slip {
    /// What kind of slip it is.
    pub kind: SlipKind,
    /// The weight that it concerns.
    pub weight: Option<String>,
    /// The first cell, with its sheet.
    pub cell: String,
    /// All cells, without the sheet.
    pub cells: Vec<String>,
    /// The same cells as rectangles: `D6:K24`.
    pub ranges: Vec<String>,
    /// The number of rows.
    pub rows: usize,
    /// Whether all rows of the table are concerned.
    pub every_row: bool,
    /// The formula or value found in the first cell.
    pub found: String,
    /// What it gives there: for an update, the gradient that it applies.
    pub value: Option<f64>,
    /// What it should give there.
    pub expected: Option<f64>,
    /// Whether these two are of the gradient that an update applies, and not of the cell.
    pub is_of_gradient: bool,
    /// How far a right value may be from that.
    pub tolerance: Option<f64>,
    /// What is wrong, in a sentence.
    pub explanation: String,
    /// What should stand in the first cell, ready to paste.
    pub corrected: Option<String>,
    /// The derivative as the derivation crate writes it, where the network was recognised.
    pub derivation: Option<String>,
    /// The error of the last row with this slip alone mended.
    pub last_error_mended: Option<f64>,
    /// Where the same slip stands on further sheets; they have it among their own slips as well.
    pub also: Vec<Repeated>,
    /// The sheet that this slip is told of in full, where an earlier one has the same.
    pub told_on: Option<String>,
    /// What two slips have in common that are the same on different sheets.
    #[serde(skip)]
    pub(crate) likeness: String,
}

/// Where a slip stands again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Repeated {
    /// The sheet.
    pub sheet: String,
    /// The cells there, as rectangles.
    pub ranges: Vec<String>,
}

/// A cell and what should stand in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Correction {
    /// The sheet.
    pub sheet: String,
    /// The cell.
    pub cell: String,
    /// The formula with its `=`, or the number.
    pub content: String,
}

/// A row of the piece of a table that a page shows.
#[derive(Debug, Clone)]
pub(crate) struct ExcerptRow {
    pub name: String,
    pub cells: Vec<ExcerptCell>,
}

/// A cell of that piece.
#[derive(Debug, Clone)]
pub(crate) struct ExcerptCell {
    pub cell: String,
    pub value: String,
    pub formula: String,
    pub is_wrong: bool,
    pub part: &'static str,
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.verdict == Verdict::Clean
    }

    /// Which error the gradients of a clean workbook are the derivatives of.
    pub(crate) fn of_which_error(&self) -> &'static str {
        match self.tables.iter().all(|table| table.error.factor == 1.0) {
            true => "the sheet's own error",
            false => "the sheet's own error or a multiple of it",
        }
    }

    /// The slips without those that an earlier sheet has as well.
    pub fn different_slips(&self) -> impl Iterator<Item = &Slip> {
        self.slips().filter(|slip| slip.told_on.is_none())
    }

    /// All slips of all tables.
    pub fn slips(&self) -> impl Iterator<Item = &Slip> {
        self.tables.iter().flat_map(|table| &table.slips)
    }

    pub(crate) fn of_formulas(book: &Book, examined: Examined) -> Self {
        let Examined { judged, notes, mut refusals, unwrapped } = examined;
        let plain = unwrapped.as_ref().unwrap_or(book);
        let mut corrections: BTreeMap<Address, Content> = BTreeMap::new();
        for finding in judged.iter().flat_map(|judged| &judged.findings) {
            corrections.extend(finding.corrections.iter().map(|(&cell, content)| (cell, content.clone())));
        }
        refusals.extend(judged.iter().filter_map(|judged| unjudged_in_words(book, judged)));
        let is_clean = refusals.is_empty() && judged.iter().all(|judged| judged.findings.is_empty());
        AuditReport {
            file: None,
            verdict: if is_clean { Verdict::Clean } else { Verdict::Slips },
            values_only: false,
            tables: repeated(judged.iter().map(|judged| table(book, plain, judged)).collect()),
            refused: refusals,
            notes,
            corrections: corrections.into_iter().map(|(cell, content)| correction(book, cell, &content)).collect(),
        }
    }
}

/// The tables with the slips joined that stand on several sheets alike.
pub(crate) fn repeated(mut tables: Vec<TableReport>) -> Vec<TableReport> {
    for later in 1..tables.len() {
        let (before, rest) = tables.split_at_mut(later);
        let table = &mut rest[0];
        for slip in &mut table.slips {
            let alike = |(sheet, other): &(String, &mut Slip)| {
                *sheet != table.sheet && other.told_on.is_none() && other.likeness == slip.likeness
            };
            let mut told = before.iter_mut().flat_map(|table| {
                let sheet = table.sheet.clone();
                table.slips.iter_mut().map(move |slip| (sheet.clone(), slip))
            });
            if let Some((sheet, first)) = told.find(alike) {
                first.also.push(Repeated { sheet: table.sheet.clone(), ranges: slip.ranges.clone() });
                slip.told_on = Some(sheet);
            }
        }
    }
    tables
}

/// What makes a slip the same on another sheet: its kind, its weight and its formula, whatever numbers are typed in it.
fn likeness(book: &Book, finding: &Finding, weight: Option<&String>) -> String {
    let found = finding.cells.first().and_then(|&first| Some((first, book.formula(first)?)));
    let spelled = found.map(|(first, formula)| {
        formula.expr.spelled(&|cell| match cell.since(first) {
            Some(apart) => format!("[{} {}]", apart.rows, apart.columns),
            None => format!("[{}]", book.spelled(cell)),
        })
    });
    let mut is_cell = false;
    let mut shape = String::new();
    for sign in spelled.unwrap_or_default().chars() {
        is_cell = sign == '[' || is_cell && sign != ']';
        let is_number = !is_cell && (sign.is_ascii_digit() || sign == '.');
        if !(is_number && shape.ends_with('#')) {
            shape.push(if is_number { '#' } else { sign });
        }
    }
    format!("{:?} {weight:?} {} {shape}", finding.kind, finding.cells.len())
}

/// Cells as few rectangles, each with its first and its last cell.
pub(crate) fn rectangles(cells: &[Address]) -> Vec<String> {
    let mut sorted = cells.to_vec();
    sorted.sort_unstable_by_key(|cell| (cell.sheet, cell.column, cell.row));
    sorted.dedup();
    // Stretches down a column, then neighbouring columns with the same rows.
    let mut found: Vec<(Address, Address)> = Vec::new();
    for cell in sorted {
        match found.last_mut() {
            Some((_, last)) if (last.sheet, last.column, last.row + 1) == (cell.sheet, cell.column, cell.row) => {
                *last = cell;
            }
            _ => found.push((cell, cell)),
        }
    }
    let mut wide: Vec<(Address, Address)> = Vec::new();
    for (first, last) in found {
        let beside = wide.iter_mut().find(|(from, to)| {
            (from.sheet, from.row, to.row, to.column + 1) == (first.sheet, first.row, last.row, first.column)
        });
        match beside {
            Some((_, to)) => *to = last,
            None => wide.push((first, last)),
        }
    }
    wide.into_iter().map(|(first, last)| if first == last { first.a1() } else { format!("{first}:{last}") }).collect()
}

fn correction(book: &Book, cell: Address, content: &Content) -> Correction {
    Correction { sheet: book.sheets[cell.sheet as usize].clone(), cell: cell.a1(), content: written(content) }
}

fn written(content: &Content) -> String {
    match content {
        Content::Number(value) => value.to_string(),
        Content::Formula(text) => format!("={text}"),
    }
}

/// `plain` is the book that was judged.
fn table(book: &Book, plain: &Book, judged: &Judged) -> TableReport {
    let table = &judged.case.table;
    let network = network::recognise(plain, &judged.case, judged.loss_factor);
    let first = |base: Address| table.at(base, table.first).unwrap_or(base);
    let sheet = table.tracks.first().map_or(0, |track| track.weight.sheet) as usize;
    let is_wrong = |track| {
        judged.findings.iter().any(|finding| finding.track == Some(track) && finding.kind == SlipKind::WrongUpdate)
    };
    let mut rated = table.rules.iter().enumerate().filter(|(_, rule)| !rule.rate.is_empty());
    let rated = rated.clone().find(|&(track, _)| !is_wrong(track)).or_else(|| rated.next());
    let rate = rated.map(|(track, rule)| {
        let pieces: Vec<String> = rule
            .rate
            .iter()
            .map(|factor| match &factor.expr {
                Expr::Cell(cell) if table.moving.contains_key(cell) => first(*cell).a1(),
                Expr::Cell(cell) if cell.sheet as usize == sheet => cell.a1(),
                expr => expr.spelled(&|cell| book.spelled(cell)),
            })
            .collect();
        let value = judged.case.rates[track].first_key_value().map(|(_, rate)| rate.abs());
        RateReport { cell: pieces.join("·"), value }
    });
    // A reference that slides concerns every weight that is updated with it.
    let concerned = |track: usize| {
        let update = |&step: &i64| table.tracks[track].update_at(step);
        judged.findings.iter().any(|finding| {
            let slides = || finding.steps.iter().filter_map(update).any(|cell| finding.cells.contains(&cell));
            finding.track == Some(track) || finding.kind == SlipKind::Sliding && slides()
        })
    };
    let unjudged = unjudged(judged);
    let weights = table
        .tracks
        .iter()
        .enumerate()
        .map(|(k, track)| WeightReport {
            name: label(book, table, track.weight),
            cell: first(track.weight).a1(),
            gradient: table.rules[k].gradient.map(|gradient| first(gradient).a1()),
            role: network.as_ref().and_then(|network| network.roles.get(k).cloned()),
            ok: !concerned(k)
                && !unjudged.contains(&k)
                && judged.distances.get(k).copied().flatten().is_none_or(|(off, allowed)| off <= allowed),
            is_too_rounded: false,
            is_unjudged: unjudged.contains(&k),
            distance: judged.distances.get(k).copied().flatten().map(|distance| distance.0),
            tolerance: judged.distances.get(k).copied().flatten().map(|distance| distance.1),
        })
        .collect();
    let slips = judged
        .findings
        .iter()
        .enumerate()
        .map(|(place, finding)| {
            let derivation = network.as_ref().zip(finding.track).and_then(|(network, track)| {
                matches!(
                    finding.kind,
                    SlipKind::NeverTrained | SlipKind::WrongDerivative | SlipKind::WrongWeight | SlipKind::WrongSign
                )
                .then(|| network.derivatives.get(track).cloned())
                .flatten()
            });
            slip(book, table, finding, judged.effects.get(place).copied().flatten(), derivation)
        })
        .collect();
    let start = table.tracks.iter().map(|track| first(track.weight)).min();
    let end = table.tracks.iter().filter_map(|track| track.weight_at(table.last)).max();
    let error = first(judged.error());
    TableReport {
        sheet: book.sheets[sheet].clone(),
        range: match (start, end) {
            (Some(start), Some(end)) => format!("{start}:{end}"),
            _ => String::new(),
        },
        direction: if table.shift.rows != 0 { "down" } else { "across" },
        rows: (table.last - table.first + 1) as usize,
        rows_checked: judged.case.tested.len(),
        network: network.map(|network| network.description),
        learning_rate: rate,
        error: ErrorReport {
            name: label(book, table, judged.error()),
            cell: if error.sheet as usize == sheet { error.a1() } else { book.spelled(error) },
            formula: book.formula(error).map(|formula| format!("={}", formula.text)).unwrap_or_default(),
            last: judged.final_error,
            last_mended: judged.mended_error,
            factor: judged.loss_factor,
        },
        weights,
        slips,
        notes: judged.notes.clone(),
        excerpt: excerpt(book, judged),
    }
}

/// The weights of a table without a slip of which no update could be compared with a derivative.
fn unjudged(judged: &Judged) -> Vec<usize> {
    // Over a rate of zero any distance is allowed.
    let is_compared =
        |track: &usize| matches!(judged.distances.get(*track), Some(Some((_, allowed))) if allowed.is_finite());
    let all = if judged.findings.is_empty() { judged.case.table.tracks.len() } else { 0 };
    (0..all).filter(|track| !is_compared(track)).collect()
}

/// Why they could not.
fn unjudged_in_words(book: &Book, judged: &Judged) -> Option<String> {
    let table = &judged.case.table;
    let tracks = unjudged(judged);
    let first = table.tracks.get(*tracks.first()?)?;
    let names: Vec<String> = tracks.iter().map(|&track| label(book, table, table.tracks[track].weight)).collect();
    let names = if names.len() > 8 { format!("{} weights", names.len()) } else { names.join(", ") };
    let is_still = |track: &usize| {
        let rates = &judged.case.rates[*track];
        !rates.is_empty() && rates.values().all(|rate| *rate == 0.0)
    };
    let update = book.spelled(table.at(first.update, table.first).unwrap_or(first.update));
    Some(if tracks.iter().all(is_still) {
        format!("{names}: the learning rate is 0 or an empty cell, so nothing moves, and no gradient is applied")
    } else {
        format!(
            "{names}: what the updates take off does not come from the weights of their row, so no gradient of that row can be \
             told from it; see {update}, where dollar signs or a row too far may hold it in another row"
        )
    })
}

fn slip(book: &Book, table: &Table, finding: &Finding, effect: Option<f64>, derivation: Option<String>) -> Slip {
    let first = finding.cells.first().copied();
    let found = first.map(|cell| match book.cells.get(&cell) {
        Some(found) => match &found.formula {
            Some(formula) => format!("={}", formula.text),
            None => found.value.number().map_or_else(|| "text".to_owned(), |value| value.to_string()),
        },
        None => "nothing".to_owned(),
    });
    let whole = (table.sheet_last - table.first + 1) as usize;
    // An update has one row less: the last row has none.
    let rows = finding.steps.iter().collect::<std::collections::BTreeSet<_>>().len();
    let every_row = rows + 1 >= whole && whole > 2;
    let weight = finding.track.map(|track| label(book, table, table.tracks[track].weight));
    let is_update = finding.track.zip(finding.steps.first()).is_some_and(|(track, &step)| {
        let gradient = table.rules[track].gradient.and_then(|gradient| table.at(gradient, step));
        let (weight, update) = (table.tracks[track].weight_at(step), table.tracks[track].update_at(step));
        let of_the_step = weight.zip(update).and_then(|(weight, update)| step_cell(book, weight, update));
        update == first || of_the_step.is_some_and(|cell| Some(cell) == first && Some(cell) != gradient)
    });
    let is_of_gradient = is_update
        && matches!(
            finding.kind,
            SlipKind::WrongDerivative | SlipKind::WrongWeight | SlipKind::WrongSign | SlipKind::WrongUpdate
        );
    Slip {
        is_of_gradient,
        kind: finding.kind,
        likeness: likeness(book, finding, weight.as_ref()),
        also: Vec::new(),
        told_on: None,
        ranges: rectangles(&finding.cells),
        weight,
        cell: first
            .map(|cell| format!("{}!{}", quoted_sheet(&book.sheets[cell.sheet as usize]), cell.a1()))
            .unwrap_or_default(),
        cells: finding.cells.iter().map(|cell| cell.a1()).collect(),
        rows,
        every_row,
        found: found.unwrap_or_default(),
        value: finding.value,
        expected: finding.expected,
        tolerance: finding.tolerance,
        explanation: finding.explanation.clone(),
        corrected: first.and_then(|cell| finding.corrections.get(&cell)).map(written),
        derivation,
        last_error_mended: effect,
    }
}

/// The first rows of the table, with the rows where a slip begins.
fn excerpt(book: &Book, judged: &Judged) -> Vec<ExcerptRow> {
    let table = &judged.case.table;
    let wrong: std::collections::BTreeSet<Address> =
        judged.findings.iter().flat_map(|finding| finding.cells.iter().copied()).collect();
    let mut steps: std::collections::BTreeSet<i64> = table.steps().take(EXCERPT_ROWS as usize).collect();
    for finding in judged.findings.iter().take(6) {
        for around in finding.steps.first().into_iter().flat_map(|&step| step - 1..=step + 1) {
            if table.steps().contains(&around) {
                steps.insert(around);
            }
        }
    }
    let mut rows = Vec::new();
    for (&base, &part) in &table.moving {
        let is_repeated =
            part == Part::Update && table.tracks.iter().any(|track| track.is_direct() && track.update == base);
        if is_repeated {
            continue;
        }
        let cells = steps
            .iter()
            .filter_map(|&step| table.at(base, step))
            .map(|cell| {
                let found = book.cells.get(&cell);
                let value = found.and_then(|found| found.value.number());
                ExcerptCell {
                    cell: cell.a1(),
                    value: value.map(short).unwrap_or_default(),
                    formula: book.formula(cell).map(|formula| format!("={}", formula.text)).unwrap_or_default(),
                    is_wrong: wrong.contains(&cell),
                    part: match part {
                        Part::Weight | Part::Update => "weight",
                        Part::Given => "given",
                        Part::Forward => "forward",
                        Part::Backward | Part::Aside => "backward",
                    },
                }
            })
            .collect();
        rows.push(ExcerptRow { name: heading(book, table, base).unwrap_or_else(|| base.a1()), cells });
    }
    rows
}

/// A number in six digits, for reading.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if (1e-4..1e6).contains(&size) {
        let digits = (5 - size.log10().floor() as i32).clamp(0, 12) as usize;
        let text = format!("{value:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        text.to_owned()
    } else {
        format!("{value:.5e}")
    }
}
