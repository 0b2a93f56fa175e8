//! What does not fit is refused with the number, the limit and what to do.

use longhand_workbook::write::{WorkbookError, worksheet_workbook};

use crate::networks::work_out;

#[test]
fn a_formula_longer_than_a_cell_is_refused() {
    // 40 outputs: each softmax names every sum 41 times.
    let worksheet = work_out("layers = [1, 40]\nloss = 'softmax_cross_entropy'\nrows = 2\nlearning_rates = [0.5]");
    let error = worksheet_workbook(&worksheet).unwrap_err();
    assert!(matches!(&error, WorkbookError::FormulaTooLong { quantity, .. } if quantity == "out_o1"), "{error}");
    assert!(error.to_string().contains("a cell holds 8192"), "{error}");
}

#[test]
fn more_columns_than_a_sheet_has_are_refused() {
    let samples = vec![format!("{{ inputs = {:?}, targets = [0.5] }}", [0.1; 300]); 64];
    let worksheet =
        work_out(&format!("layers = [300, 1]\nrows = 1\nlearning_rates = [0.5]\nsamples = [{}]", samples.join(",")));
    let error = worksheet_workbook(&worksheet).unwrap_err();
    assert!(matches!(error, WorkbookError::TooManyColumns { .. }), "{error}");
    assert!(error.to_string().contains("a sheet holds 16384"), "{error}");
}

#[test]
fn more_cells_than_anybody_opens_are_refused() {
    let worksheet = work_out("rows = 80000\nlearning_rates = [0.1]");
    let error = worksheet_workbook(&worksheet).unwrap_err();
    let needed = 80_000 * 32;
    assert!(matches!(error, WorkbookError::TooManyNumbers { needed: found } if found == needed), "{error}");
}
