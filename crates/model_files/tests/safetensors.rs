//! Model files: what is written is read back to the bit, and damaged ones are refused.

mod small_model;

use longhand_data::Normalisation;
use longhand_model_files::{read_model, safetensors, weights_sha256};
use proptest::prelude::*;
use small_model::small;

fn bytes() -> Vec<u8> {
    safetensors::write(&small(), "small", &Normalisation { mean: 0.25, std: 0.5 })
}

#[test]
fn a_model_comes_back_to_the_bit_and_its_bytes_are_always_the_same() {
    let (network, bytes) = (small(), bytes());
    assert_eq!(bytes, self::bytes());
    let back = safetensors::read(&bytes).unwrap();
    assert_eq!(weights_sha256(&back.network), weights_sha256(&network));
    assert_eq!(back.network.spec(), network.spec());
    assert_eq!((back.recipe.as_str(), back.normalisation), ("small", Normalisation { mean: 0.25, std: 0.5 }));
}

#[test]
fn a_file_is_read_and_its_faults_are_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, bytes()).unwrap();
    assert_eq!(read_model(&path).unwrap().recipe, "small");
    std::fs::write(&path, &bytes()[..100]).unwrap();
    assert!(read_model(&path).unwrap_err().to_string().contains("model.safetensors"));
    assert!(read_model(folder.path()).unwrap_err().to_string().starts_with("cannot read"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_models_are_read_or_refused_without_panic(
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        truncate: bool,
    ) {
        let mut bytes = bytes();
        for (at, value) in flips {
            // The header is the part that can lie; let half of the flips fall there.
            let at = at.index(if value % 2 == 0 { bytes.len() } else { 2000 });
            bytes[at] = value;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        match safetensors::read(&bytes) {
            Ok(back) => prop_assert_eq!(back.network.parameters().len(), small().parameters().len()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        if truncate && bytes.len() < 1000 {
            prop_assert!(safetensors::read(&bytes).is_err());
        }
    }
}
