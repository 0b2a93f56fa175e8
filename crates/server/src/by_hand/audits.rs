//! Audits of workbooks that were sent, kept for a while so that their pages and corrected copies can be had.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use longhand_workbook::audit::{self, AuditOptions, AuditReport};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::house::House;
use crate::locked::Locked as _;
use crate::security::{PAGE_OF_ITS_OWN, closed};

/// The largest workbook that is taken.
pub(crate) const MOST_BYTES: usize = 16 << 20;
/// Bytes of pages and corrected copies that are kept; the oldest audit goes first, the newest never.
const MOST_KEPT: usize = 128 << 20;
/// Characters of a file's name that are kept.
const MOST_NAME: usize = 100;

/// The latest audits.
#[derive(Default)]
pub(crate) struct Audits {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    count: u64,
    audits: VecDeque<(String, Arc<Audit>)>,
}

struct Audit {
    page: String,
    corrected: Option<(String, Vec<u8>)>,
}

impl Audit {
    fn bytes(&self) -> usize {
        self.page.len() + self.corrected.as_ref().map_or(0, |(_, bytes)| bytes.len())
    }
}

impl Audits {
    fn keep(&self, audit: Audit) -> String {
        let mut kept = self.kept.locked();
        kept.count += 1;
        // Counted from the time, so that an address of an earlier process leads to no other workbook.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let id = format!("{since:x}-{}", kept.count);
        kept.audits.push_back((id.clone(), Arc::new(audit)));
        let mut bytes: usize = kept.audits.iter().map(|(_, audit)| audit.bytes()).sum();
        while bytes > MOST_KEPT && kept.audits.len() > 1 {
            bytes -= kept.audits.pop_front().map_or(0, |(_, audit)| audit.bytes());
        }
        id
    }

    fn find(&self, id: &str) -> Result<Arc<Audit>, Failure> {
        let kept = self.kept.locked();
        let found = kept.audits.iter().find(|(known, _)| known == id).map(|(_, audit)| audit.clone());
        found.ok_or_else(|| Failure::not_found("that audit is not kept any more; send the workbook again"))
    }
}

/// What the workbook is called.
#[derive(Deserialize)]
pub(crate) struct Named {
    #[serde(default)]
    name: String,
}

/// `POST /api/audits`: audits the workbook that is the body.
pub(crate) async fn audit(
    State(house): State<House>,
    Query(named): Query<Named>,
    bytes: Bytes,
) -> Result<Json<Value>, Failure> {
    let name: String = named.name.chars().filter(|c| !c.is_control()).take(MOST_NAME).collect();
    let name = if name.trim().is_empty() { "workbook.xlsx".to_owned() } else { name };
    let options = AuditOptions { name: Some(name.clone()) };
    let done = house.sheets.run(move || {
        let report = audit::audit_bytes(&bytes, &options).map_err(|e| e.to_string())?;
        let corrected = if report.corrections.is_empty() { None } else { audit::fix(&bytes, &report).ok() };
        Ok::<_, String>((audit::html(&report), audit::text(&report), corrected, report))
    });
    let (page, text, corrected, report) = done.await?.map_err(Failure::refused)?;
    let corrected = corrected.map(|bytes| (corrected_name(&name), bytes));
    let has_corrected = corrected.is_some();
    let id = house.audits.keep(Audit { page, corrected });
    Ok(Json(json!({
        "id": id,
        "file": name,
        "verdict": verdict(&report),
        "text": text,
        "slips": report.tables.iter().flat_map(slips).collect::<Vec<_>>(),
        "refused": report.refused,
        "notes": report.notes,
        "page": format!("/by-hand/audits/{id}"),
        "corrected": has_corrected.then(|| format!("/by-hand/audits/{id}/corrected.xlsx")),
    })))
}

/// `clean`, `slips`, or `unclear` where no slip was found and a table could not be audited.
fn verdict(report: &AuditReport) -> &'static str {
    match (report.slips().next(), report.is_clean()) {
        (Some(_), _) => "slips",
        (None, true) => "clean",
        (None, false) => "unclear",
    }
}

fn slips(table: &audit::TableReport) -> impl Iterator<Item = Value> {
    table.slips.iter().map(|slip| {
        json!({
            "sheet": table.sheet,
            "cell": slip.cell,
            "rows": slip.rows,
            "every_row": slip.every_row,
            "weight": slip.weight,
            "what": slip.explanation,
            "found": slip.found,
            "value": slip.value,
            "expected": slip.expected,
            "is_of_gradient": slip.is_of_gradient,
            "right": slip.corrected,
            "derivation": slip.derivation,
            "also": slip.also,
            "told_on": slip.told_on,
        })
    })
}

/// `GET /by-hand/audits/{id}`: the sheet's cells, the slips marked.
pub(crate) async fn page(State(house): State<House>, Path(id): Path<String>) -> Result<Response, Failure> {
    let audit = house.audits.find(&id)?;
    let content = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((closed(PAGE_OF_ITS_OWN), content, audit.page.clone()).into_response())
}

/// `GET /by-hand/audits/{id}/corrected.xlsx`.
pub(crate) async fn corrected(State(house): State<House>, Path(id): Path<String>) -> Result<Response, Failure> {
    let audit = house.audits.find(&id)?;
    let (name, bytes) =
        audit.corrected.as_ref().ok_or_else(|| Failure::not_found("there is nothing to correct in that workbook"))?;
    let headers = [
        (CONTENT_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes.clone()).into_response())
}

/// `homework-corrected.xlsx`, of letters that any system takes in a name.
fn corrected_name(name: &str) -> String {
    let stem = name.strip_suffix(".xlsx").unwrap_or(name);
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    format!("{}-corrected.xlsx", plain.trim_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_audit_goes_first() {
        let audits = Audits::default();
        let keep = |corrected: usize| {
            audits.keep(Audit { page: "page".to_owned(), corrected: Some((String::new(), vec![0; corrected])) })
        };
        // A whole class's workbooks, of the size that they have.
        let class: Vec<String> = (0..40).map(|_| keep(100 << 10)).collect();
        assert!(class.iter().all(|id| audits.find(id).is_ok()));
        let large = keep(MOST_KEPT - (200 << 10));
        assert!(audits.find(&class[38]).is_err() && audits.find(&class[39]).is_ok() && audits.find(&large).is_ok());
        let larger = keep(MOST_KEPT + 1);
        assert!(audits.find(&large).is_err() && audits.find(&larger).is_ok());
    }

    #[test]
    fn a_name_cannot_end_its_header() {
        assert_eq!(corrected_name("home work.xlsx"), "home-work-corrected.xlsx");
        assert_eq!(corrected_name("a\"; x=\r\n..xlsx"), "a---x-corrected.xlsx");
    }
}
