//! Model files: what is written is read back to the bit, and damaged ones are refused.

use longhand_nn::{Initialisation, Network};
use longhand_training::{Recipe, built_in, read_model, weights_sha256, write_model};
use proptest::prelude::*;

fn small() -> (Recipe, Network) {
    let set = ["network.layers.4.channels=3", "name=small"].map(|s| s.parse().unwrap());
    let recipe = Recipe::from_toml("seed", built_in("seed").unwrap(), &set).unwrap();
    let network = Network::new(&recipe.network, Initialisation::He, 1).unwrap();
    (recipe, network)
}

#[test]
fn a_model_comes_back_to_the_bit_and_its_bytes_are_always_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (recipe, network) = small();
    let (a, b) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    write_model(&a, &network, &recipe).unwrap();
    write_model(&b, &network, &recipe).unwrap();
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    let (back, normalisation) = read_model(&a).unwrap();
    assert_eq!(weights_sha256(&back), weights_sha256(&network));
    assert_eq!((back.spec(), &normalisation), (network.spec(), &recipe.normalisation));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary is left behind");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_models_are_read_or_refused_without_panic(
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        truncate: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (recipe, network) = small();
        let path = folder.path().join("model.safetensors");
        write_model(&path, &network, &recipe).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, value) in flips {
            // The header is the part that can lie; let half of the flips fall there.
            let at = at.index(if value % 2 == 0 { bytes.len() } else { 3000 });
            bytes[at] = value;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(&path, &bytes).unwrap();
        match read_model(&path) {
            Ok((back, _)) => prop_assert_eq!(back.parameters().len(), network.parameters().len()),
            Err(error) => prop_assert!(error.to_string().contains("model.safetensors")),
        }
        if truncate && bytes.len() < 1000 {
            prop_assert!(read_model(&path).is_err());
        }
    }
}
