//! What stands where: sheets, headings, and formulas of the shape that an audit looks for.

use calamine::Data;
use longhand_workbook::write::{PICTURE_SHEET, READING_SHEET, cell_name, rate_sheet};

use crate::networks::{ALL, EXERCISE, OVERFLOWING, RELU, TANH, UNREADABLE, work_out, written};
use crate::opened::{FIRST_ROW, Opened, name};
use crate::zip_edit::entries;

#[test]
fn the_sheets_come_in_order() {
    let worksheet = work_out(EXERCISE);
    let opened = Opened::read(&written(&worksheet));
    let expected = ["By hand", "Curves", "Rate 0.1", "Rate 0.2", "Rate 0.5", "Rate 0.8", "Rate 1", "Rate 2", "Picture"];
    assert_eq!(opened.names, expected);
    assert_eq!(rate_sheet(1e-300), "Rate 1e-300");
    assert_eq!(rate_sheet(0.0123), "Rate 0.0123");
    assert!(rate_sheet(1.2345678901234567e-300).len() <= 31);
}

#[test]
fn the_columns_are_those_of_the_table() {
    for (what, text) in ALL {
        let worksheet = work_out(text);
        let opened = Opened::read(&written(&worksheet));
        for rate in &worksheet.table.rates {
            let sheet = opened.sheet(&rate_sheet(rate.learning_rate));
            assert_eq!(sheet.text((FIRST_ROW - 1, 0)), "row");
            for (column, heading) in worksheet.table.columns.iter().enumerate() {
                let found = sheet.text((FIRST_ROW - 1, column as u32 + 1));
                assert_eq!(found, heading.name, "{what}");
            }
        }
    }
}

