//! The network of a worksheet: what is taken is written as TOML that reads the same, and a small one is worked out whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_derivation::document;
use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;
use longhand_fuzz::{reads_back, text};

/// What is worked out in a millisecond or two.
const MOST_WEIGHTS: usize = 12;
const MOST_NUMBERS: usize = 200;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let Ok(spec) = toml::from_str::<NetworkSpec>(text) else { return };
    let written = toml::to_string(&spec).expect("plain data");
    reads_back(&spec, &written, toml::from_str::<NetworkSpec>(&written));
    let numbers = spec.rows * spec.learning_rates.len() * spec.samples.len();
    if spec.weights.len() <= MOST_WEIGHTS && numbers <= MOST_NUMBERS {
        let worksheet = Worksheet::work_out(spec).expect("a sound network can be worked out");
        assert!(!document::markdown(&worksheet).is_empty());
        assert!(!document::latex(&worksheet).is_empty());
        assert!(!worksheet.table.csv().is_empty());
    }
});
