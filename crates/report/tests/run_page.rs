//! The report of a run as a file: what it says, and that it is closed to everything outside it.

mod made_run;

use longhand_training::InitialWeightsRecord;
use made_run::{TINY, run};

/// The page without its style, pictures and outlines: what a reader is told, in its structure.
fn told(page: &str) -> String {
    let mut text = without(page, "<style>", "</style>");
    text = without(&text, "style-src '", "'");
    text = without(&text, "base64,", "\"");
    text = without(&text, "<pre>", "</pre>");
    while let Some((before, rest)) = text.split_once("<svg") {
        let (tag, behind) = rest.split_once('>').unwrap();
        let inside = behind.split_once("</svg>").unwrap().1;
        let label = tag.split_once("aria-label=\"").map_or("", |(_, label)| label.split_once('"').unwrap().0);
        text = format!("{before}[picture: {label}]{inside}");
    }
    text
}

/// Empties everything between two marks.
fn without(text: &str, start: &str, end: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(start) {
        kept.push_str(before);
        kept.push_str(start);
        let at = behind.find(end).unwrap();
        rest = &behind[at..];
        kept.push_str(&rest[..end.len()]);
        rest = &rest[end.len()..];
    }
    kept + rest
}

#[test]
fn a_tiny_run_tells_this() {
    let run = run(TINY, &["schedule.learning_rate=0.2"], false);
    insta::assert_snapshot!("a_tiny_run", told(&run.page()));
    assert_eq!(run.page(), run.page(), "the same run gives the same bytes");
}

#[test]
fn weights_that_were_not_random_are_told_with_their_file_and_digest() {
    let mut run = run(TINY, &[], false);
    assert!(!run.page().contains("Begun from the weights"));
    let (file, weights_sha256) = ("a<b>.safetensors".to_owned(), "fedcba9876543210".repeat(4));
    run.record.initial_weights = Some(InitialWeightsRecord { file, weights_sha256: weights_sha256.clone() });
    let page = run.page();
    assert!(
        page.contains("Begun from the weights in <code>a&lt;b&gt;.safetensors</code>")
            && page.contains(&weights_sha256)
    );
}

#[test]
fn the_figures_are_those_of_the_record_and_add_up() {
    let run = run(TINY, &[], false);
    let page = run.page();
    let result = run.record.result.as_ref().unwrap();
    let errors = result.accuracy.last_errors();
    assert!(errors > 0 && run.examination.mistakes.len() == errors, "{errors} errors");
    assert_eq!(page.matches("alt=\"image ").count(), errors, "a picture for each");
    assert!(page.contains(&format!("{:.2}\u{a0}%", 100.0 * result.accuracy.last())));
    assert!(page.contains(&result.weights_sha256));
    let recipe = page.split_once("<pre>").unwrap().1.split_once("</pre>").unwrap().0;
    let recipe = recipe.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    assert_eq!(recipe.replace("&amp;", "&"), run.record.resolved_recipe.to_toml(), "enough to run it again");
    // The diagonal and what is off it are all the images.
    let confusion = page.split_once("class=\"confusion\"").unwrap().1.split_once("</table>").unwrap().0;
    let counts = confusion.split("<td class=\"").skip(1).filter_map(|cell| {
        let text = cell.split_once('>').unwrap().1.split_once('<').unwrap().0;
        text.parse::<usize>().ok()
    });
    assert_eq!(counts.sum::<usize>(), 90);
    let sure: Vec<f32> = run.examination.mistakes.iter().map(|m| m.verdict.log_probability).collect();
    assert!(sure.windows(2).all(|pair| pair[0] >= pair[1]), "the surest first: {sure:?}");
}

#[test]
fn a_validation_run_says_so_and_counts_the_images_it_trained_on() {
    let run = run(TINY, &["epochs=1"], true);
    let page = run.page();
    assert!(page.contains("90 images held out of the training set") && page.contains("The test set was not looked at"));
    assert!(page.contains("An epoch is 8 steps of 60 images and a last one of 30: 510 images."), "{page}");
    assert!(page.contains("510 images in each of 1 epoch, 510 in all"));
    assert!(run.examination.mistakes.iter().all(|m| (510..600).contains(&m.index)), "numbered as training images");
    assert!(!page.contains("does not add up"));

    // A record of more images than the split has is not passed over.
    let mut leaked = run;
    leaked.epochs[0].train_images += 90;
    assert!(leaked.page().contains("This does not add up: in epoch 1, 600 images in 9 steps were counted"));
}

#[test]
fn no_text_of_a_recipe_becomes_part_of_the_page() {
    let page = run(TINY, &["epochs=1"], false).page();
    assert!(!page.contains("<b id") && !page.contains("</script>"), "markup of the recipe's `about` came through");
    assert!(page.contains("A network that fits on a page; &lt;/script&gt;&lt;b id=&#39;x&#39;&gt;&amp;amp;"));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = run(TINY, &["epochs=1"], false).page();
    let bare = without(&page, "base64,", "\"");
    for word in ["://", "<script", "<link", "<iframe", "@import", " style=", " on", "javascript:"] {
        let found: Vec<_> = bare.match_indices(word).map(|(at, _)| &bare[at..bare.len().min(at + 30)]).collect();
        let found: Vec<_> = found.into_iter().filter(|text| word != " on" || text[3..].starts_with("click")).collect();
        assert!(found.is_empty(), "{word}: {found:?}");
    }
    let policy = page.split_once("Content-Security-Policy\" content=\"").unwrap().1.split_once('"').unwrap().0;
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn a_run_that_diverged_and_a_network_without_convolution_have_reports_too() {
    let diverged = run(TINY, &["schedule.learning_rate=1000", "optimiser.momentum=1", "epochs=3"], false);
    let page = diverged.page();
    assert!(page.contains("This run diverged. The loss became"), "{page}");
    let said = told(&page).replace(diverged.record.ended.as_deref().unwrap().trim_start_matches('t'), "");
    assert!(!said.contains("NaN") && !said.contains(">inf"), "no number that is none");

    let linear = r#"
name = "linear"
epochs = 1
batch_size = 60
schedule = { type = "constant", learning_rate = 0.05 }
[network]
input = [1, 28, 28]
layers = [{ type = "linear", features = 10 }, { type = "log_softmax" }]
"#;
    let page = run(linear, &[], false).page();
    assert!(page.contains("linear, 10 features: 10 pictures of 28×28 weights."));
    assert!(page.contains("None: images are trained on as they are"));
}