#[test]
fn a_parameter_is_the_cell_above_minus_the_rate_times_its_gradient() {
    for (what, text) in ALL {
        let worksheet = work_out(text);
        let network = &worksheet.network;
        let opened = Opened::read(&written(&worksheet));
        for rate in &worksheet.table.rates {
            let sheet = opened.sheet(&rate_sheet(rate.learning_rate));
            for parameter in &network.parameters {
                let place = |node| worksheet.table.column(node).expect("a column") as u32 + 1;
                let (weight, gradient) = (place(parameter.node), place(parameter.gradient));
                let symbol = network.graph.symbol(parameter.node).unwrap();
                assert_eq!(sheet.formula((FIRST_ROW, weight)), cell_name(symbol), "{what}");
                for row in 1..rate.rows() as u32 {
                    let above = FIRST_ROW + row - 1;
                    let expected = format!("{}-learning_rate*{}", name((above, weight)), name((above, gradient)));
                    assert_eq!(sheet.formula((above + 1, weight)), expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn every_cell_of_a_table_is_a_formula() {
    for (what, text) in ALL {
        let worksheet = work_out(text);
        let opened = Opened::read(&written(&worksheet));
        for rate in &worksheet.table.rates {
            let sheet = opened.sheet(&rate_sheet(rate.learning_rate));
            for row in 0..rate.rows() as u32 {
                for column in 1..=worksheet.table.columns.len() as u32 {
                    let formula = sheet.formula((FIRST_ROW + row, column));
                    assert!(!formula.is_empty(), "{what}: {} is no formula", name((FIRST_ROW + row, column)));
                }
            }
        }
        let reading = opened.sheet(READING_SHEET);
        // On the reading sheet only what is given is a plain number.
        let plain = reading
            .cells()
            .filter(|(at, value)| matches!(value, Data::Float(_) | Data::Int(_)) && reading.formula(*at).is_empty());
        let network = &worksheet.network;
        assert_eq!(plain.count(), 1 + network.given().len() + network.parameters.len(), "{what}");
    }
}

#[test]
fn each_learning_rate_is_named_on_its_own_sheet() {
    let bytes = written(&work_out(EXERCISE));
    let workbook = entries(&bytes).remove("xl/workbook.xml").unwrap();
    let workbook = String::from_utf8(workbook).unwrap();
    for (place, rate) in ["0.1", "0.2", "0.5", "0.8", "1", "2"].iter().enumerate() {
        let sheet = place + 2;
        let name = format!(r#"<definedName name="learning_rate" localSheetId="{sheet}">'Rate {rate}'!$D$2<"#);
        assert!(workbook.contains(&name), "{name}");
    }
    assert!(workbook.contains(r#"<definedName name="learning_rate">'By hand'!$C$"#));
    assert!(workbook.contains(&format!(r#"<sheet name="{PICTURE_SHEET}" sheetId="9" state="hidden""#)));
}

#[test]
fn there_is_a_chart_on_every_sheet_with_a_table_and_one_with_all_curves() {
    let worksheet = work_out(EXERCISE);
    let parts = entries(&written(&worksheet));
    let chart = |place: usize| String::from_utf8(parts[&format!("xl/charts/chart{place}.xml")].clone()).unwrap();
    // The picture, the chart of all curves, then one for each learning rate.
    assert!(chart(1).contains("<c:scatterChart>"));
    let all = chart(2);
    assert!(all.contains("<c:lineChart>"));
    for column in ["L", "M", "N", "O", "P", "Q"] {
        assert!(all.contains(&format!("<c:f>Curves!${column}$4:${column}$184</c:f>")), "{column}");
        assert!(all.contains(&format!("<c:f>Curves!${column}$3</c:f>")), "{column}");
    }
    for (place, rate) in worksheet.table.rates.iter().enumerate() {
        let one = chart(3 + place);
        assert!(one.contains("<c:lineChart>"));
        let sheet = rate_sheet(rate.learning_rate);
        assert!(one.contains(&format!("<c:f>'{sheet}'!$X$10:$X$190</c:f>")), "{sheet}");
    }
    assert!(!parts.contains_key("xl/charts/chart9.xml"));
    // Headings stay in sight.
    let rate = String::from_utf8(parts["xl/worksheets/sheet3.xml"].clone()).unwrap();
    assert!(rate.contains(r#"<pane xSplit="1" ySplit="9" topLeftCell="B10""#));
}

#[test]
fn an_overflowing_table_ends_with_a_marked_row() {
    let worksheet = work_out(OVERFLOWING);
    let opened = Opened::read(&written(&worksheet));
    let rate = worksheet.table.rates.iter().find(|rate| rate.overflow.is_some()).expect("a rate that overflows");
    let sheet = opened.sheet(&rate_sheet(rate.learning_rate));
    let words = sheet.text((4, 1));
    assert!(words.starts_with(&format!("The table ends with row {}: ", rate.rows())), "{words}");
    let steady = opened.sheet(&rate_sheet(0.0001));
    assert!(steady.text((4, 1)).starts_with("Row 1 has the weights"));
}

#[test]
fn a_network_too_large_to_read_says_so_and_keeps_its_tables() {
    let opened = Opened::read(&written(&work_out(UNREADABLE)));
    let reading = opened.sheet(READING_SHEET);
    assert_eq!(reading.text((3, 1)), "No derivation");
    let words = reading.text((4, 1));
    assert!(words.starts_with("This network has 216 weights"), "{words}");
    assert_eq!(opened.names, ["By hand", "Curves", "Rate 0.1", "Rate 0.5"]);
}

#[test]
fn the_picture_follows_the_cells() {
    for (text, label, formula) in [
        (EXERCISE, "out_h1\n0.5069", r#""out_h1"&CHAR(10)&ROUND(out_h1,4)"#),
        (TANH, "w12 = -0.26", r#""w12 = "&ROUND(w_12,4)"#),
        (RELU, "b1 = 0.35", r#""b1 = "&ROUND(b_1,4)"#),
    ] {
        let opened = Opened::read(&written(&work_out(text)));
        let picture = opened.sheet(PICTURE_SHEET);
        let (at, _) = picture
            .cells()
            .find(|(_, value)| matches!(value, Data::String(text) if text == label))
            .unwrap_or_else(|| panic!("no {label}"));
        assert_eq!(picture.formula(at), formula);
    }
}
