//! Recipes and derivations through the library's own door.

use longhand::{Activation, ErrorKind, Loss, Network, Recipe, SmallNetwork, derive};

#[test]
fn every_built_in_recipe_can_be_had_by_its_name_and_written_and_read_back() {
    let names = Recipe::names();
    assert!(names.iter().any(|name| name == "default") && names.iter().any(|name| name == "twelve/01-naive"));
    for name in names {
        let recipe = Recipe::named(&name).unwrap();
        assert_eq!(Recipe::from_toml(&recipe.to_toml()).unwrap(), recipe, "{name}");
        assert!(recipe.parameters() > 0 && !recipe.about().is_empty(), "{name}");
    }
}

#[test]
fn a_recipe_that_is_not_there_or_cannot_be_is_refused_with_what_can() {
    let refused = |result: Result<Recipe, longhand::Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Recipe);
        error.to_string()
    };
    assert!(refused(Recipe::named("defautl")).contains("default"));
    assert!(refused(Recipe::from_toml("epochs = 3")).contains("missing field"));
    assert!(refused(Recipe::load("no/such.toml")).contains("no/such.toml"));
    let default = || Recipe::named("default").unwrap();
    assert!(refused(default().set("momentum", 0.5)).contains("unknown field"));
    assert!(refused(default().set("learning_rate", f64::NAN)).contains("NaN"));
    assert!(refused(default().set("epochs", "three")).contains("three"));
    let network = Network::new(28, 28).max_pool().max_pool().max_pool().max_pool().max_pool().linear(10);
    assert!(refused(default().with_network(&network)).contains("layer"));
}

#[test]
fn several_fields_may_be_right_only_together() {
    let recipe = Recipe::named("default").unwrap();
    let changed = recipe.set_all([("epochs", 2.into()), ("batch_size", 32.into()), ("seed", 7.into())]).unwrap();
    assert_eq!((changed.epochs(), changed.batch_size(), changed.seed()), (2, 32, 7));
}

#[test]
fn the_exercise_has_the_numbers_of_the_exercise() {
    let derivation = derive(SmallNetwork::default()).unwrap();
    assert_eq!(derivation.shape(), "2-2-2");
    let rows: Vec<Vec<f64>> = derivation.rows().collect();
    assert_eq!((rows.len(), rows[0].len()), (6 * 181, derivation.columns().len()));
    let close = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-15, "{found} is not {wanted}");
    close(derivation.value("E_total").unwrap(), 0.24251985734837728);
    close(derivation.value("dE_dw1").unwrap(), 0.0001882556669401121);
    let errors = derivation.column("E_total").unwrap();
    let last: Vec<f64> = (1..=6).map(|rate| errors[rate * 181 - 1]).collect();
    close(last[2], 0.014226828485761022);
    close(last[5], 0.0024585061229331364);
    assert_eq!((derivation.value("w9"), derivation.column("w9")), (None, None));
}

#[test]
fn a_derivation_in_every_notation_says_the_same() {
    let network = SmallNetwork::new([2, 2, 3])
        .hidden_activation(Activation::Relu)
        .loss(Loss::SoftmaxCrossEntropy)
        .biases_per_neuron([])
        .learning_rates([0.5])
        .rows(3);
    let derivation = derive(network).unwrap();
    assert!(derivation.to_markdown().contains("a 2-2-3 network"));
    assert!(derivation.to_latex().contains(r"\end{document}"));
    assert!(derivation.to_html().contains("a 2-2-3 network") && derivation.to_html().contains("<math"));
    let formulas = derivation.to_latex_formulas();
    let gradient = r"\frac{\partial E_{\mathrm{total}}}{\partial w_{1}} &=";
    assert!(formulas.starts_with("$$") && formulas.contains(gradient), "{formulas}");
    assert_eq!(derivation.to_csv().lines().count(), 4);
}

#[test]
fn a_network_that_cannot_be_is_refused_with_what_can() {
    let refused = |network: SmallNetwork| {
        let error = derive(network).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        error.to_string()
    };
    assert!(refused(SmallNetwork::new([2])).contains("at least two"));
    assert!(refused(SmallNetwork::new([2, 2, 2]).weights([0.1])).contains("1 weights given, 8 needed"));
    assert!(refused(SmallNetwork::default().sample([1.0], [1.0, 0.0])).contains("1 inputs, 2 needed"));
    assert!(SmallNetwork::from_toml("weigths = [1]").unwrap_err().to_string().contains("weigths"));
}
