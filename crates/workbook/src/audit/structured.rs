//! References to the columns of an Excel table by name, `Training[[#This Row],[w1]]`, written as the cells that they mean.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::address::{Address, column_letters, quoted_sheet, read_a1};
use super::package::attribute;

/// A part of a sheet that has a name, and whose columns have names.
#[derive(Debug, Clone)]
pub(crate) struct NamedTable {
    name: String,
    sheet: String,
    /// Its first and last row without headings and totals.
    rows: (u32, u32),
    first_column: u32,
    columns: Vec<String>,
}

/// A table by its part of the archive; `None` where that describes none.
pub(crate) fn read_table(text: &str, sheet: &str) -> Option<NamedTable> {
    let mut reader = Reader::from_str(text);
    let mut found: Option<NamedTable> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => match (element.local_name().as_ref(), &mut found) {
                ("table", None) => {
                    let count = |name: &str, usual: u32| {
                        attribute(&element, name).map_or(Some(usual), |count| count.parse::<u32>().ok())
                    };
                    let place = attribute(&element, "ref")?;
                    let (start, end) = place.split_once(':').unwrap_or((&place, &place));
                    let ((top, left), (bottom, _)) = (read_a1(start)?, read_a1(end)?);
                    found = Some(NamedTable {
                        name: attribute(&element, "displayName").or_else(|| attribute(&element, "name"))?,
                        sheet: sheet.to_owned(),
                        rows: (
                            top.checked_add(count("headerRowCount", 1)?)?,
                            bottom.checked_sub(count("totalsRowCount", 0)?)?,
                        ),
                        first_column: left,
                        columns: Vec::new(),
                    });
                }
                ("tableColumn", Some(table)) => table.columns.push(attribute(&element, "name")?),
                _ => {}
            },
            Event::Eof => return found,
            _ => {}
        }
    }
}

/// The formula of a cell with cells in place of references by name; `None` where it has none, or one that means no cells of
/// these tables.
pub(crate) fn as_cells(text: &str, cell: Address, sheets: &[String], tables: &[NamedTable]) -> Option<String> {
    if tables.is_empty() || !text.contains('[') {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    let mut quote: Option<char> = None;
    while let Some(next) = rest.chars().next() {
        if next == '[' && quote.is_none() {
            let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '\\');
            let start =
                out.rfind(|c| !is_of_name(c)).map_or(0, |at| at + out[at..].chars().next().map_or(1, char::len_utf8));
            let (inside, after) = bracketed(rest)?;
            let cells = meant(&out[start..], inside, cell, sheets, tables)?;
            out.truncate(start);
            out.push_str(&cells);
            rest = after;
            continue;
        }
        match quote {
            Some(open) if open == next => quote = None,
            None if matches!(next, '"' | '\'') => quote = Some(next),
            _ => {}
        }
        out.push(next);
        rest = &rest[next.len_utf8()..];
    }
    Some(out)
}

/// What stands between a bracket and the one that closes it, and what follows.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let mut is_escaped = false;
    for (at, next) in text.char_indices() {
        match next {
            _ if is_escaped => is_escaped = false,
            '\'' => is_escaped = true,
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 && !is_escaped {
            return Some((&text[1..at], &text[at + 1..]));
        }
    }
    None
}

