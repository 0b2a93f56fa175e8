//! The accepted texts of the exercise.

use longhand_derivation::document::{latex, markdown};
use longhand_derivation::spec::{Loss, NetworkDraft};
use longhand_derivation::worksheet::Worksheet;

fn exercise() -> Worksheet {
    Worksheet::work_out(Default::default()).unwrap()
}

#[test]
fn the_derivation_of_the_exercise_as_text() {
    insta::assert_snapshot!(markdown(&exercise()));
}

#[test]
fn the_derivation_of_the_exercise_as_latex() {
    insta::assert_snapshot!(latex(&exercise()));
}

#[test]
fn the_table_of_rules() {
    use longhand_derivation::render::{definition, expression, unicode::Unicode};
    let lines = longhand_derivation::rules::table().into_iter().map(|rule| {
        let derivatives: Vec<String> = rule
            .derivatives
            .iter()
            .map(|&(by, derivative)| {
                format!("∂f/∂{} = {}", rule.graph.name(by), expression(&rule.graph, derivative, &Unicode))
            })
            .collect();
        let f = definition(&rule.graph, rule.function, &Unicode);
        format!("{}: f = {f}; {}", rule.name, derivatives.join("; "))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_step_is_there_in_the_order_of_the_exercise() {
    let worksheet = exercise();
    let derivation = worksheet.derivation.as_ref().unwrap();
    let found: Vec<&str> = derivation
        .sections
        .iter()
        .flat_map(|section| &section.steps)
        .map(|step| worksheet.network.graph.name(step.quantity))
        .collect();
    let expected = [
        "h1", "out_h1", "h2", "out_h2", "o1", "out_o1", "o2", "out_o2", "E1", "E2", "E_total", "dE_dw5", "dE_dw6",
        "dE_dw7", "dE_dw8", "dE_dw1", "dE_dw2", "dE_dw3", "dE_dw4", "w1_new", "w2_new", "w3_new", "w4_new", "w5_new",
        "w6_new", "w7_new", "w8_new",
    ];
    assert_eq!(found, expected);
}

#[test]
fn documents_of_other_networks_are_complete() {
    let networks = [
        "layers = [3, 4, 2]\nhidden_activation = \"tanh\"",
        "layers = [2, 3, 3, 1]\nhidden_activation = \"relu\"\nbiases = { per_neuron = [] }",
        "loss = \"softmax_cross_entropy\"\nrows = 1",
        "layers = [2, 1]\nsamples = [{ inputs = [0, 1], targets = [1] }, { inputs = [1, 0], targets = [0] }]",
    ];
    for text in networks {
        let worksheet = Worksheet::work_out(toml::from_str(text).unwrap()).unwrap();
        let (plain, latex) = (markdown(&worksheet), latex(&worksheet));
        for parameter in &worksheet.network.parameters {
            let symbol = worksheet.network.graph.symbol(parameter.node).unwrap();
            assert!(plain.contains(&format!("### ∂E_total/∂{symbol}\n")), "{symbol} in {text}");
            assert!(latex.contains(&format!(
                "\\subsection*{{$\\partial E_{{\\mathrm{{total}}}} / \\partial {}$}}",
                symbol.latex()
            )));
        }
        for unwanted in ["NaN", "undefined", "∞"] {
            assert!(!plain.contains(unwanted), "{unwanted} in {text}");
        }
        assert_eq!(latex.matches("\\begin{align*}").count(), latex.matches("\\end{align*}").count());
        assert_eq!(latex.matches('{').count(), latex.matches('}').count());
        assert!(latex.is_ascii(), "a character that pdflatex may not know");
    }
}

#[test]
fn the_derivation_of_the_exercise_as_html_says_what_the_text_says() {
    use longhand_derivation::document::html;
    let (text, page) = (markdown(&exercise()), html(&exercise()));
    assert!(page.starts_with("<div class=\"longhand\">") && page.ends_with("</div>\n"));
    // Every value that stands at the end of a line of the text stands in a cell of the page.
    let values: Vec<&str> =
        text.lines().filter_map(|line| line.split("≈ ").nth(1)).filter(|rest| rest.parse::<f64>().is_ok()).collect();
    assert!(values.len() > 30, "{} values", values.len());
    for value in values {
        assert!(page.contains(&format!(">{value}</mn>")), "{value}");
    }
    let gradients = text.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!((gradients, page.matches("<h4>").count()), (8, 8));
    for tag in ["div", "details", "table", "math", "mrow", "mfrac", "tr", "td", "p"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn the_formulas_of_the_exercise_for_mathjax() {
    use longhand_derivation::document::latex_formulas;
    let formulas = latex_formulas(&exercise());
    let rows: Vec<&str> = formulas.lines().collect();
    assert_eq!((rows[0], rows[1], rows[rows.len() - 1]), ("$$", r"\begin{aligned}", "$$"));
    assert_eq!(rows[2], r"h_{1} &= w_{1} \cdot i_{1} + w_{2} \cdot i_{2} = 0.0275 \\");
    // Eleven forward quantities, eight gradients, eight updates.
    assert_eq!(rows.len() - 4, 11 + 8 + 8);
}

/// What is left of softmax and cross-entropy is shown once, before it is used.
#[test]
fn the_output_layer_behind_softmax() {
    let draft = NetworkDraft { loss: Some(Loss::SoftmaxCrossEntropy), ..NetworkDraft::default() };
    let text = markdown(&Worksheet::work_out(draft.resolve().unwrap()).unwrap());
    let (_, gradients) = text.split_once("## The output layer").unwrap();
    insta::assert_snapshot!(gradients.split("### ").take(2).collect::<Vec<_>>().join("### "));
}
