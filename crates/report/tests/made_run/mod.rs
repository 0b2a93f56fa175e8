//! A small real training whose record holds nothing of the machine or the hour.

use std::error::Error;

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_nn::Summary;
use longhand_report::{MOST_MISTAKES, RunReport, run_page};
use longhand_training::experiment::{Leaderboard, Order, SuiteResult};
use longhand_training::{
    EpochDone, EpochMetrics, Examination, Machine, Observer, Override, Recipe, RunFolder, RunRecord, Split, StoredRun,
    examine, train,
};

/// A network so small that it makes mistakes of every kind.
pub const TINY: &str = r#"
name = "tiny"
about = "A network that fits on a page; </script><b id='x'>&amp;"
epochs = 2
batch_size = 60

[schedule]
type = "constant"
learning_rate = 0.1

[optimiser]
momentum = 0.9

[augmentation]
rotation = 10.0
shift = 2.0

[network]
input = [1, 28, 28]
layers = [
    { type = "max_pool" },
    { type = "conv", channels = 3, kernel = 3 },
    { type = "relu" },
    { type = "batch_norm" },
    { type = "max_pool" },
    { type = "dropout", rate = 0.01 },
    { type = "linear", features = 10 },
    { type = "log_softmax" },
]
"#;

/// A run with all that its report is made of.
pub struct MadeRun {
    pub record: RunRecord,
    pub epochs: Vec<EpochMetrics>,
    pub examination: Examination,
    pub base: Recipe,
}

struct Kept<'a>(&'a mut RunFolder);

impl Observer for Kept<'_> {
    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.keep_epoch(done.metrics, done.network)?)
    }
}

/// Trains by `recipe` with `set` changed, on 600 made digits, judged on 90 (or on 90 held out).
pub fn run(recipe: &str, set: &[&str], validation: bool) -> MadeRun {
    let data: Dataset = strokes::generate(3, 600, 90);
    let split = if validation { Split::validating(&data, 90).unwrap() } else { Split::testing(&data) };
    let overrides: Vec<Override> = set.iter().map(|s| s.parse().unwrap()).collect();
    let base = Recipe::from_toml("tiny", recipe, &[]).unwrap();
    let recipe = Recipe::from_toml("tiny", recipe, &overrides).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let isa = Isa::detect();
    let parameters = Summary::of(&recipe.network).unwrap().parameters();
    let mut folder = RunFolder::create(folder.path(), &recipe, &split, parameters, isa, 2).unwrap();
    let trained = train(&recipe, &split, isa, 2, &mut Kept(&mut folder)).unwrap();
    let (status, words) = trained.ended.in_words(&recipe, split.train.len());
    folder.end(status, words, &trained.network).unwrap();
    let examination = examine(&trained.network, &recipe, &split, isa, MOST_MISTAKES);

    let mut record = folder.record().clone();
    record.machine = Machine { cpu: "a processor".into(), cores: 2, platform: "a system".into() };
    (record.isa, record.version) = ("an instruction set".into(), "0.0.0".into());
    record.started = "2026-01-02T03:04:05Z".into();
    if let Some(result) = &mut record.result {
        result.train_seconds_per_epoch = 1.5;
        result.weights_sha256 = "0123456789abcdef".repeat(4);
    }
    let mut epochs = folder.epochs().to_vec();
    for epoch in &mut epochs {
        (epoch.train_seconds, epoch.evaluation_seconds) = (1.5, 0.5);
    }
    MadeRun { record, epochs, examination, base }
}

/// A small suite: networks of several sizes from two or three seeds, one that diverges.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn suite() -> (SuiteResult, Leaderboard) {
    let entries: [(&str, &str, u64, &[&str]); 7] = [
        ("plain_sgd", "Where it begins.", 3, &["optimiser.momentum=0"]),
        ("momentum", "Steps that remember <the last>.", 3, &[]),
        ("channels-6", "More to look with.", 3, &["network.layers.1.channels=6"]),
        ("channels-8", "More still.", 3, &["network.layers.1.channels=8"]),
        ("channels-9", "A little more.", 2, &["network.layers.1.channels=9"]),
        ("slower", "A lower rate.", 1, &["schedule.learning_rate=0.02"]),
        ("too-fast", "A rate too high.", 2, &["schedule.learning_rate=1000", "optimiser.momentum=1"]),
    ];
    let mut runs = Vec::new();
    for (entry, reason, seeds, set) in entries {
        for seed in 0..seeds {
            let seed_is = format!("seed={seed}");
            let set: Vec<&str> = set.iter().copied().chain(["epochs=6", &seed_is]).collect();
            let MadeRun { mut record, epochs, .. } = run(TINY, &set, true);
            (record.suite, record.entry) = (Some("sizes".into()), Some(entry.into()));
            record.resolved_recipe.reason = reason.into();
            runs.push(StoredRun { path: format!("sizes/{entry}-s{seed}").into(), record, epochs });
        }
    }
    let (mut result, said) = SuiteResult::gather("sizes", runs).unwrap();
    assert!(said.is_empty(), "{said:?}");
    result.about = "Does a larger network do better?".into();
    let board = Leaderboard::of(&result, Order::Mean);
    (result, board)
}

impl MadeRun {
    #[allow(dead_code, reason = "not every test file needs it")]
    pub fn page(&self) -> String {
        let MadeRun { record, epochs, examination, base } = self;
        run_page(&RunReport { record, epochs, examination, base: Some(base) })
    }
}
