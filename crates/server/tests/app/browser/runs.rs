//! Runs filtered, compared and opened.

use serde_json::json;

use super::visit;

#[test]
fn runs_are_filtered_compared_and_lead_to_their_reports() {
    let Some(mut visit) = visit() else { return };
    visit.go("/runs");
    visit.browser.wait_for("!document.querySelector('#none').hidden");
    visit.picture("runs-none");
    let jobs: Vec<_> = [(0, 2), (1, 2), (0, 3)]
        .map(|(seed, epochs)| visit.app.train(json!({ "seed": seed, "epochs": epochs })))
        .to_vec();
    for job in &jobs {
        visit.app.until_status(&job["id"], "finished");
    }
    std::fs::create_dir_all(visit.app.folder().join("runs/half")).unwrap();
    std::fs::write(visit.app.folder().join("runs/half/run.json"), "{").unwrap();
    visit.go("/runs");
    visit.browser.wait_for("document.querySelectorAll('.runs-table tbody tr').length === 3");
    visit.browser.wait_for("document.querySelectorAll('.board tbody tr').length === 2");
    assert!(visit.text("#unreadable-list").contains("half"));
    visit.pictures("runs-three");

    visit.click(".runs-table tbody tr:nth-child(1) input");
    visit.click(".runs-table tbody tr:nth-child(2) input");
    visit.browser.wait_for("document.querySelectorAll('#curves svg.plot.wide').length === 2");
    visit.picture("runs-compared");
    visit.type_into("#filter-text", "nothing of that name");
    visit.browser.wait_for("document.querySelectorAll('.runs-table tbody tr').length === 0");
    visit.type_into("#filter-text", "seed");
    visit.browser.wait_for("document.querySelectorAll('.runs-table tbody tr').length === 3");

    let report = visit.on(".runs-table tbody a", "return it.getAttribute('href');").as_str().unwrap().to_owned();
    visit.nothing_went_wrong();
    visit.go(&report);
    visit.browser.wait_for("document.querySelector('#classes table.confusion') && document.querySelector('svg.plot')");
    assert_ne!(visit.browser.evaluate("getComputedStyle(document.querySelector('.plot')).display"), "inline");
    visit.nothing_went_wrong();
}
