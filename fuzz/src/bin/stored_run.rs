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
            let written = texts(&run);
            let again = StoredRun::from_texts(folder, &written.0, &written.1);
            // As texts: a loss that is no number is not equal to itself.
            reads_back(&written, &format!("{}\n---\n{}", written.0, written.1), again.map(|run| texts(&run)));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn texts(run: &StoredRun) -> (String, String) {
    let line = |epoch| serde_json::to_string(epoch).expect("plain data") + "\n";
    (serde_json::to_string(&run.record).expect("plain data"), run.epochs.iter().map(line).collect())
}
