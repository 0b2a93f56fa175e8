//! A leaderboard as text and as Markdown.

use longhand_training::experiment::{Leaderboard, LeaderboardRow};

use crate::printer::{duration, table, table_text, thousands};

const HEADER: [&str; 10] =
    ["entry", "parameters", "epochs", "multiply-adds", "n", "last epoch, %", "best, %", "a run", "to above", "p"];

/// The table, what each entry changes, and what the figures mean.
pub fn text(board: &Leaderboard) -> String {
    let mut rows = table(&HEADER, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for row in &board.rows {
        rows.add_row(cells(row));
    }
    let mut parts = vec![heading(board), String::new(), table_text(&rows), String::new()];
    let width = board.rows.iter().map(|r| r.entry.chars().count()).max().unwrap_or(0);
    let reasons: Vec<String> = board
        .rows
        .iter()
        .filter(|r| !r.reason.is_empty())
        .map(|r| format!("{:width$}  {}", r.entry, r.reason))
        .collect();
    if !reasons.is_empty() {
        parts.push(reasons.join("\n"));
        parts.push(String::new());
    }
    parts.push(notes(board).join("\n"));
    parts.join("\n")
}

/// The same as a Markdown document.
pub fn markdown(board: &Leaderboard) -> String {
    let mut text = format!("# {}\n\n", board.suite);
    if !board.about.is_empty() {
        text.push_str(&format!("{}\n\n", board.about));
    }
    text.push_str(&format!("{}\n\n", heading(board)));
    let line = |cells: &[String]| {
        format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
    };
    let header: Vec<String> = HEADER.iter().copied().chain(["reason"]).map(str::to_owned).collect();
    text.push_str(&line(&header));
    let rules = ["---"].into_iter().chain([" ---:"; 9]).chain(["---"]);
    text.push_str(&line(&rules.map(|r| r.trim().to_owned()).collect::<Vec<_>>()));
    for row in &board.rows {
        let mut all = cells(row).to_vec();
        all.push(row.reason.clone());
        text.push_str(&line(&all));
    }
    text.push_str(&format!("\n{}\n", notes(board).join("\n")));
    text
}

fn heading(board: &Leaderboard) -> String {
    let data = &board.data;
    format!(
        "{}: trained on {} images of {}, judged on {} {} images",
        board.suite,
        thousands(data.train_images),
        if data.name == "mnist" { "MNIST" } else { &data.name },
        thousands(data.evaluation_images()),
        data.evaluated_on.name()
    )
}

fn notes(board: &Leaderboard) -> Vec<String> {
    let on = board.data.evaluated_on.name();
    let mut notes = vec![
        "last epoch: mean ± standard deviation (n − 1) over seeds.".to_owned(),
        format!("best: mean of each run's best epoch, chosen on these {on} images: not a fair figure to quote."),
        format!("to above: percentage points; p: {}.", board.test),
    ];
    if board.rows.iter().any(|r| r.diverged > 0) {
        notes.push("A run that diverged counts as done and is in no mean.".to_owned());
    }
    notes
}

fn cells(row: &LeaderboardRow) -> [String; 10] {
    let points = |share: f64| format!("{:.3}", share * 100.0);
    let accuracy = row.accuracy.map_or("–".to_owned(), |a| match a.deviation {
        Some(deviation) => format!("{} ± {}", points(a.mean), points(deviation)),
        None => points(a.mean),
    });
    let mut n = row.seeds.len().to_string();
    let besides: Vec<String> = [(row.diverged, "diverged"), (row.missing, "to do")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !besides.is_empty() {
        n.push_str(&format!(" ({})", besides.join(", ")));
    }
    let difference = row.difference.as_ref();
    [
        row.entry.clone(),
        thousands(row.parameters),
        row.epochs.to_string(),
        thousands(row.multiply_adds),
        n,
        accuracy,
        row.best_epoch_mean.map_or("–".to_owned(), points),
        row.seconds.map_or("–".to_owned(), duration),
        difference.map_or(String::new(), |d| format!("{:+.3}", d.difference * 100.0)),
        difference.map_or(String::new(), |d| d.test.map_or("–".to_owned(), |t| probability(t.p))),
    ]
}

fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}
