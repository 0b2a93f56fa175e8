//! `longhand bench`, the real binary: what it reports, never how fast.

mod program;

use program::{longhand, tiny_recipe};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

/// Every field of the JSON is there, and its figures belong together.
#[test]
fn the_report_is_whole_and_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let run = longhand(&["bench", &recipe, "--steps", "4", "--threads", "2", "--json"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for wanted in ["MFLOP", "all convolutions", "everything else", "floor", "work items", "inference", "one image"] {
        assert!(run.stderr.contains(wanted), "{wanted:?} in {}", run.stderr);
    }
    let too_wide: Vec<_> = run.stderr.lines().skip(1).filter(|l| l.chars().count() > 100).collect();
    assert!(too_wide.is_empty(), "{too_wide:?}");

    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&report["threads"], &report["batch_size"], &report["recipe"]),
        (&2.into(), &500.into(), &"tiny".into())
    );
    assert!(report["machine"]["cpu"].is_string() && report["version"].is_string() && report["isa"].is_string());
    for figures in
        [&report["peak_gflops"], &report["memory_read"]["gb_per_second"], &report["cache_copy"]["gb_per_second"]]
    {
        assert!(number(&figures["one_thread"]) > 0.0 && number(&figures["all_threads"]) > 0.0);
    }
    let convolutions = report["convolutions"].as_array().unwrap();
    let ways: Vec<_> = convolutions.iter().map(|c| (c["direction"].as_str(), c["way"].as_str())).collect();
    assert_eq!(ways.len(), 6);
    assert_eq!(ways[3..], ["forward", "grad_input", "grad_weight"].map(|d| (Some(d), Some("direct"))), "a 1×1 kernel");

    let step = &report["step"];
    assert_eq!((&step["steps"], &step["steps_per_epoch"]), (&4.into(), &120.into()));
    let (seconds, quartiles, spread) = (number(&step["seconds"]), &step["quartiles"], &step["spread"]);
    let sorted = [&spread[0], &quartiles[0], &step["seconds"], &quartiles[1], &spread[1]].map(number);
    assert!(sorted.is_sorted() && sorted[0] > 0.0, "{sorted:?}");
    assert_eq!(number(&report["seconds_per_epoch"]), seconds * 120.0);

    // 3×3, 1→2 channels, to 5×5: 2·18·25 operations forward and for the weights; 1×1, 2→6, on 2×2: 2·12·4, thrice.
    assert_eq!(report["direct_convolution_operations_per_image"], 2 * (2 * 18 * 25) + 3 * (2 * 12 * 4));
    let floor = number(&report["direct_convolution_floor_seconds"]);
    let expected = 2088.0 * 60_000.0 / (number(&report["peak_gflops"]["all_threads"]) * 1e9);
    assert!((floor / expected - 1.0).abs() < 1e-9);
    assert!((number(&report["times_floor"]) * floor / number(&report["seconds_per_epoch"]) - 1.0).abs() < 1e-9);

    let parts = report["parts"].as_array().unwrap();
    let sum = |class: &str, field: &str| -> f64 {
        parts.iter().filter(|p| p["class"] == class).map(|p| number(&p[field])).sum()
    };
    for total in report["totals"].as_array().unwrap() {
        let class = total["class"].as_str().unwrap();
        for field in ["operations", "executed_operations", "bytes", "seconds", "share_of_step"] {
            let (found, expected) = (number(&total[field]), sum(class, field));
            assert!((found - expected).abs() <= expected * 1e-9, "{class} {field}: {found}, {expected}");
        }
    }
    assert_eq!(sum("convolutions", "operations"), 2088.0 * 500.0);
    for (layer, direction) in [
        ("loading and augmentation", ""),
        ("3 conv + ReLU", "forward"),
        ("3 conv + ReLU", "weight grad"),
        ("4 batch norm + max pool", "statistics"),
        ("5 conv", "input grad"),
        ("optimiser", ""),
        ("waiting", ""),
    ] {
        let found = parts.iter().filter(|p| p["layer"] == layer && p["direction"] == direction).count();
        assert_eq!(found, 1, "{layer} {direction} in {parts:#?}");
    }

    // One batch norm: there, back to it, and back to the first convolution; 500 images are 32 lane groups. Before, the one form
    // of weights that is not read as it is, and after, the sum of few gradients.
    let work = &report["work"];
    let items: Vec<_> = work["stretches"].as_array().unwrap().iter().map(|s| s["items"].as_u64().unwrap()).collect();
    assert_eq!(items, [1, 32, 32, 32, 1]);
    let threads: Vec<_> = work["speed_up"].as_array().unwrap().iter().map(|s| s["threads"].as_u64().unwrap()).collect();
    assert_eq!(threads, [1, 2, 4, 8, 16]);
    assert!(number(&work["longest_chain_seconds"]) <= number(&work["total_seconds"]));

    let inference = &report["inference"];
    assert_eq!((&inference["batch"], &inference["runs"]), (&1000.into(), &4.into()));
    let rates = [&inference["spread"][0], &inference["images_per_second"], &inference["spread"][1]].map(number);
    assert!(rates.is_sorted() && rates[0] > 0.0, "slowest first: {rates:?}");
    let one = &inference["one_image"];
    let seconds = [&one["spread"][0], &one["seconds"], &one["spread"][1]].map(number);
    assert!(seconds.is_sorted() && seconds[0] > 0.0 && one["runs"] == 80, "fastest first: {one}");
}

#[test]
fn cost_against_size_is_reported_for_each_size() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = tiny_recipe(folder.path());
    let run = longhand(&["bench", &recipe, "--scaling", "--steps", "2", "--json"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let sizes = report["sizes"].as_array().unwrap();
    assert_eq!(sizes.iter().map(|s| number(&s["scale"])).collect::<Vec<_>>(), [0.5, 1.0, 2.0, 4.0]);
    // As `longhand train` counts this recipe's parameters.
    assert_eq!((&sizes[1]["parameters"], &sizes[1]["operations_per_image"]), (&106.into(), &2088.into()));
    for field in ["seconds_per_epoch", "images_per_second", "gflop_per_second", "bytes"] {
        assert!(sizes.iter().all(|s| number(&s[field]) > 0.0), "{field}");
    }
    // Not from each to the next: which gradients find room in an activation's memory changes with the channels.
    assert!(number(&sizes[0]["bytes"]) < number(&sizes[3]["bytes"]), "{sizes:?}");
    let images: Vec<_> = report["images"].as_array().unwrap().iter().map(|p| number(&p["images"])).collect();
    assert_eq!(images, [1000.0, 2000.0, 4000.0]);
}

#[test]
fn a_network_for_other_images_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = longhand(&["bench", "seed", "--steps", "1", "--set", "network.input=[1,32,32]"], folder.path());
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stderr.contains("change network.input"), "{}", run.stderr);
}
