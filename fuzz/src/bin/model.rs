//! A model file: what is taken is written to a file that reads the same, to the bit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_model_files::{safetensors, weights_sha256};

fuzz_target!(|data: &[u8]| {
    let Ok(model) = safetensors::read(data) else { return };
    let written = safetensors::write(&model.network, &model.recipe, &model.normalisation);
    let again = safetensors::read(&written).expect("what was written is a model");
    assert_eq!(again.network.spec(), model.network.spec());
    assert_eq!(weights_sha256(&again.network), weights_sha256(&model.network));
    assert_eq!(safetensors::write(&again.network, &again.recipe, &again.normalisation), written);
});
