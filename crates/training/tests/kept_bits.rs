//! The bits of a short run of every built-in recipe, kept in `golden/bits.json`: the same on every machine, instruction set,
//! number of threads, build profile and compiler, or a change says that it changes them.
//!
//! What is tried is the machine, the compiler and the profile that the test is run with, on every instruction set that the
//! machine has. Others are held to the same file by running it there; which have been is not for this test to say.
//!
//! `LONGHAND_REMAKE=1 cargo test --workspace --test kept_bits` writes the file anew. Where that changes the bits of a recipe
//! that was there, the number of the bits (`training/src/checkpoint.rs`) is raised first: checkpoints are told apart by it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_training::{BITS, EpochDone, Observer, Override, Recipe, Split, built_in, built_in_recipes, train};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What of a run is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Bits {
    /// Of all weights and running statistics, as `run.json` has it.
    weights_sha256: String,
    /// Of every figure of every epoch but the seconds, each as the eight bytes of its bits, lowest first.
    metrics_sha256: String,
}

/// `golden/bits.json`.
#[derive(Serialize, Deserialize)]
struct File {
    /// The number of these bits.
    bits: u32,
    recipes: BTreeMap<String, Bits>,
}

struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/bits.json")
}

/// An epoch of three steps, two of 20 images and one of 5: whole lane groups and partial ones, more threads than groups.
fn short_run(name: &str, data: &Dataset, isa: Isa, threads: usize) -> Bits {
    let set = ["epochs=1", "batch_size=20"];
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    let recipe = Recipe::from_toml(name, built_in(name).unwrap(), &overrides).unwrap();
    let trained = train(&recipe, &Split::testing(data), isa, threads, &mut Silent).unwrap();
    let mut hash = Sha256::new();
    for m in &trained.epochs {
        for count in [m.epoch, m.steps, m.train_images, m.scores.errors()] {
            hash.update((count as u64).to_le_bytes());
        }
        for figure in [m.learning_rate, m.train_loss, m.train_accuracy, m.scores.loss(), m.scores.accuracy()] {
            hash.update(figure.to_bits().to_le_bytes());
        }
    }
    let metrics_sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Bits { weights_sha256: weights_sha256(&trained.network), metrics_sha256 }
}

fn data() -> Dataset {
    strokes::generate(3, 45, 20)
}

fn read() -> File {
    let text = fs::read_to_string(file()).expect("golden/bits.json is there");
    serde_json::from_str(&text).expect("golden/bits.json is what this test writes")
}

fn kept() -> BTreeMap<String, Bits> {
    read().recipes
}

#[test]
fn every_built_in_recipe_has_its_kept_bits() {
    let data = data();
    let found: BTreeMap<String, Bits> =
        built_in_recipes().map(|(name, _)| (name.clone(), short_run(&name, &data, Isa::detect(), 2))).collect();
    if std::env::var_os("LONGHAND_REMAKE").is_some() {
        let File { bits, recipes } = read();
        let changed = recipes.iter().find(|(name, bits)| found.get(*name).is_some_and(|found| found != *bits));
        if let Some((name, _)) = changed {
            assert!(
                BITS > bits,
                "the bits of {name} change: raise BITS, which is {bits}, in training/src/checkpoint.rs"
            );
        }
        let file = File { bits: BITS, recipes: found.clone() };
        fs::write(self::file(), serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
    }
    let File { bits, recipes: kept } = read();
    assert_eq!(bits, BITS, "the number of the bits was raised: LONGHAND_REMAKE=1 writes golden/bits.json anew");
    for (name, bits) in &found {
        assert_eq!(
            Some(bits),
            kept.get(name),
            "{name}: if its bits are meant to change, or it is new, LONGHAND_REMAKE=1 writes golden/bits.json anew"
        );
    }
    assert_eq!(kept.len(), found.len(), "recipes that are no more: LONGHAND_REMAKE=1 writes golden/bits.json anew");
}

#[test]
fn every_instruction_set_and_the_plain_form_gives_the_kept_bits() {
    let (data, kept) = (data(), kept());
    for isa in Isa::available() {
        for (name, bits) in &kept {
            assert_eq!(&short_run(name, &data, isa, 2), bits, "{name} on {isa}");
        }
        println!("{isa}: {} recipes", kept.len());
    }
}

#[test]
fn one_to_eight_threads_give_the_kept_bits() {
    let (data, kept) = (data(), kept());
    for threads in 1..=8 {
        for (name, bits) in &kept {
            assert_eq!(&short_run(name, &data, Isa::detect(), threads), bits, "{name} on {threads} threads");
        }
    }
}
