//! What stands right below a table, or is worked out over its rows, is none of its rows.

use longhand_workbook::audit::SlipKind;

use super::made::{Layout, Style, Table, only_slip, told};

fn layouts() -> [Layout; 4] {
    let plain = Layout { steps: 12, ..Layout::default() };
    [
        plain.clone(),
        Layout { across: true, helpers: true, ..plain.clone() },
        Layout { style: Style::StepCell, fixed_inputs: true, ..plain.clone() },
        Layout { style: Style::NewWeights, ..plain },
    ]
}

#[test]
fn a_summary_a_text_or_another_start_below_is_no_row() {
    for layout in layouts() {
        for footer in ["final", "=MIN({first}:{last})", "=AVERAGE({first}:{last})", "={last}", "0.25"] {
            let mut made = Table::new(layout.clone());
            made.footer = Some(footer.to_owned());
            let report = made.audit();
            assert!(report.is_clean() && report.tables.len() == 1, "{footer}: {}", told(&report));
            assert!(report.tables[0].notes.is_empty(), "{footer}: {}", told(&report));
            assert_eq!(report.tables[0].rows, layout.steps, "{footer}: {}", told(&report));
        }
    }
}

/// The last row is one, whatever stands below.
#[test]
fn a_slip_in_the_last_row_is_found() {
    for footer in [None, Some("final"), Some("=AVERAGE({first}:{last})")] {
        let mut made = Table::new(Layout { steps: 12, ..Layout::default() });
        made.footer = footer.map(str::to_owned);
        made.change("w0_1_0", 11..12, |_, _| "={w0_1_0<}".to_owned());
        assert_eq!(only_slip(&made, SlipKind::RowDiffers), [made.cell("w0_1_0", 11)], "{footer:?}");
    }
}

#[test]
fn columns_that_look_back_are_no_slips_and_raise_no_notes() {
    for layout in layouts() {
        let mut made = Table::new(layout);
        made.add("change", |step| if step == 0 { String::new() } else { "={E}-{E<}".to_owned() });
        made.add("best", |step| if step == 0 { "={E}".to_owned() } else { "=MIN({E},{best<})".to_owned() });
        let report = made.audit();
        assert!(report.is_clean(), "{}", told(&report));
        // The best of the first row is written differently, and no given number changes.
        let changes = report.tables[0].notes.iter().find(|note| note.contains("changes from row to row"));
        assert_eq!((changes, report.tables[0].notes.len() <= 2), (None, true), "{}", told(&report));
    }
}

/// Then no row but the first is corrected by its own gradient, and what stands below the table looks much like it.
#[test]
fn updates_by_an_older_gradient_are_not_clean() {
    let mut made = Table::new(Layout { steps: 12, ..Layout::default() });
    for (layer, to, from) in (0..8).map(|bits| (bits >> 2, bits >> 1 & 1, bits & 1)) {
        let name = format!("w{layer}_{to}_{from}");
        let gradients: Vec<String> = made.steps().map(|step| made.cell(&format!("g{name}"), step)).collect();
        made.change(&name, 2..12, |_, step| format!("={{{name}<}}-$B$2*{}", gradients[step - 2]));
    }
    assert!(!made.audit().is_clean(), "{}", told(&made.audit()));
}
