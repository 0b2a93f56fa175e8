//! The page of a suite as a file.

mod made_run;

use std::path::Path;

use longhand_report::suite_page;

#[test]
fn a_suite_tells_means_deviations_and_whether_differences_are_noise() {
    let (result, board) = made_run::suite();
    let page = suite_page(&result, &board, Path::new("sizes"));
    if let Some(folder) = std::env::var_os("LONGHAND_SCREENSHOTS") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join("suite.html"), &page).unwrap();
    }
    for row in &board.rows {
        let name = format!("<th scope=\"row\"><strong>{}</strong>", row.entry);
        let line = page.split_once(&name).unwrap_or_else(|| panic!("no row of {}", row.entry)).1;
        let line = line.split_once("</tr>").unwrap().0;
        assert!(line.contains(&row.reason.replace('<', "&lt;").replace('>', "&gt;")), "{line}");
        match row.accuracy {
            Some(a) => assert!(line.contains(&format!("{:.3}\u{a0}%", 100.0 * a.mean)), "{line}"),
            None => assert!(line.contains("2 diverged"), "{line}"),
        }
        if let Some(deviation) = row.accuracy.and_then(|a| a.deviation) {
            assert!(line.contains(&format!("± {:.3}", 100.0 * deviation)), "{line}");
        }
        let test = row.difference.as_ref().and_then(|d| d.test);
        assert_eq!(line.contains("more than noise"), test.is_some_and(|t| t.p < 0.05), "{line}");
        assert_eq!(line.contains("may be noise"), test.is_some_and(|t| t.p >= 0.05), "{line}");
    }
    assert!(page.contains("Welch\u{2019}s t-test") || page.contains("Welch&#39;s t-test"));
    // A line a run with an epoch, an error bar for entries of more than one seed, a link for every run.
    let plots: Vec<&str> = page.split("<svg class=\"plot wide\"").skip(1).collect();
    let runs = result.runs().filter(|r| !r.epochs.is_empty()).count();
    assert_eq!(plots[1].split_once("</svg>").unwrap().0.matches("stroke-width=\"1.3\"").count(), runs);
    let bars = board.rows.iter().filter(|r| r.accuracy.is_some_and(|a| a.deviation.is_some())).count();
    assert_eq!(plots[0].split_once("</svg>").unwrap().0.matches("stroke-width=\"1.6\"").count(), 3 * bars);
    assert_eq!(page.matches("/report.html\"").count(), result.runs().count());
    assert!(page.contains("href=\"plain_sgd-s0/report.html\""));
    assert!(!page.contains("<script") && !page.contains("NaN") && !page.contains(" style="));
    assert!(page.contains("judged on 90 held-out training images: figures to choose by."));
}
