//! Runs side by side: which images each was trained on is told where they are not the same.

mod made_run;

use longhand_report::{accuracy_chart, loss_chart};
use longhand_training::StoredRun;
use made_run::{TINY, run};

fn stored(data: &str, seed: &str) -> StoredRun {
    let made = run(TINY, &[seed, "epochs=2"], false);
    let mut record = made.record;
    record.data.name = data.to_owned();
    StoredRun { path: format!("{data}-{seed}").into(), record, epochs: made.epochs }
}

#[test]
fn labels_tell_the_images_apart() {
    let (one, other) = (stored("strokes", "seed=1"), stored("mnist", "seed=2"));
    for chart in [accuracy_chart, loss_chart] {
        let mixed = chart(&[one.clone(), other.clone()]).draw().svg();
        assert!(mixed.contains(" on strokes, seed 1") && mixed.contains(" on mnist, seed 2"), "{mixed}");
        let alike = chart(&[one.clone(), one.clone()]).draw().svg();
        assert!(!alike.contains(" on strokes"), "{alike}");
    }
}
