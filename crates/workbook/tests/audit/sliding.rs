//! References that dollar signs should hold: what they slide onto, named, and every formula held.

use longhand_workbook::audit::{AuditOptions, AuditReport, SlipKind, audit_bytes, fix, text};
use rust_xlsxwriter::{Formula, Workbook};

/// What stands in column B from the learning rate down.
const PARAMETERS: [(&str, f64); 5] = [("eta", 0.5), ("i1", 0.05), ("i2", 0.1), ("t1", 0.01), ("t2", 0.99)];
const WEIGHTS: [f64; 8] = [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55];

/// A table from column D and row 8 on, its parameters in A1:B5; `rate` writes the rate for an update that stands `behind`
/// the first one, `last` is what its last loss is to be.
fn book(steps: u32, softmax: bool, rate: impl Fn(usize, u32) -> String) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, (name, value)) in (0..).zip(PARAMETERS) {
        sheet.write(row, 0, name).unwrap();
        sheet.write(row, 1, value).unwrap();
    }
    let names = "w1 w2 w3 w4 w5 w6 w7 w8 h1 a1 h2 a2 o1 o2 y1 y2 E g1 g2 g3 g4 g5 g6 g7 g8";
    for (column, name) in (3..).zip(names.split(' ')) {
        sheet.write(6, column, name).unwrap();
    }
    for step in 0..steps {
        let row = step + 8;
        for (k, start) in WEIGHTS.into_iter().enumerate() {
            let column = 3 + k as u16;
            if step == 0 {
                sheet.write(row - 1, column, start).unwrap();
            } else {
                let [weight, gradient] = [letters(column), letters(column + 17)];
                let before = row - 1;
                let formula = format!("{weight}{before}-{}*{gradient}{before}", rate(k, step - 1));
                sheet.write_formula(row - 1, column, Formula::new(formula).set_result("0")).unwrap();
            }
        }
        let sigmoid = |net: &str| format!("1/(1+EXP(-{net}))");
        let (y1, y2, error, d1, d2) = if softmax {
            let (y1, y2) = ("EXP(P#)/(EXP(P#)+EXP(Q#))", "EXP(Q#)/(EXP(P#)+EXP(Q#))");
            (y1.to_owned(), y2.to_owned(), "-($B$4*LN(R#)+$B$5*LN(S#))", "(R#-$B$4)", "(S#-$B$5)")
        } else {
            let error = "0.5*($B$4-R#)^2+0.5*($B$5-S#)^2";
            (sigmoid("P#"), sigmoid("Q#"), error, "(R#-$B$4)*R#*(1-R#)", "(S#-$B$5)*S#*(1-S#)")
        };
        let hidden = |first: &str, second: &str, out: &str, input: &str| {
            format!("({d1}*{first}#+{d2}*{second}#)*{out}#*(1-{out}#)*{input}")
        };
        let formulas = [
            "D#*$B$2+E#*$B$3".to_owned(),
            sigmoid("L#"),
            "F#*$B$2+G#*$B$3".to_owned(),
            sigmoid("N#"),
            "H#*M#+I#*O#".to_owned(),
            "J#*M#+K#*O#".to_owned(),
            y1,
            y2,
            error.to_owned(),
            hidden("H", "J", "M", "$B$2"),
            hidden("H", "J", "M", "$B$3"),
            hidden("I", "K", "O", "$B$2"),
            hidden("I", "K", "O", "$B$3"),
            format!("{d1}*M#"),
            format!("{d1}*O#"),
            format!("{d2}*M#"),
            format!("{d2}*O#"),
        ];
        for (column, formula) in (11..).zip(formulas) {
            let formula = Formula::new(formula.replace('#', &row.to_string())).set_result("0");
            sheet.write_formula(row - 1, column, formula).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

fn letters(column: u16) -> String {
    rust_xlsxwriter::utility::column_number_to_name(column)
}

fn audit(bytes: &[u8]) -> AuditReport {
    audit_bytes(bytes, &AuditOptions::default()).unwrap()
}

fn last_error(report: &AuditReport) -> f64 {
    report.tables[0].error.last.unwrap()
}

#[test]
fn a_rate_that_slides_over_the_other_parameters_is_held() {
    for softmax in [false, true] {
        // Long tables slide on into empty cells, short ones meet numbers only.
        for steps in [20, 6, 3] {
            let right = audit(&book(steps, softmax, |_, _| "$B$1".to_owned()));
            assert!(right.is_clean(), "{}", text(&right));
            for every in [true, false] {
                let bytes =
                    book(
                        steps,
                        softmax,
                        |k, behind| {
                            if every || k == 4 { format!("B{}", behind + 1) } else { "$B$1".to_owned() }
                        },
                    );
                let report = audit(&bytes);
                let slips: Vec<_> = report.slips().collect();
                let [slip] = slips.as_slice() else { panic!("{}", text(&report)) };
                assert_eq!(slip.kind, SlipKind::Sliding, "{}", text(&report));
                let column = if every { 'D' } else { 'H' };
                assert!(slip.cell.ends_with(&format!("{column}9")), "{}", text(&report));
                assert!(slip.explanation.contains("reference to B1 (eta)"), "{}", slip.explanation);
                assert!(slip.explanation.contains("to B2 (i1) in the second; write $B$1"), "{}", slip.explanation);
                assert!(slip.corrected.as_ref().unwrap().contains("-$B$1*"), "{:?}", slip.corrected);
                let concerned = report.tables[0].weights.iter().filter(|weight| !weight.ok).count();
                assert_eq!(concerned, if every { 8 } else { 1 }, "{}", text(&report));
                let mended = audit(&fix(&bytes, &report).unwrap());
                assert!(mended.is_clean(), "{}", text(&mended));
                assert!((last_error(&mended) - last_error(&right)).abs() < 1e-15);
                assert_eq!(report.tables[0].error.last_mended, Some(last_error(&mended)));
            }
        }
    }
}

#[test]
fn a_rate_that_slides_onto_a_heading_is_held() {
    // In the sixth update the rate is the heading of column D, and from then on nothing is a number.
    let bytes = book(20, false, |_, behind| format!("D{}", behind + 2));
    let with_rate = super::bad_input::with_part(&bytes, "xl/worksheets/sheet1.xml", |sheet| {
        sheet.replacen("</c></row>", "</c><c r=\"D2\"><v>0.5</v></c></row>", 2).replacen(
            "<c r=\"D2\"><v>0.5</v></c></row>",
            "</row>",
            1,
        )
    });
    let report = audit(&with_rate);
    let slips: Vec<_> = report.slips().collect();
    let [slip] = slips.as_slice() else { panic!("{}", text(&report)) };
    assert_eq!((slip.kind, slip.corrected.as_deref()), (SlipKind::Sliding, Some("=D8-$D$2*U8")), "{}", text(&report));
    assert_eq!(report.tables[0].error.last, None);
    assert!(audit(&fix(&with_rate, &report).unwrap()).is_clean());
}

#[test]
fn a_reference_that_slides_and_something_else_are_mended_in_one() {
    let bytes = book(
        20,
        false,
        |k, behind| {
            if k == 2 { format!("B{}*U{}+0", behind + 1, behind + 8) } else { "$B$1".to_owned() }
        },
    );
    let bytes = super::bad_input::with_part(&bytes, "xl/worksheets/sheet1.xml", |sheet| {
        (8..28).fold(sheet, |sheet, row| sheet.replace(&format!("*U{row}+0*W{row}"), &format!("*U{row}")))
    });
    let report = audit(&bytes);
    let kinds: Vec<SlipKind> = report.slips().map(|slip| slip.kind).collect();
    assert_eq!(kinds, [SlipKind::Sliding, SlipKind::WrongWeight], "{}", text(&report));
    assert!(report.slips().all(|slip| slip.corrected.as_deref() == Some("=F8-$B$1*W8")), "{}", text(&report));
    assert!(audit(&fix(&bytes, &report).unwrap()).is_clean());
}
