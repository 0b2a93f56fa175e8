//! Recalculation, by `ironcalc_base`.
//!
//! An [`Engine`] holds a part of the workbook: the cells that somebody asks for, with some of them replaced.

use std::collections::{BTreeMap, BTreeSet};

use ironcalc_base::Model;
use ironcalc_base::cell::CellValue;

use super::address::{Address, LAST_ROW};
use super::book::{Book, Value};
use super::dependencies::Dependencies;
use super::error::AuditError;
use super::formula::FormulaReader;

/// How much of the thread's stack one recalculation may use; see [`super::STACK`].
const EVALUATION_STACK: usize = super::STACK / 4;

/// What stands in a cell instead of what the file has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Number(f64),
    /// Without `=`.
    Formula(String),
}

/// A recalculating copy of some cells of a workbook.
pub(crate) struct Engine {
    model: Model<'static>,
    scratch: u32,
    names: Option<FormulaReader>,
}

impl Engine {
    /// A copy of the cells `wanted` (all where `None`), with `replaced` in place of what the file has.
    pub fn new(
        book: &Book,
        wanted: Option<&BTreeSet<Address>>,
        replaced: &BTreeMap<Address, Content>,
    ) -> Result<Self, AuditError> {
        let mut model = Model::new_empty("audit", "en", "UTC", "en").map_err(engine)?;
        for (place, name) in book.sheets.iter().enumerate() {
            if place == 0 {
                model.rename_sheet_by_index(0, name).map_err(engine)?;
            } else {
                model.add_sheet(name).map_err(engine)?;
            }
        }
        let mut is_refused = false;
        for name in &book.names {
            let scope = name.scope.and_then(|scope| u32::try_from(scope).ok());
            is_refused |= model.new_defined_name(&name.name, scope, name.formula.trim_start_matches('=')).is_err();
        }
        // The library takes names for cells only; names for numbers are written out.
        let names = is_refused.then(|| FormulaReader::new(&book.sheets, &book.names));
        model.set_max_evaluation_depth(usize::MAX);
        model.set_max_evaluation_stack(EVALUATION_STACK);
        let mut engine = Engine { model, scratch: 0, names };
        for (&cell, content) in &book.cells {
            if replaced.contains_key(&cell) || wanted.is_some_and(|wanted| !wanted.contains(&cell)) {
                continue;
            }
            match (&content.formula, &content.value) {
                (Some(formula), _) => engine.set_formula(cell, &formula.text)?,
                (None, Value::Number(value)) => engine.set_number(cell, *value)?,
                (None, Value::Text(text)) => engine.set_text(cell, text)?,
                (None, Value::Error(error)) => engine.set_text(cell, error)?,
                (None, Value::Truth(value)) => {
                    engine
                        .model
                        .update_cell_with_bool(cell.sheet, cell.row as i32, cell.column as i32, *value)
                        .map_err(self::engine)?;
                }
                (None, Value::Empty) => {}
            }
        }
        for (&cell, content) in replaced {
            if wanted.is_none_or(|wanted| wanted.contains(&cell)) {
                engine.set(cell, content)?;
            }
        }
        Ok(engine)
    }

    /// Puts something into a cell.
    pub fn set(&mut self, cell: Address, content: &Content) -> Result<(), AuditError> {
        match content {
            Content::Number(value) => self.set_number(cell, *value),
            Content::Formula(text) => self.set_formula(cell, text),
        }
    }

    pub fn set_number(&mut self, cell: Address, value: f64) -> Result<(), AuditError> {
        self.model.update_cell_with_number(cell.sheet, cell.row as i32, cell.column as i32, value).map_err(engine)
    }

    pub fn set_formula(&mut self, cell: Address, text: &str) -> Result<(), AuditError> {
        let opened = self.names.as_mut().and_then(|reader| reader.without_names(text, cell));
        let text = format!("={}", opened.as_deref().unwrap_or(text));
        self.model.update_cell_with_formula(cell.sheet, cell.row as i32, cell.column as i32, text).map_err(engine)
    }

    fn set_text(&mut self, cell: Address, text: &str) -> Result<(), AuditError> {
        self.model.update_cell_with_text(cell.sheet, cell.row as i32, cell.column as i32, text).map_err(engine)
    }

    /// Puts a formula that no cell holds on a sheet, where nothing refers to it.
    pub fn add_formula(&mut self, sheet: u32, text: &str) -> Result<Address, AuditError> {
        let cell = Address::new(sheet, LAST_ROW - self.scratch / 4096, 16_384 - self.scratch % 4096);
        self.scratch += 1;
        self.set_formula(cell, text)?;
        Ok(cell)
    }

    /// Works out every formula.
    pub fn recalculate(&mut self) {
        self.model.evaluate();
    }

    /// The number in a cell; `None` for text and errors, and 0 for an empty cell, as formulas see it.
    pub fn number(&self, cell: Address) -> Option<f64> {
        match self.model.get_cell_value_by_index(cell.sheet, cell.row as i32, cell.column as i32) {
            Ok(CellValue::Number(value)) => Some(value).filter(|value| value.is_finite()),
            Ok(CellValue::None) => Some(0.0),
            Ok(CellValue::Boolean(_) | CellValue::String(_)) | Err(_) => None,
        }
    }

    /// What a cell shows instead of a number.
    pub fn text(&self, cell: Address) -> Option<String> {
        match self.model.get_cell_value_by_index(cell.sheet, cell.row as i32, cell.column as i32) {
            Ok(CellValue::String(text)) => Some(text),
            _ => None,
        }
    }
}

fn engine(reason: String) -> AuditError {
    AuditError::Engine { reason }
}

/// What the formulas of `book` give in one cell; none where one depends on itself.
pub(crate) fn number_in(book: &Book, cell: Address) -> Result<Option<f64>, AuditError> {
    let dependencies = Dependencies::of(book)?;
    if dependencies.circle().is_some() {
        return Ok(None);
    }
    let wanted = dependencies.closure(&[cell], &BTreeSet::new());
    let mut engine = Engine::new(book, Some(&wanted), &BTreeMap::new())?;
    engine.recalculate();
    Ok(engine.number(cell))
}
