//! A Markdown document as one reads it on a terminal: headings underlined, no fences, tables in columns, no line of prose
//! longer than is read well.

use comfy_table::{ContentArrangement, Table};

use crate::printer::{table, table_text};

/// Columns that prose takes at most.
const WIDTH: u16 = 100;
/// What lines in fences are moved in by.
const INDENT: &str = "    ";

/// The document, as far as the program's own documents use Markdown: headings, paragraphs, fences, tables.
pub fn for_a_terminal(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                text.push_str(if line.is_empty() { "" } else { INDENT });
                push(&mut text, line);
            }
        } else if let Some(heading) = heading(line) {
            push(&mut text, heading);
            push(&mut text, &"─".repeat(heading.chars().count()));
        } else if line.starts_with('|') {
            let mut rows = vec![line];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(row);
            }
            push(&mut text, &columns(&rows));
        } else {
            push(&mut text, &within_width(line));
        }
    }
    text
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn heading(line: &str) -> Option<&str> {
    ["# ", "## ", "### "].iter().find_map(|mark| line.strip_prefix(mark))
}

/// A table whose first row is its head and whose second says how its columns are aligned. Words are broken to the width; a
/// column of numbers never is.
fn columns(rows: &[&str]) -> String {
    let cells =
        |row: &str| -> Vec<String> { row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect() };
    let [head, alignment, rows @ ..] = rows else { return rows.join("\n") };
    let alignment: Vec<&str> = alignment.trim_matches('|').split('|').map(str::trim).collect();
    let right: Vec<usize> = (0..alignment.len()).filter(|&column| alignment[column].ends_with(':')).collect();
    let head = cells(head);
    let mut columns = table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &right);
    columns.add_rows(rows.iter().map(|row| cells(row)));
    if right.is_empty() {
        columns.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    }
    table_text(&columns)
}

/// A paragraph, broken between words.
fn within_width(paragraph: &str) -> String {
    let mut only = Table::new();
    only.load_style(comfy_table::presets::NOTHING);
    only.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH).add_row([paragraph]);
    only.column_mut(0).expect("its only column").set_padding((0, 0));
    table_text(&only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_each_kind_of_piece() {
        let why =
            "each of the factors is passed on with all of the others times it, which takes more than one line to say";
        let document = format!(
            "# Title\n\n{why}, as everybody who has read as far as this will no doubt have seen.\n\n```text\nh1 = 1\n\n   # 2\n```\n\n\
             | rule | why |\n| --- | --- |\n| product | {why} |\n| sum | by itself |\n\n| η | w1 |\n| ---: | ---: |\n| 0.1 | −0.25 |\n| 10 | 3 |\n"
        );
        insta::assert_snapshot!(for_a_terminal(&document));
    }
}
