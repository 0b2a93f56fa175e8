//! The reading sheet while it is being written, line by line from top to bottom.

use longhand_derivation::derivation::Inline;
use longhand_derivation::expression::NodeId;
use longhand_derivation::render::equation::Side;
use longhand_derivation::render::unicode::Unicode;
use longhand_derivation::symbol::Symbol;
use longhand_derivation::worksheet::Worksheet;
use rust_xlsxwriter as xlsx;
use xlsx::utility::{quote_sheet_name, row_col_to_cell, row_col_to_cell_absolute};

use crate::write::cell_name::cell_name;
use crate::write::formulas::Formulas;
use crate::write::limits::FORMULA_LIMIT;
use crate::write::live_cell;
use crate::write::live_text::LiveText;
use crate::write::network_picture::Size;
use crate::write::styles::{Styles, number_format};
use crate::write::workbook_error::WorkbookError;
use crate::write::{DefinedName, NamedSheet, READING_SHEET};

/// The columns; column 0 is a margin.
pub const SYMBOL: u16 = 1;
pub const VALUE: u16 = 2;
pub const NAME: u16 = 3;
pub const FORMULA: u16 = 4;
pub const NUMBERS: u16 = 5;
pub const WHY: u16 = 6;

/// Their headings and widths in characters.
const COLUMNS: [(u16, &str, u32); 6] = [
    (SYMBOL, "quantity", 18),
    (VALUE, "value", 14),
    (NAME, "name", 14),
    (FORMULA, "formula", 48),
    (NUMBERS, "with numbers in place", 62),
    (WHY, "why", 70),
];
const HEADING_ROW: u32 = 2;
/// The height of a line of text, in pixels.
const LINE_HEIGHT: u32 = 20;

/// What stands in a line besides the value and its name.
pub struct Line {
    pub symbol: String,
    pub formula: String,
    pub numbers: Option<LiveText>,
    pub why: String,
    /// Whether it ends a piece of work.
    pub is_result: bool,
}

/// The sheet so far.
pub struct Page<'a> {
    pub worksheet: &'a Worksheet,
    pub formulas: &'a Formulas<'a>,
    pub styles: &'a Styles,
    pub sheet: xlsx::Worksheet,
    names: Vec<DefinedName>,
    /// The next line to write.
    row: u32,
}

impl<'a> Page<'a> {
    /// A sheet with its title and the headings of its columns.
    pub fn new(
        worksheet: &'a Worksheet,
        formulas: &'a Formulas<'a>,
        styles: &'a Styles,
    ) -> Result<Self, WorkbookError> {
        let mut sheet = xlsx::Worksheet::new();
        sheet.set_name(READING_SHEET)?.set_screen_gridlines(false).set_tab_color(xlsx::Color::RGB(0x1B2A3A));
        sheet.set_column_width_pixels(0, 14)?;
        let title = format!("Back-propagation by hand: a {} network", worksheet.network.spec.shape());
        sheet.write_with_format(0, SYMBOL, title, &styles.title)?.set_row_height_pixels(0, 34)?;
        let remark = "Every number is a formula, except the blue ones: change one of those, and all that follows from \
                      it changes, on every sheet.";
        sheet.write_with_format(1, SYMBOL, remark, &styles.remark)?;
        for (column, heading, width) in COLUMNS {
            sheet.set_column_width(column, width)?;
            sheet.write_with_format(HEADING_ROW, column, heading, &styles.column_heading)?;
        }
        sheet.set_freeze_panes(HEADING_ROW + 1, 0)?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_footer("&L&A&RPage &P of &N");
        sheet.set_repeat_rows(HEADING_ROW, HEADING_ROW)?;
        Ok(Page { worksheet, formulas, styles, sheet, names: Vec::new(), row: HEADING_ROW + 1 })
    }

    /// The sheet and the names of its cells.
    pub fn finish(mut self) -> Result<NamedSheet, WorkbookError> {
        // Every line has a formula of its own.
        self.sheet.ignore_error_range(0, VALUE, self.row, NUMBERS, xlsx::IgnoreError::FormulaDiffers)?;
        Ok(NamedSheet { sheet: self.sheet, names: self.names })
    }

