//! Cells exchanged in the XML of a sheet; everything between them is copied as it stands.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use super::address::{Address, read_a1};
use super::package::attribute;

/// What a cell shall hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NewCell {
    Value(f64),
    Formula {
        text: String,
        value: Option<f64>,
    },
    /// The formula that it has; written out only where the cell shares it with one that is corrected, or where its
    /// value is another one now.
    Recalculated {
        text: String,
        value: Option<f64>,
        is_stale: bool,
    },
}

/// A cell element: where it stands in the text and what it has.
#[derive(Debug, Default)]
struct Found {
    start: usize,
    end: usize,
    place: (u32, u32),
    /// The attributes to keep, as they are written.
    attributes: String,
    /// The formula element as it is written.
    formula: Option<(usize, usize)>,
    /// The group that shares its formula.
    shared: Option<String>,
}

/// A row element.
#[derive(Debug)]
struct Row {
    number: u32,
    /// Before the start tag.
    start: usize,
    /// Behind the start tag.
    inside: usize,
    is_empty: bool,
}

/// The text of a sheet with cells exchanged.
pub(crate) fn rewrite(text: &str, cells: &BTreeMap<(u32, u32), NewCell>) -> Result<String, String> {
    let (found, rows, data_end) = scan(text)?;
    // A group that shares a formula is taken apart as soon as one of its cells is corrected.
    let is_corrected =
        |place: &(u32, u32)| matches!(cells.get(place), Some(NewCell::Value(_) | NewCell::Formula { .. }));
    let broken: BTreeSet<&String> =
        found.iter().filter(|cell| is_corrected(&cell.place)).filter_map(|cell| cell.shared.as_ref()).collect();
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for cell in &found {
        let Some(new) = cells.get(&cell.place) else { continue };
        let is_broken = cell.shared.as_ref().is_some_and(|group| broken.contains(group));
        let written = match new {
            NewCell::Recalculated { value, is_stale: true, .. } if !is_broken => {
                let formula = cell.formula.map_or("", |(start, end)| &text[start..end]);
                element(&cell.attributes, formula, *value)
            }
            NewCell::Recalculated { text, value, .. } if is_broken => element(&cell.attributes, &formula(text), *value),
            NewCell::Recalculated { .. } => continue,
            NewCell::Formula { text, value } => element(&cell.attributes, &formula(text), *value),
            NewCell::Value(value) => element(&cell.attributes, "", Some(*value)),
        };
        edits.push((cell.start, cell.end, written));
    }
    let present: BTreeSet<(u32, u32)> = found.iter().map(|cell| cell.place).collect();
    // Cells that rows lack altogether, row by row, so that each of these rows is written once.
    let mut whole_rows: BTreeMap<u32, String> = BTreeMap::new();
    for (&(row, column), new) in cells.iter().filter(|(place, _)| !present.contains(place)) {
        let attributes = format!(" r=\"{}\"", Address::new(0, row, column).a1());
        let written = match new {
            NewCell::Value(value) => element(&attributes, "", Some(*value)),
            NewCell::Formula { text, value } => element(&attributes, &formula(text), *value),
            NewCell::Recalculated { .. } => continue,
        };
        match rows.iter().find(|found| found.number == row) {
            Some(found_row) if !found_row.is_empty => {
                let after =
                    found.iter().filter(|cell| cell.place.0 == row && cell.place.1 < column).map(|cell| cell.end);
                let at = after.max().unwrap_or(found_row.inside);
                edits.push((at, at, written));
            }
            _ => whole_rows.entry(row).or_default().push_str(&written),
        }
    }
    for (row, written) in whole_rows {
        match rows.iter().find(|found| found.number == row) {
            // Closed in itself, `<row …/>`: it keeps its attributes and gets an end tag.
            Some(empty) => edits.push((empty.inside - "/>".len(), empty.inside, format!(">{written}</row>"))),
            None => {
                let next = rows.iter().find(|found| found.number > row);
                let at = next.map_or(data_end, |next| next.start);
                edits.push((at, at, format!("<row r=\"{row}\">{written}</row>")));
            }
        }
    }
    edits.sort_by_key(|edit| (edit.0, edit.1));
    let mut out = String::with_capacity(text.len() + 64 * edits.len());
    let mut at = 0;
    for (start, end, written) in edits {
        out.push_str(&text[at..start]);
        out.push_str(&written);
        at = end;
    }
    out.push_str(&text[at..]);
    Ok(out)
}

