//! The tables of `docs/errors.md`.

use std::path::Path;

/// A row: an error.
#[derive(Debug)]
pub struct Row {
    /// The line of the page, counted from 1.
    pub line: usize,
    /// The heading it stands under.
    pub section: String,
    /// The words, what differs in angle quotes.
    pub words: String,
    /// What brings it about: a command line, or a request.
    pub example: Option<String>,
}

impl Row {
    /// The words without what differs.
    pub fn shape(&self) -> String {
        shape(&with_gaps(&self.words, '‹', '›'))
    }

    /// Whether it is said by the reader of the command line, of which there is no source here.
    pub fn is_claps(&self) -> bool {
        self.section == "The command line"
    }

    /// Whether it ends nothing.
    pub fn is_a_warning(&self) -> bool {
        self.section == "Warnings"
    }

    /// Whether `said` holds the words, anything in the place of what differs.
    pub fn is_in(&self, said: &str) -> bool {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut rest = said.as_str();
        with_gaps(&self.words, '‹', '›').split('…').map(|piece| in_one_line(piece.trim())).all(|piece| {
            let found = rest.find(&piece);
            rest = found.map_or(rest, |at| &rest[at + piece.len()..]);
            found.is_some()
        })
    }
}

/// Every row of the page that is an error's.
pub fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut rows = Vec::new();
    let mut section = String::new();
    for (n, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut section);
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let is_row = line.starts_with('|') && !section.is_empty() && cells[0].starts_with('`');
        if !is_row {
            continue;
        }
        let line = n + 1;
        assert_eq!(
            cells.len(),
            4,
            "docs/errors.md:{line}: a row has four cells: the words, the cause, what to do, an example"
        );
        assert!(!cells[1].is_empty() && !cells[2].is_empty(), "docs/errors.md:{line}: no cause, or nothing to do");
        let example = match cells[3] {
            "—" => None,
            cell => Some(code(cell).unwrap_or_else(|| panic!("docs/errors.md:{line}: an example is code, or a dash"))),
        };
        let words = code(cells[0]).unwrap_or_else(|| panic!("docs/errors.md:{line}: the words are code"));
        rows.push(Row { line, section: section.clone(), words, example });
    }
    assert!(rows.len() > 200, "the page has lost its tables: {} rows", rows.len());
    rows
}

/// What stands in a code span.
fn code(cell: &str) -> Option<String> {
    let fence: String = cell.chars().take_while(|&c| c == '`').collect();
    let inside = cell.strip_prefix(&fence)?.strip_suffix(&fence)?;
    (!fence.is_empty()).then(|| inside.trim().to_owned())
}

/// `text` with a gap in the place of everything from `open` to `close`.
pub fn with_gaps(text: &str, open: char, close: char) -> String {
    let (mut out, mut depth) = (String::new(), 0);
    for c in text.chars() {
        if c == open {
            depth += 1;
        } else if c == close && depth > 0 {
            depth -= 1;
            if depth == 0 {
                out.push('…');
            }
        } else if depth == 0 {
            out.push(c);
        }
    }
    out
}

/// Words with gaps brought into one form: one blank between words, one gap for several with nothing between them, neither
/// gaps nor punctuation at the ends, where other words may follow or come before.
pub fn shape(with_gaps: &str) -> String {
    let mut text = in_one_line(with_gaps);
    while text.contains("……") || text.contains("… …") {
        text = text.replace("……", "…").replace("… …", "…");
    }
    text.trim_matches(|c: char| " …:;,.".contains(c)).to_owned()
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
