//! A workbook opened again by a reader that knows nothing of the writer.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx, open_workbook_from_rs};

/// The row (from 0) of row 1 on a table's sheet; its headings stand above it, its columns start with the second.
pub const FIRST_ROW: u32 = 9;

/// One sheet.
pub struct Sheet {
    pub values: Range<Data>,
    pub formulas: Range<String>,
}

/// A workbook.
pub struct Opened {
    /// In the order of the tabs.
    pub names: Vec<String>,
    pub sheets: BTreeMap<String, Sheet>,
    /// Names of cells and what they stand for, `'By hand'!$C$5`.
    pub defined: Vec<(String, String)>,
}

impl Opened {
    pub fn read(bytes: &[u8]) -> Self {
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).expect("a workbook");
        let names = book.sheet_names();
        let sheets = names
            .iter()
            .map(|name| {
                let values = book.worksheet_range(name).expect("values");
                let formulas = book.worksheet_formula(name).expect("formulas");
                (name.clone(), Sheet { values, formulas })
            })
            .collect();
        let defined = book.defined_names().iter().map(|(name, place)| (name.clone(), place.clone())).collect();
        Opened { names, sheets, defined }
    }

    pub fn sheet(&self, name: &str) -> &Sheet {
        self.sheets.get(name).unwrap_or_else(|| panic!("no sheet {name} among {:?}", self.names))
    }

    /// The cell that a name stands for.
    pub fn named_cell(&self, name: &str) -> (u32, u32) {
        let (_, place) = self
            .defined
            .iter()
            .find(|(known, place)| known == name && place.starts_with("'By hand'!"))
            .unwrap_or_else(|| panic!("no name {name}"));
        address(place.rsplit_once('!').expect("a sheet and a cell").1)
    }
}

impl Sheet {
    pub fn value(&self, at: (u32, u32)) -> &Data {
        self.values.get_value(at).unwrap_or(&Data::Empty)
    }

    pub fn number(&self, at: (u32, u32)) -> f64 {
        match self.value(at) {
            Data::Float(value) => *value,
            Data::Int(value) => *value as f64,
            other => panic!("{other:?} at {at:?}"),
        }
    }

    pub fn formula(&self, at: (u32, u32)) -> &str {
        self.formulas.get_value(at).map_or("", String::as_str)
    }

    pub fn text(&self, at: (u32, u32)) -> String {
        self.value(at).to_string()
    }

    /// Every cell with a value.
    pub fn cells(&self) -> impl Iterator<Item = ((u32, u32), &Data)> {
        let (top, left) = self.values.start().unwrap_or_default();
        self.values.used_cells().map(move |(row, column, value)| ((row as u32 + top, column as u32 + left), value))
    }
}

/// Row and column (from 0) of `$C$5` or `C5`.
pub fn address(text: &str) -> (u32, u32) {
    let text = text.replace('$', "");
    let digits = text.find(|letter: char| letter.is_ascii_digit()).expect("a row");
    let column = text[..digits].bytes().fold(0, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    (text[digits..].parse::<u32>().expect("a row") - 1, column - 1)
}

/// `C5` for row 4, column 2.
pub fn name((row, column): (u32, u32)) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        letters.push(char::from(b'A' + ((left - 1) % 26) as u8));
        left = (left - 1) / 26;
    }
    let letters: String = letters.iter().rev().collect();
    format!("{letters}{}", row + 1)
}
