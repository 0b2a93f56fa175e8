//! The sheet for reading: what is given, then the derivation step by step, every formula beside its live cell.

mod chain_rule;
mod given;
mod page;

use longhand_derivation::derivation::{Derivation, Section, Step, Work};
use longhand_derivation::render::equation::{Equation, Side};
use longhand_derivation::spec::{READABLE_PATHS, READABLE_WEIGHTS};
use longhand_derivation::worksheet::Worksheet;
use rust_xlsxwriter as xlsx;

use super::formulas::Formulas;
use super::styles::Styles;
use super::workbook_error::WorkbookError;
use super::{NamedSheet, network_picture};
use page::{Line, Page};

/// Writes the sheet; `picture` is put beside what is given.
pub fn write(
    worksheet: &Worksheet,
    formulas: &Formulas,
    styles: &Styles,
    picture: Option<xlsx::Chart>,
) -> Result<NamedSheet, WorkbookError> {
    let mut page = Page::new(worksheet, formulas, styles)?;
    if worksheet.derivation.is_none() {
        no_derivation(&mut page)?;
    }
    let picture_row = given::write(&mut page)?;
    if let (Some(chart), Some(size)) = (picture, network_picture::size(&worksheet.network)) {
        page.insert_picture(picture_row, &chart, size)?;
    }
    if let Some(derivation) = &worksheet.derivation {
        for section in &derivation.sections {
            write_section(&mut page, section)?;
        }
        page.remark(&closing_words(derivation))?;
    }
    page.finish()
}

/// Says why there is nothing to read here.
fn no_derivation(page: &mut Page) -> Result<(), WorkbookError> {
    page.section("No derivation")?;
    page.introduction(&format!(
        "This network has {} weights: worked out path by path its derivation would be too long to be read (the limit is \
         {READABLE_WEIGHTS} weights and {READABLE_PATHS} paths to each). The tables on the other sheets are complete; \
         they start from the cells below, and every cell in them is a formula.",
        page.worksheet.network.spec.weights.len()
    ))
}

fn closing_words(derivation: &Derivation) -> String {
    let weights = derivation.chains().count();
    let what = if weights == 1 { "parameter" } else { "parameters" };
    format!("That was one row of training, for {weights} {what}. The other sheets repeat it row after row.")
}

fn write_section(page: &mut Page, section: &Section) -> Result<(), WorkbookError> {
    let heading = page.sentence(&section.heading);
    page.section(&heading)?;
    let introduction = page.sentence(&section.introduction);
    page.introduction(&introduction)?;
    for step in &section.steps {
        match &step.work {
            Work::Formula(equation) if matches!(equation.left, Side::Partial { .. }) => {
                chain_rule::write_formula(page, step, equation)?
            }
            Work::Formula(equation) => formula_step(page, step, equation)?,
            Work::Chain(chain) => chain_rule::write(page, step, chain)?,
        }
    }
    Ok(())
}

/// One line: the quantity, its live value, its name, its formula, the formula with numbers in place, why.
fn formula_step(page: &mut Page, step: &Step, equation: &Equation) -> Result<(), WorkbookError> {
    let why = if step.explained_before { String::new() } else { page.sentence(&step.explanation) };
    let line = Line {
        symbol: page.written(&equation.left),
        formula: page.written(&Side::Definition(step.quantity)),
        numbers: page.live(&Side::DefinitionInNumbers(step.quantity)),
        why,
        is_result: false,
    };
    page.quantity(step.quantity, line)
}
