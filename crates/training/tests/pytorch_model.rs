//! A model that PyTorch trained and saved, in ours: the same outputs, and the same number of errors.
//!
//! `reference/golden_model.py` made both files of `golden/`, and its head says what is in them.

#[path = "../../nn/tests/witness/golden_file.rs"]
mod golden_file;
#[path = "../../data/tests/shared_data/mod.rs"]
mod shared_data;

use std::path::{Path, PathBuf};

use golden_file::GoldenFile;
use longhand_kernels::{Isa, LANES};
use longhand_model_files::read_state_dict;
use longhand_training::{
    InitialWeights, InitialWeightsError, Override, Recipe, Split, built_in, evaluate, recipes_that_fit,
};

/// How near the log-probabilities must be to PyTorch's in double precision, whose own float32 is as far from it.
const LIMIT: f64 = 1e-5;

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/pytorch_model.safetensors")
}

fn recipe(name: &str, set: &[&str]) -> Recipe {
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    Recipe::from_toml(name, built_in(name).unwrap(), &overrides).unwrap()
}

#[test]
fn a_state_dict_from_pytorch_gives_pytorchs_outputs() {
    let seed = recipe("seed", &[]);
    let InitialWeights { network, normalisation, .. } = InitialWeights::read(&model(), &seed).unwrap();
    assert_eq!(normalisation, None, "PyTorch's own file says nothing of it");
    assert_eq!(network.batches_tracked(), 469, "one epoch");
    let golden = GoldenFile::open("pytorch_model_outputs.safetensors");
    let images = golden.u8("images");
    assert_eq!(images.shape, [48, 28, 28]);
    let table = seed.normalisation.table();
    let inference = network.inference();
    let mut group = network.inference_group();
    let mut found = Vec::new();
    for part in images.values.chunks(784 * LANES) {
        let active = part.len() / 784;
        group.set_active(active);
        for lane in 0..active {
            group.set_image(lane, part[lane * 784..][..784].iter().map(|&p| table[p as usize]));
        }
        inference.infer(Isa::detect(), &mut group);
        for lane in 0..active {
            found.extend(group.log_probabilities(lane).map(f64::from));
        }
    }
    let double = golden.f64("log_probs_f64").values;
    let single: Vec<f64> = golden.f32("log_probs_f32").values.into_iter().map(f64::from).collect();
    // Relative to the value where it is above one: a float32 log-probability of −30 has fewer digits behind the point.
    let worst = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max)
    };
    println!("ours against PyTorch's float64: {:.1e}", worst(&found, &double));
    println!("ours against PyTorch's float32: {:.1e}", worst(&found, &single));
    println!("PyTorch's float32 against its float64: {:.1e}", worst(&single, &double));
    assert!(worst(&found, &double) < LIMIT && worst(&found, &single) < LIMIT);
    golden.assert_all_used(&[]);
}

#[test]
fn a_state_dict_from_pytorch_makes_pytorchs_errors() {
    let Some(folder) = shared_data::mnist_folder() else { return };
    let data = longhand_data::mnist::load_folder(&folder).unwrap();
    let seed = recipe("seed", &[]);
    let network = InitialWeights::read(&model(), &seed).unwrap().network;
    let found = evaluate(&network, Isa::detect(), &Split::testing(&data).evaluation, &seed.normalisation);
    let golden = GoldenFile::open("pytorch_model_outputs.safetensors");
    println!("{} errors; the nearest image is {} from the edge", found.errors(), golden.metadata()["test_margin"]);
    assert_eq!(found.errors().to_string(), golden.metadata()["test_errors"]);
}

#[test]
fn another_recipes_network_is_refused_with_both_shapes_and_the_recipes_it_fits() {
    let fits = recipes_that_fit(&read_state_dict(&model()).unwrap());
    assert_eq!(fits[..2], ["seed", "seed-tuned"]);
    assert!(!fits.iter().any(|name| name == "under6k"));
    let wider = recipe("seed", &["network.layers.0.channels=16"]);
    let error = InitialWeights::read(&model(), &wider).unwrap_err();
    let InitialWeightsError::DoesNotFit { fits: said, .. } = &error else { panic!("{error}") };
    assert_eq!(said, &fits);
    let text = error.to_string();
    for wanted in ["the recipe seed", "`conv1.weight` has shape [10, 1, 3, 3]", "wants [16, 1, 3, 3]", "seed-tuned"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}