    /// The row that is written next, from 0.
    pub fn row(&self) -> u32 {
        self.row
    }

    /// Goes on below this row at the earliest.
    pub fn skip_to(&mut self, row: u32) {
        self.row = self.row.max(row);
    }

    /// The name of a quantity's cell.
    pub fn name(&self, quantity: NodeId) -> String {
        cell_name(self.symbol(quantity))
    }

    /// The name of a quantity.
    pub fn symbol(&self, quantity: NodeId) -> &'a Symbol {
        self.worksheet.network.graph.symbol(quantity).expect("a quantity has a name")
    }

    /// A side of an equation as text.
    pub fn written(&self, side: &Side) -> String {
        side.write(&self.worksheet.network.graph, &self.worksheet.values, &Unicode).text
    }

    /// A sentence as text.
    pub fn sentence(&self, sentence: &[Inline]) -> String {
        let pieces = sentence.iter().map(|inline| match inline {
            Inline::Text(text) => text.clone(),
            Inline::Math(side) => self.written(side),
        });
        pieces.collect()
    }

    /// A side with numbers in place as text that follows the cells of its quantities; `None` where there is nothing to
    /// see, or too much for a formula.
    pub fn live(&self, side: &Side) -> Option<LiveText> {
        self.live_over(side, &|id| self.name(id))
    }

    /// The same over cells of the caller's choice.
    pub fn live_over(&self, side: &Side, cell: &dyn Fn(NodeId) -> String) -> Option<LiveText> {
        LiveText::of_side(&self.worksheet.network.graph, &self.worksheet.values, side, cell)
            .filter(|live| live.formula.len() <= FORMULA_LIMIT)
    }

    /// The band that begins a section, after an empty line.
    pub fn section(&mut self, heading: &str) -> Result<(), WorkbookError> {
        if self.row > HEADING_ROW + 1 {
            self.row += 1;
        }
        self.sheet.write_with_format(self.row, SYMBOL, heading, &self.styles.section)?;
        for column in VALUE..=WHY {
            self.sheet.write_blank(self.row, column, &self.styles.section)?;
        }
        self.sheet.set_row_height_pixels(self.row, 28)?;
        self.row += 1;
        Ok(())
    }

    /// What a section is about.
    pub fn introduction(&mut self, words: &str) -> Result<(), WorkbookError> {
        self.across(SYMBOL, words, &self.styles.introduction)
    }

    /// A sentence in grey after an empty line.
    pub fn remark(&mut self, words: &str) -> Result<(), WorkbookError> {
        self.row += 1;
        self.across(SYMBOL, words, &self.styles.remark_block)
    }

    /// Words from a column to the last one, in a line of their own.
    fn across(&mut self, first: u16, words: &str, format: &xlsx::Format) -> Result<(), WorkbookError> {
        let width: u32 = COLUMNS.iter().filter(|column| column.0 >= first).map(|column| column.2).sum();
        self.sheet.merge_range(self.row, first, self.row, WHY, words, format)?;
        self.set_height(lines(words, width))?;
        self.row += 1;
        Ok(())
    }

    /// A line that begins the chain rule of a parameter: its gradient, and words.
    pub fn chain_heading(&mut self, symbol: &str, words: &str) -> Result<(), WorkbookError> {
        self.row += 1;
        self.sheet.write_with_format(self.row, SYMBOL, symbol, &self.styles.chain_heading)?;
        for column in [VALUE, NAME] {
            self.sheet.write_blank(self.row, column, &self.styles.chain_heading)?;
        }
        self.across(FORMULA, words, &self.styles.chain_words)
    }

    /// A line that begins a path.
    pub fn path(&mut self, words: &str) -> Result<(), WorkbookError> {
        self.sheet.write_with_format(self.row, SYMBOL, words, &self.styles.path)?;
        self.row += 1;
        Ok(())
    }

    /// A line for something given: a number that may be changed, under a name.
    pub fn given(&mut self, quantity: NodeId, value: f64, words: &str) -> Result<(), WorkbookError> {
        let symbol = self.symbol(quantity).unicode();
        self.sheet.write_with_format(self.row, SYMBOL, symbol, &self.styles.symbol)?;
        self.sheet.write_with_format(self.row, VALUE, value, &self.styles.input)?;
        self.sheet.write_with_format(self.row, FORMULA, words, &self.styles.remark)?;
        self.define_name(quantity)?;
        self.row += 1;
        Ok(())
    }

    /// A line for a quantity that is computed from quantities above it, under its name.
    pub fn quantity(&mut self, quantity: NodeId, line: Line) -> Result<(), WorkbookError> {
        let formula = self.formulas.formula(quantity, &|id| self.worksheet.network.graph.symbol(id).map(cell_name))?;
        self.named(quantity, &formula, line)
    }

    /// A line for a quantity with this formula, under its name.
    pub fn named(&mut self, quantity: NodeId, formula: &str, line: Line) -> Result<(), WorkbookError> {
        self.define_name(quantity)?;
        self.computed(formula, self.worksheet.values.get(quantity), line)?;
        Ok(())
    }

    /// A line for a computed number without a name; returns the address of its cell.
    pub fn computed(&mut self, formula: &str, value: f64, line: Line) -> Result<String, WorkbookError> {
        let Page { styles, row, .. } = *self;
        let (symbol, number) = match line.is_result {
            true => (&styles.result_symbol, &styles.result),
            false => (&styles.symbol, &styles.number),
        };
        self.sheet.write_with_format(row, SYMBOL, &line.symbol, symbol)?;
        let number = number.clone().set_num_format(number_format(value.abs()));
        live_cell::write_number(&mut self.sheet, (row, VALUE), formula, value, &number)?;
        self.sheet.write_with_format(row, FORMULA, &line.formula, &styles.formula)?;
        let mut height = lines(&line.formula, width(FORMULA));
        if let Some(LiveText { formula, text }) = &line.numbers {
            live_cell::write_text(&mut self.sheet, (row, NUMBERS), formula, text, &styles.numbers)?;
            height = height.max(lines(text, width(NUMBERS)));
        }
        if !line.why.is_empty() {
            self.sheet.write_with_format(row, WHY, &line.why, &styles.why)?;
        }
        self.set_height(height)?;
        self.row += 1;
        Ok(row_col_to_cell(row, VALUE))
    }

    /// Writes a live text into the last column of the line before.
    pub fn verdict_on_line_before(&mut self, formula: &str, text: &str) -> Result<(), WorkbookError> {
        live_cell::write_text(&mut self.sheet, (self.row - 1, WHY), formula, text, &self.styles.why)
    }

    /// Puts the picture beside the lines from `row` on, and goes on below it.
    pub fn insert_picture(&mut self, row: u32, chart: &xlsx::Chart, size: Size) -> Result<(), WorkbookError> {
        self.sheet.insert_chart_with_offset(row, NUMBERS, chart, 0, 6)?;
        self.skip_to(row + (size.height + 12).div_ceil(LINE_HEIGHT));
        Ok(())
    }

    /// Gives the value of the current line the name of a quantity, and shows the name.
    fn define_name(&mut self, quantity: NodeId) -> Result<(), WorkbookError> {
        let name = self.name(quantity);
        self.sheet.write_with_format(self.row, NAME, &name, &self.styles.name)?;
        let cell = row_col_to_cell_absolute(self.row, VALUE);
        self.names.push(DefinedName { name, reference: format!("={}!{cell}", quote_sheet_name(READING_SHEET)) });
        Ok(())
    }

    fn set_height(&mut self, lines: u32) -> Result<(), WorkbookError> {
        self.sheet.set_row_height_pixels(self.row, LINE_HEIGHT * lines)?;
        Ok(())
    }
}

fn width(column: u16) -> u32 {
    COLUMNS.iter().find(|known| known.0 == column).map_or(0, |known| known.2)
}

/// The lines that a text takes in a column of so many digits' width: at least one, at most what a row can hold.
fn lines(text: &str, width: u32) -> u32 {
    const MOST: u32 = 20;
    // Formulas and words have narrow letters in them: on average nine tenths of a digit's width.
    (text.chars().count() as u32 * 9).div_ceil(width * 10).clamp(1, MOST)
}
