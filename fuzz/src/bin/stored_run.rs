//! A run's record and, behind a line `---`, its metrics: what is taken is written to texts that read the same, and is judged
//! beside others as the commands and the pages judge it.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use longhand_fuzz::{parts, reads_back, text};
use longhand_training::experiment::{Leaderboard, Order, SuiteResult};
use longhand_training::{StoredRun, differences};

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
            judge(&run);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn texts(run: &StoredRun) -> (String, String) {
    let line = |epoch| serde_json::to_string(epoch).expect("plain data") + "\n";
    (serde_json::to_string(&run.record).expect("plain data"), run.epochs.iter().map(line).collect())
}

/// Beside itself under other labels, among them one that looks like the name of a variant, and with another recipe.
fn judge(run: &StoredRun) {
    let mut others = vec![run.clone(), run.clone(), run.clone()];
    others[0].record.recipe = format!("{} (2)", run.group());
    others[1].record.resolved_recipe.epochs = 1;
    others[2].record.seed = run.record.seed.wrapping_add(1);
    for other in &others {
        differences(&run.record.resolved_recipe, &other.record.resolved_recipe);
    }
    others.push(run.clone());
    if let Ok((result, said)) = SuiteResult::gather("runs", others) {
        assert!(said.iter().all(|sentence| !sentence.is_empty()));
        Leaderboard::of(&result, Order::Mean);
    }
}
