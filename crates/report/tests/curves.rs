//! The pictures of the loss curves.

use longhand_derivation::worksheet::Worksheet;
use longhand_report::curves;

fn worksheet(description: &str) -> Worksheet {
    Worksheet::work_out(toml::from_str(description).unwrap()).unwrap()
}

#[test]
fn a_small_picture_as_svg() {
    let worksheet = worksheet("rows = 7\nlearning_rates = [0.5, 2]");
    insta::assert_snapshot!("curves_of_two_rates", curves::all_rates(&worksheet).draw().svg());
}

#[test]
fn every_rate_has_its_line_and_its_last_value() {
    let worksheet = worksheet("");
    let chart = curves::all_rates(&worksheet);
    let labels: Vec<&str> = chart.series.iter().map(|series| series.label.as_str()).collect();
    assert_eq!(labels, ["η = 0.1", "η = 0.2", "η = 0.5", "η = 0.8", "η = 1", "η = 2"]);
    let remarks: Vec<&str> = chart.series.iter().map(|series| series.remark.as_str()).collect();
    assert_eq!(remarks, ["0.08717", "0.04299", "0.01423", "0.007883", "0.005945", "0.002459"]);
    assert_eq!(chart.series[2].points.len(), 181);
    let svg = chart.draw().svg();
    assert_eq!(svg.matches("stroke-width=\"2.4\"").count(), 6);
    assert!(svg.contains("<title>E_total by row, for each learning rate η</title>"));
    assert!(!svg.contains("<text"), "text is drawn as outlines");
}

#[test]
fn the_same_picture_is_the_same_bytes() {
    let worksheet = worksheet("");
    for chart in [curves::all_rates(&worksheet), curves::divergence(&worksheet)] {
        assert_eq!(chart.draw().svg(), chart.draw().svg());
        assert_eq!(chart.draw().png(1.0), chart.draw().png(1.0));
    }
}

#[test]
fn the_png_shows_the_line_and_the_words() {
    let worksheet = worksheet("");
    let picture = curves::of_rate(&worksheet, &worksheet.table.rates[0]).draw();
    let pixels = tiny_skia::Pixmap::decode_png(&picture.png(2.0)).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (1920, 1120));
    let count = |fits: fn(u8, u8, u8) -> bool| {
        pixels.pixels().iter().filter(|pixel| fits(pixel.red(), pixel.green(), pixel.blue())).count()
    };
    let blue = count(|red, green, blue| red < 40 && (100..130).contains(&green) && blue > 160);
    let dark = count(|red, green, blue| red.max(green).max(blue) < 60);
    assert!((4000..40_000).contains(&blue), "{blue} pixels of the line");
    assert!((1500..40_000).contains(&dark), "{dark} pixels of dark text");
}

#[test]
fn the_probe_tells_the_lesson_and_looks_where_it_happens() {
    let worksheet = worksheet("");
    let chart = curves::divergence(&worksheet);
    assert!(
        chart
            .caption
            .starts_with("A larger learning rate falls more steeply at first; past a point it overshoots.\nη = ")
    );
    assert!(chart.subtitle.ends_with("the first 40 rows"));
    assert!(chart.series.len() >= 3);
    assert!(chart.series.iter().any(|series| series.remark == "overshoots"));
}

#[test]
fn a_rate_that_overflows_leaves_the_others_readable() {
    let worksheet = worksheet("layers = [2, 2, 1]\nhidden_activation = \"identity\"\nlearning_rates = [0.5, 900]");
    let chart = curves::all_rates(&worksheet);
    let first = chart.series[0].points[0].1;
    let (_, high) = chart.y.range.expect("a range that keeps the other curve readable");
    assert!(high < 10.0 * first, "{high} against {first}");
    assert!(chart.series[1].ends_badly && chart.series[1].remark.starts_with("overflows in row "));
    assert!(!chart.draw().svg().contains("NaN") && !chart.draw().svg().contains("inf"));
}
