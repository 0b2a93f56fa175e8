//! The cells of a workbook as the file has them: values and formulas.
//!
//! `calamine` streams the cells, so that a sheet with one cell in each far corner costs no more than two cells.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx};

use super::address::Address;
use super::engine::Content;
use super::error::AuditError;
use super::formula::{Formula, FormulaReader};
use super::package::{self, DefinedName, Package, damaged};
use super::structured::as_cells;

/// The most cells in all sheets together.
const CELL_LIMIT: usize = 600_000;
/// The most formulas in all sheets together.
const FORMULA_LIMIT: usize = 200_000;

/// What a cell shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Empty,
    Number(f64),
    Text(String),
    Truth(bool),
    /// An error as it is shown, `#DIV/0!`.
    Error(String),
}

impl Value {
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(value) => Some(*value),
            Value::Empty | Value::Text(_) | Value::Truth(_) | Value::Error(_) => None,
        }
    }
}

/// A cell of the file.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// What was typed, or what the program that wrote the file had worked out.
    pub value: Value,
    pub formula: Option<Box<Formula>>,
}

/// All cells of a workbook.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    /// The names of the worksheets that hold cells; an [`Address::sheet`] counts them.
    pub sheets: Vec<String>,
    /// The part of each in the archive.
    pub paths: Vec<String>,
    /// Names, their scopes counted in `sheets`.
    pub names: Vec<DefinedName>,
    pub cells: BTreeMap<Address, Cell>,
    /// Formulas too long or too deep to be read.
    pub unreadable: Vec<Address>,
    /// Formulas that name columns of a table, which are read as cells.
    pub structured: Vec<Address>,
    pub has_macros: bool,
}

impl Book {
    /// Reads the cells of a file that [`package::open`] has weighed.
    pub fn read(bytes: &[u8], package: &Package) -> Result<Book, AuditError> {
        let mut xlsx: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| damaged("the workbook", &error))?;
        let worksheets: Vec<&package::SheetPart> =
            package.sheets.iter().filter(|sheet| sheet.path.contains("worksheets/")).collect();
        let sheets: Vec<String> = worksheets.iter().map(|sheet| sheet.name.clone()).collect();
        let names = scoped_names(package, &sheets);
        let mut reader = FormulaReader::new(&sheets, &names);
        let mut book = Book {
            paths: worksheets.iter().map(|sheet| sheet.path.clone()).collect(),
            sheets,
            names,
            cells: BTreeMap::new(),
            unreadable: Vec::new(),
            structured: Vec::new(),
            has_macros: package.has_macros,
        };
        let mut formulas = 0;
        for sheet in 0..book.sheets.len() {
            let name = book.sheets[sheet].clone();
            let mut cells = xlsx.worksheet_cells_reader(&name).map_err(|error| damaged(&name, &error))?;
            while let Some(found) = cells.next_cell_with_formula().map_err(|error| damaged(&name, &error))? {
                let (row, column) = found.pos;
                let address = Address::new(sheet as u32, row.saturating_add(1), column.saturating_add(1));
                if address.row > super::address::LAST_ROW || address.column > super::address::LAST_COLUMN {
                    let cell = format!("a cell in row {}, column {} of {name}", address.row, address.column);
                    return Err(AuditError::Damaged { what: format!("{cell} lies beyond the sheet") });
                }
                let text = found.formula.filter(|text| !text.trim().is_empty());
                let value = value(&found.value);
                if value == Value::Empty && text.is_none() {
                    continue;
                }
                formulas += usize::from(text.is_some());
                within(book.cells.len(), CELL_LIMIT, "cells")?;
                within(formulas, FORMULA_LIMIT, "formulas")?;
                let formula = match text {
                    Some(text) => {
                        let text = text.trim_start_matches('=');
                        let as_cells = as_cells(text, address, &book.sheets, &package.tables);
                        if as_cells.is_some() {
                            book.structured.push(address);
                        }
                        let formula = reader.read(as_cells.as_deref().unwrap_or(text), address);
                        if formula.is_none() {
                            book.unreadable.push(address);
                        }
                        formula.map(Box::new)
                    }
                    None => None,
                };
                book.cells.insert(address, Cell { value, formula });
            }
        }
        Ok(book)
    }

    pub fn formula(&self, cell: Address) -> Option<&Formula> {
        self.cells.get(&cell)?.formula.as_deref()
    }

    /// The same book with something else in some of its cells.
    pub fn with(&self, replaced: &BTreeMap<Address, Content>) -> Book {
        let mut reader = FormulaReader::new(&self.sheets, &self.names);
        let mut book = self.clone();
        for (&cell, content) in replaced {
            let new = match content {
                Content::Number(value) => Cell { value: Value::Number(*value), formula: None },
                Content::Formula(text) => Cell { value: Value::Empty, formula: reader.read(text, cell).map(Box::new) },
            };
            book.cells.insert(cell, new);
        }
        book
    }

    /// `Sheet1!Z33`.
    pub fn spelled(&self, cell: Address) -> String {
        let sheet = self.sheets.get(cell.sheet as usize).map_or("?", String::as_str);
        format!("{}!{}", super::address::quoted_sheet(sheet), cell.a1())
    }

    /// The text nearest to the left of a cell or above it, which is mostly what it is called.
    pub fn label(&self, cell: Address) -> Option<&str> {
        let text = |address: Address| match &self.cells.get(&address)?.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        };
        let left = cell.column.checked_sub(1).filter(|column| *column > 0);
        left.and_then(|column| text(Address { column, ..cell }))
            .or_else(|| cell.row.checked_sub(1).and_then(|row| text(Address { row, ..cell })))
    }
}

/// Names with their scope counted among the worksheets that hold cells.
fn scoped_names(package: &Package, sheets: &[String]) -> Vec<DefinedName> {
    let place = |scope: usize| {
        let sheet = package.sheets.get(scope)?;
        sheets.iter().position(|name| *name == sheet.name)
    };
    let named = package.names.iter().filter(|name| !name.name.starts_with("_xlnm"));
    named
        .filter_map(|name| match name.scope {
            None => Some(name.clone()),
            Some(scope) => Some(DefinedName { scope: Some(place(scope)?), ..name.clone() }),
        })
        .collect()
}

fn within(count: usize, limit: usize, what: &str) -> Result<(), AuditError> {
    if count >= limit {
        let what = format!("it has more than {limit} {what}");
        return Err(AuditError::TooLarge { what, limit: limit.to_string() });
    }
    Ok(())
}

fn value(value: &DataRef<'_>) -> Value {
    match value {
        DataRef::Empty => Value::Empty,
        DataRef::Int(value) => Value::Number(*value as f64),
        DataRef::Float(value) => Value::Number(*value),
        DataRef::DateTime(value) => Value::Number(value.as_f64()),
        DataRef::String(text) => Value::Text(text.clone()),
        DataRef::SharedString(text) => Value::Text((*text).to_owned()),
        DataRef::Bool(value) => Value::Truth(*value),
        DataRef::Error(error) => Value::Error(error.to_string()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::Text(text.clone()),
    }
}