/// The cells that `name[inside]` means in the formula of a cell.
fn meant(name: &str, inside: &str, cell: Address, sheets: &[String], tables: &[NamedTable]) -> Option<String> {
    let own_sheet = sheets.get(cell.sheet as usize)?;
    let is_meant = |table: &&NamedTable| match name {
        "" => table.sheet == *own_sheet && table.holds(cell),
        name => table.name.to_lowercase() == name.to_lowercase(),
    };
    let table = tables.iter().find(is_meant)?;
    let (is_this_row, columns) = match inside.trim().strip_prefix('@') {
        Some(columns) => (true, columns.trim()),
        None => specified(inside.trim())?,
    };
    let (first, last) = match columns.strip_prefix('[').and_then(|_| bracketed(columns)) {
        Some((first, "")) => (first, first),
        Some((first, after)) => (first, bracketed(after.strip_prefix(':')?)?.0),
        None => (columns, columns),
    };
    let (first, last) = (table.column(first)?, table.column(last)?);
    let prefix = if table.sheet == *own_sheet { String::new() } else { format!("{}!", quoted_sheet(&table.sheet)) };
    let (first, last) = (column_letters(first), column_letters(last));
    let (top, bottom) = table.rows;
    Some(match is_this_row {
        true if !(top..=bottom).contains(&cell.row) => return None,
        true if first == last => format!("{prefix}{first}{}", cell.row),
        true => format!("{prefix}{first}{}:{last}{}", cell.row, cell.row),
        false => format!("{prefix}${first}${top}:${last}${bottom}"),
    })
}

/// Whether it is this row alone, and the columns, of `[#This Row],[w1]`, `[#Data],[w1]`, `[w1]:[w2]` or `w1`.
fn specified(inside: &str) -> Option<(bool, &str)> {
    let Some((first, after)) = inside.strip_prefix('[').and_then(|_| bracketed(inside)) else {
        return (!inside.starts_with('#')).then_some((false, inside));
    };
    let columns = after.trim_start().strip_prefix(',').map(str::trim_start);
    match (first.to_lowercase().as_str(), columns) {
        ("#this row", Some(columns)) => Some((true, columns)),
        ("#data", Some(columns)) => Some((false, columns)),
        (first, None) if !first.starts_with('#') => Some((false, inside)),
        _ => None,
    }
}

impl NamedTable {
    fn holds(&self, cell: Address) -> bool {
        let columns = self.first_column..self.first_column + self.columns.len() as u32;
        (self.rows.0..=self.rows.1).contains(&cell.row) && columns.contains(&cell.column)
    }

    /// The column of the sheet with this heading, in which an apostrophe may stand before special characters.
    fn column(&self, name: &str) -> Option<u32> {
        let mut plain = String::new();
        let mut letters = name.chars();
        while let Some(next) = letters.next() {
            plain.push(if next == '\'' { letters.next()? } else { next });
        }
        let place = self.columns.iter().position(|column| column.to_lowercase() == plain.to_lowercase())?;
        Some(self.first_column + u32::try_from(place).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Option<String> {
        let table = r##"<table xmlns="x" id="1" name="T" displayName="Training" ref="B3:E9" totalsRowCount="1">
            <tableColumns count="4"><tableColumn id="1" name="w1"/><tableColumn id="2" name="i 1"/>
            <tableColumn id="3" name="a]b#"/><tableColumn id="4" name="E"/></tableColumns></table>"##;
        let tables = [read_table(table, "One").unwrap()];
        let sheets = ["One", "Other sheet"].map(str::to_owned);
        as_cells(text, Address::new(0, 5, 5), &sheets, &tables)
    }

    #[test]
    fn references_by_name_become_cells() {
        for (text, wanted) in [
            ("Training[[#This Row],[w1]]*Training[[#This Row],[i 1]]", "B5*C5"),
            ("[@w1]+training[@[i 1]]-1", "B5+C5-1"),
            ("SUM(Training[E])/2", "SUM($E$4:$E$8)/2"),
            ("SUMSQ(Training[[#This Row],[w1]:[i 1]])", "SUMSQ(B5:C5)"),
            ("Training[[#This Row],[a']b'#]]^2", "D5^2"),
            ("MAX(Training[[w1]:[i 1]],Training[[#Data],[E]])", "MAX($B$4:$C$8,$E$4:$E$8)"),
            ("\"Training[w1]\"&Training[@E]", "\"Training[w1]\"&E5"),
        ] {
            assert_eq!(cells(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_means_no_cells_stays() {
        for text in [
            "A1*B2",
            "[1]Sheet1!A1",
            "Other[w1]",
            "Training[#Totals]",
            "Training[[#All],[w1]]",
            "Training[w9]",
            "Training[w1",
        ] {
            assert_eq!(cells(text), None, "{text}");
        }
    }
}
