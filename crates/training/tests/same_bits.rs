//! The promise: data, recipe and seed, and the weights begun from where they are not random, decide every bit, on any
//! number of threads and any instruction set.

use std::path::Path;

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_nn::Network;
use longhand_training::{
    EpochDone, InitialWeights, Observer, Override, Recipe, Split, Trained, built_in, train, train_from,
};

struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &EpochDone<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// The seed's network with everything random switched on, and batches that leave lanes idle.
fn recipe(seed: u64) -> Recipe {
    let text = built_in("seed").unwrap();
    let set = [
        "epochs=1",
        "batch_size=100",
        "augmentation={rotation=10.0, scale=0.1, shear=0.1, shift=2.0}",
        "averaging.decay=0.9",
        "precise_batch_norm=true",
    ];
    let mut overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    overrides.push(Override::new("seed", seed as i64));
    Recipe::from_toml("seed", text, &overrides).unwrap()
}

fn outcome(recipe: &Recipe, data: &Dataset, isa: Isa, threads: usize) -> (String, Vec<f64>) {
    told(&train(recipe, &Split::testing(data), isa, threads, &mut Silent).unwrap())
}

fn outcome_from(network: &Network, recipe: &Recipe, data: &Dataset, isa: Isa, threads: usize) -> (String, Vec<f64>) {
    told(&train_from(network.clone(), recipe, &Split::testing(data), isa, threads, &mut Silent).unwrap())
}

fn told(trained: &Trained) -> (String, Vec<f64>) {
    let m = &trained.epochs[0];
    (
        weights_sha256(&trained.network),
        vec![m.train_loss, m.train_accuracy, m.scores.loss(), m.scores.accuracy(), m.learning_rate],
    )
}

#[test]
fn an_epoch_gives_the_same_bits_on_every_isa_and_thread_count() {
    let data = strokes::generate(3, 1030, 70);
    let recipe = recipe(5);
    let best = Isa::detect();
    let expected = outcome(&recipe, &data, best, 1);
    println!("{best}, 1 thread: {}", expected.0);
    for threads in [2, 3, 4] {
        assert_eq!(outcome(&recipe, &data, best, threads), expected, "{best}, {threads} threads");
    }
    for isa in Isa::available() {
        assert_eq!(outcome(&recipe, &data, isa, 2), expected, "{isa}, 2 threads");
        println!("{isa}, 2 threads: the same");
    }
    let other = Recipe { seed: 6, ..recipe };
    assert_ne!(outcome(&other, &data, best, 2).0, expected.0, "another seed must give other weights");
}

#[test]
fn weights_to_begin_from_decide_with_them_and_momentum_begins_at_zero() {
    let data = strokes::generate(3, 1030, 70);
    let recipe = recipe(5);
    let best = Isa::detect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/pytorch_model.safetensors");
    let InitialWeights { network, record, .. } = InitialWeights::read(&path, &recipe).unwrap();
    assert_eq!(record.weights_sha256, weights_sha256(&network));
    let expected = outcome_from(&network, &recipe, &data, best, 1);
    println!("{best}, 1 thread: {}", expected.0);
    for threads in [2, 3, 4] {
        assert_eq!(outcome_from(&network, &recipe, &data, best, threads), expected, "{best}, {threads} threads");
    }
    for isa in Isa::available() {
        assert_eq!(outcome_from(&network, &recipe, &data, isa, 2), expected, "{isa}, 2 threads");
    }
    let random = outcome(&recipe, &data, best, 2);
    assert_ne!(random.0, expected.0, "other weights to begin from must give other weights");
    // From the random weights that it would begin with anyway, a training is that training.
    let same = Network::new(&recipe.network, recipe.initialisation, recipe.seed).unwrap();
    assert_eq!(outcome_from(&same, &recipe, &data, best, 2), random);
}
