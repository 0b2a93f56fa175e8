//! The first room: a small network worked out by hand, its documents, and the audit of somebody's workbook.

pub(crate) mod audits;
mod network;

use std::sync::LazyLock;

use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use longhand_derivation::document;
use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use longhand_report::{curves, worksheet_body, worksheet_page};
use longhand_workbook::write::worksheet_workbook;

use crate::failure::Failure;
use crate::frame;
use crate::house::House;

/// Screen pixels of a PNG to a unit of its picture.
const PNG_SCALE: f64 = 2.0;

/// Makes a document of a worksheet.
type Make = fn(&Worksheet) -> Result<Vec<u8>, String>;

/// What stands in an address behind the question mark, in order.
type Asked = Vec<(String, String)>;

/// `GET /by-hand`: the worksheet of the network asked for; where it cannot be, says why above the usual one.
pub(crate) async fn room(State(house): State<House>, Query(asked): Query<Asked>) -> Result<Html<String>, Failure> {
    if asked.iter().all(|(_, value)| value.trim().is_empty()) {
        return Ok(frame::page("by_hand", "By hand", STYLES, &filled("", usual())));
    }
    let body = |spec| house.heavy.run(move || Worksheet::work_out(spec).map(|worksheet| worksheet_body(&worksheet)));
    let worked_out = match network::of(&asked) {
        Ok(spec) => body(spec).await?.map_err(|e| e.to_string()),
        Err(problem) => Err(problem),
    };
    let content = match worked_out {
        Ok(worksheet) => filled("", &worksheet),
        Err(problem) => {
            let notice = format!(
                "<p class=\"notice\" role=\"alert\">This network cannot be worked out: {}. Below is the usual one.</p>",
                frame::escaped(problem.trim_end_matches('.'))
            );
            filled(&notice, usual())
        }
    };
    Ok(frame::page("by_hand", "By hand", STYLES, &content))
}

/// The room's own styles, before its last one.
const STYLES: &[&str] = &["worksheet/worksheet.css"];

fn filled(problem: &str, worksheet: &str) -> String {
    frame::filled(&frame::content("by_hand"), &[("problem", problem), ("worksheet", worksheet)])
}

/// The usual network's worksheet, worked out once: it is what most people open first.
fn usual() -> &'static str {
    static USUAL: LazyLock<String> = LazyLock::new(|| {
        let worksheet = Worksheet::work_out(NetworkSpec::default()).expect("the usual network is sound");
        worksheet_body(&worksheet)
    });
    &USUAL
}

/// `GET /by-hand/{file}`: a document of the network asked for.
pub(crate) async fn document(
    State(house): State<House>,
    Path(file): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let (content_type, make): (&str, Make) = match file.as_str() {
        "worksheet.xlsx" => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", |w| {
            worksheet_workbook(w).map_err(|e| e.to_string())
        }),
        "worksheet.html" => ("text/html; charset=utf-8", |w| Ok(worksheet_page(w).into_bytes())),
        "table.csv" => ("text/csv; charset=utf-8", |w| Ok(w.table.csv().into_bytes())),
        "derivation.tex" => ("application/x-tex; charset=utf-8", |w| Ok(document::latex(w).into_bytes())),
        "derivation.md" => ("text/markdown; charset=utf-8", |w| Ok(document::markdown(w).into_bytes())),
        "curves.svg" => ("image/svg+xml", |w| Ok(curves::all_rates(w).draw().svg().into_bytes())),
        "curves.png" => ("image/png", |w| Ok(curves::all_rates(w).draw().png(PNG_SCALE))),
        _ => return Err(Failure::not_found(format!("there is no document {file} of a worksheet"))),
    };
    let spec = network::of(&asked).map_err(Failure::refused)?;
    let made = house.heavy.run(move || Worksheet::work_out(spec).map_err(|e| e.to_string()).and_then(|w| make(&w)));
    let bytes = made.await?.map_err(Failure::refused)?;
    let headers =
        [(CONTENT_TYPE, content_type.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\""))];
    Ok((headers, bytes).into_response())
}
