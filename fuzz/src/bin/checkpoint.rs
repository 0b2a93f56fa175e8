//! A checkpoint: what is taken is written to a file that reads the same, to the bit. The checksum over all of it lets only
//! whole ones by, so that a second door puts the right one in; then every claim is held against runs it might be of.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use longhand_data::{Dataset, strokes};
use longhand_nn::Network;
use longhand_training::{Checkpoint, CheckpointFault, Recipe, Split};

/// The network of `fuzz/seeds`.
const TINY: &str = r#"
name = "tiny"
epochs = 9999
batch_size = 64
schedule = { type = "constant", learning_rate = 0.01 }
[network]
input = [1, 28, 28]
layers = [
    { type = "conv", channels = 2, kernel = 3 }, { type = "relu" }, { type = "batch_norm" }, { type = "max_pool" },
    { type = "dropout", rate = 0.1 }, { type = "global_average_pool" }, { type = "linear", features = 10 },
    { type = "log_softmax" },
]
"#;

static DATA: LazyLock<Dataset> = LazyLock::new(|| strokes::generate(3, 600, 10));

/// Recipes with each kind of state, and what a checkpoint of a run by each calls it.
static RUNS: LazyLock<Vec<(Recipe, String)>> = LazyLock::new(|| {
    let sets: [&[&str]; 3] = [&[], &["averaging.decay=0.9"], &["optimiser={type=\"adamw\"}"]];
    let run = |set: &&[&str]| {
        let set: Vec<_> = set.iter().map(|set| set.parse().expect("an override")).collect();
        let recipe = Recipe::from_toml("tiny", TINY, &set).expect("a sound recipe");
        let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed).expect("a sound network");
        let run = Checkpoint::beginning(&recipe, &Split::testing(&DATA), &network).run;
        (recipe, run)
    };
    sets.iter().map(run).collect()
});

fuzz_target!(|data: &[u8]| {
    read(data);
    if let Some(mended) = Checkpoint::with_right_checksum(data) {
        assert_ne!(read(&mended), Some(CheckpointFault::Damaged));
    }
});

fn read(data: &[u8]) -> Option<CheckpointFault> {
    match Checkpoint::from_bytes(data) {
        Ok(mut checkpoint) => {
            let written = checkpoint.to_bytes();
            let again = Checkpoint::from_bytes(&written).expect("what was written is a checkpoint");
            assert_eq!(again.to_bytes(), written);
            for (recipe, run) in &*RUNS {
                checkpoint.run.clone_from(run);
                if let Err(fault) = checkpoint.check(recipe, &Split::testing(&DATA)) {
                    assert!(!fault.to_string().is_empty());
                }
            }
            None
        }
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            Some(fault)
        }
    }
}