/// The text of a list of parts without the empty elements that name a file.
pub(crate) fn without_elements_naming(text: &str, file: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(file) {
        let start = rest[..place].rfind('<').unwrap_or(place);
        let end = rest[place..].find('>').map_or(rest.len(), |end| place + end + 1);
        out.push_str(&rest[..start]);
        rest = &rest[end..];
        // An element with an end tag of its own.
        if let Some(after) =
            ["</Override>", "</Relationship>"].iter().find_map(|tag| rest.trim_start().strip_prefix(tag))
        {
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn formula(text: &str) -> String {
    format!("<f>{}</f>", escape(text))
}

fn element(attributes: &str, formula: &str, value: Option<f64>) -> String {
    let value = value.map(|value| format!("<v>{value}</v>")).unwrap_or_default();
    format!("<c{attributes}>{formula}{value}</c>")
}

/// Finds the cells and rows of a sheet, and where its data end.
fn scan(text: &str) -> Result<(Vec<Found>, Vec<Row>, usize), String> {
    let mut reader = Reader::from_str(text);
    let (mut cells, mut rows): (Vec<Found>, Vec<Row>) = (Vec::new(), Vec::new());
    let mut cell: Option<Found> = None;
    let mut formula_start = 0;
    let (mut row, mut column) = (0, 0);
    let mut data_end = None;
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let end = reader.buffer_position() as usize;
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "row" => {
                    row = attribute(&element, "r").and_then(|r| r.parse().ok()).unwrap_or(row + 1);
                    column = 0;
                    rows.push(Row { number: row, start, inside: end, is_empty });
                }
                "c" => {
                    let place = attribute(&element, "r").and_then(|r| read_a1(&r)).unwrap_or((row, column + 1));
                    column = place.1;
                    let kept = element.attributes().flatten().filter(|attribute| attribute.key.as_ref() != "t");
                    let attributes =
                        kept.map(|kept| format!(" {}=\"{}\"", kept.key.as_ref(), kept.value)).collect::<String>();
                    let found = Found { start, end, place, attributes, ..Found::default() };
                    if is_empty {
                        cells.push(found);
                    } else {
                        cell = Some(found);
                    }
                }
                "f" => {
                    formula_start = start;
                    if let Some(cell) = &mut cell {
                        if attribute(&element, "t").as_deref() == Some("shared") {
                            cell.shared = attribute(&element, "si");
                        }
                        if is_empty {
                            cell.formula = Some((start, end));
                        }
                    }
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "f" => {
                    if let Some(cell) = &mut cell {
                        cell.formula = Some((formula_start, end));
                    }
                }
                "c" => {
                    if let Some(mut found) = cell.take() {
                        found.end = end;
                        cells.push(found);
                    }
                }
                "sheetData" => data_end = Some(start),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    Ok((cells, rows, data_end.ok_or("it has no cells")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = concat!(
        r#"<?xml version="1.0"?><worksheet><!-- kept --><sheetData>"#,
        r#"<row r="1"><c r="A1" s="3"><v>1</v></c><c r="C1" t="s"><v>0</v></c></row>"#,
        r#"<row r="2"><c r="A2"><f t="shared" ref="A2:A4" si="0">A1*2</f><v>2</v></c></row>"#,
        r#"<row r="3"><c r="A3" s="7"><f t="shared" si="0"/><v>4</v></c></row>"#,
        r#"<row r="4"><c r="A4"><f t="shared" si="0"/><v>8</v></c></row>"#,
        r#"</sheetData><drawing r:id="rId1"/></worksheet>"#
    );

    #[test]
    fn a_shared_formula_is_taken_apart_where_one_of_its_cells_changes() {
        let shared =
            |text: &str, value| NewCell::Recalculated { text: text.into(), value: Some(value), is_stale: false };
        let cells = BTreeMap::from([
            ((2, 1), NewCell::Formula { text: "A1*3<4".into(), value: Some(3.0) }),
            ((3, 1), shared("A2*2", 6.0)),
            ((4, 1), shared("A3*2", 12.0)),
            ((1, 2), NewCell::Value(0.5)),
        ]);
        let written = rewrite(SHEET, &cells).unwrap();
        let expected = concat!(
            r#"<?xml version="1.0"?><worksheet><!-- kept --><sheetData>"#,
            r#"<row r="1"><c r="A1" s="3"><v>1</v></c><c r="B1"><v>0.5</v></c><c r="C1" t="s"><v>0</v></c></row>"#,
            r#"<row r="2"><c r="A2"><f>A1*3&lt;4</f><v>3</v></c></row>"#,
            r#"<row r="3"><c r="A3" s="7"><f>A2*2</f><v>6</v></c></row>"#,
            r#"<row r="4"><c r="A4"><f>A3*2</f><v>12</v></c></row>"#,
            r#"</sheetData><drawing r:id="rId1"/></worksheet>"#
        );
        assert_eq!(written, expected);
    }

    #[test]
    fn untouched_formulas_keep_their_form_and_stale_values_change() {
        let idle = |is_stale| NewCell::Recalculated { text: "A2*2".into(), value: Some(5.0), is_stale };
        assert_eq!(rewrite(SHEET, &BTreeMap::from([((3, 1), idle(false))])).unwrap(), SHEET);
        let stale = rewrite(SHEET, &BTreeMap::from([((3, 1), idle(true))])).unwrap();
        assert_eq!(stale, SHEET.replace(r#"<v>4</v>"#, "<v>5</v>"));
    }

    #[test]
    fn cells_of_rows_that_are_missing_stand_in_one_row_each_in_the_order_of_rows() {
        let sheet = concat!(
            r#"<worksheet><sheetData><row r="3"><c r="A3"><v>1</v></c></row>"#,
            r#"<row r="5"/><row r="7" spans="1:2"><c r="A7"><v>7</v></c></row>"#,
            r#"</sheetData></worksheet>"#
        );
        let value = |place: (u32, u32)| (place, NewCell::Value(f64::from(10 * place.0 + place.1)));
        let missing = [(2, 1), (3, 2), (4, 1), (6, 1), (6, 3), (9, 2)].map(value);
        let expected = concat!(
            r#"<worksheet><sheetData><row r="2"><c r="A2"><v>21</v></c></row>"#,
            r#"<row r="3"><c r="A3"><v>1</v></c><c r="B3"><v>32</v></c></row>"#,
            r#"<row r="4"><c r="A4"><v>41</v></c></row><row r="5"/>"#,
            r#"<row r="6"><c r="A6"><v>61</v></c><c r="C6"><v>63</v></c></row>"#,
            r#"<row r="7" spans="1:2"><c r="A7"><v>7</v></c></row>"#,
            r#"<row r="9"><c r="B9"><v>92</v></c></row></sheetData></worksheet>"#
        );
        assert_eq!(rewrite(sheet, &BTreeMap::from(missing)).unwrap(), expected);
        // A row that is closed in itself is opened.
        let opened = r#"<row r="5"><c r="B5"><v>52</v></c><c r="C5"><v>53</v></c></row>"#;
        let written = rewrite(sheet, &BTreeMap::from([(5, 2), (5, 3)].map(value))).unwrap();
        assert_eq!(written, sheet.replace(r#"<row r="5"/>"#, opened));
    }

    #[test]
    fn parts_are_taken_off_a_list() {
        let list = r#"<T><Override PartName="/xl/calcChain.xml" T="x"/><Override PartName="/xl/a.xml"/></T>"#;
        assert_eq!(without_elements_naming(list, "calcChain.xml"), r#"<T><Override PartName="/xl/a.xml"/></T>"#);
    }
}
