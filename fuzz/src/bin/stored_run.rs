//! A run's record and, behind a line `---`, its metrics: what is taken is written to texts that read the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use longhand_fuzz::{parts, reads_back, text};
use longhand_training::StoredRun;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let (record, metrics) = parts(text);
    let folder = Path::new("run");
    match StoredRun::from_texts(folder, record, metrics) {
        Ok(run) => {
            let record = serde_json::to_string(&run.record).expect("plain data");
            let line = |epoch| serde_json::to_string(epoch).expect("plain data") + "\n";
            let metrics: String = run.epochs.iter().map(line).collect();
            let again = StoredRun::from_texts(folder, &record, &metrics);
            reads_back(&run, &format!("{record}\n---\n{metrics}"), again);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
