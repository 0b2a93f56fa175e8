//! A disk that fails at the n-th operation, for every n, under a whole small run: whatever happens, the folder reads back
//! and the run goes on to the same bits.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_nn::Network;

use crate::atomic_file;
use crate::checkpoint::Checkpoint;
use crate::files::{Files, RealFiles};
use crate::recipe::Recipe;
use crate::record::{EpochMetrics, RunStatus};
use crate::run_folder::{Origin, RunFolder};
use crate::run_lock::RunLock;
use crate::split::Split;
use crate::stored_run::StoredRun;
use crate::train::{EpochDone, Observer, Occasion, train_from_checkpoint};

/// What happens at the operation that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The disk is full: nothing is done, and it is said.
    Full,
    /// The disk becomes full: of a write the first half is done, of anything else nothing.
    Half,
    /// It is done, and reported as failed.
    Done,
    /// The process dies: neither this nor anything later is done.
    Killed,
    /// The machine dies: moreover bytes that were not synced are lost, and so are names in folders that were not, but for
    /// those whose bit is set, in their order, over and over, others at each operation.
    PowerCut(u8),
}

/// A file system that fails once.
#[derive(Debug)]
struct Faulty {
    fault: Fault,
    at: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    operations: usize,
    dead: bool,
    /// Files whose bytes a power cut would take.
    not_synced: Vec<PathBuf>,
    /// What the names held that a power cut would bring back, by folders not synced since; the oldest state of each.
    names: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Faulty {
    fn new(fault: Fault, at: usize) -> Arc<Self> {
        Arc::new(Faulty { fault, at, state: Mutex::default() })
    }

    /// One that does not.
    fn none() -> Arc<Self> {
        Faulty::new(Fault::Full, usize::MAX)
    }

    fn operations(&self) -> usize {
        self.state.lock().unwrap().operations
    }

    /// Carries `operation` out, or lets it fail; `half` is what is done of it on a disk that becomes full.
    fn next<T>(&self, operation: impl FnOnce(&mut State) -> io::Result<T>, half: impl FnOnce()) -> io::Result<T> {
        let mut state = self.state.lock().unwrap();
        let (died, n) = (io::Error::other("the process is dead"), state.operations);
        state.operations += 1;
        if state.dead {
            return Err(died);
        }
        if n != self.at {
            return operation(&mut state);
        }
        let full = io::Error::from(io::ErrorKind::StorageFull);
        match self.fault {
            Fault::Full => Err(full),
            Fault::Half => {
                half();
                Err(full)
            }
            Fault::Done => {
                operation(&mut state)?;
                Err(io::Error::other("the disk says it has failed"))
            }
            Fault::Killed => {
                state.dead = true;
                Err(died)
            }
            Fault::PowerCut(kept) => {
                state.dead = true;
                for path in std::mem::take(&mut state.not_synced) {
                    if path.exists() {
                        fs::write(&path, b"").unwrap();
                    }
                }
                for (n, (path, held)) in std::mem::take(&mut state.names).into_iter().enumerate() {
                    match held {
                        _ if kept >> ((n + self.at) % 8) & 1 == 1 => {}
                        Some(bytes) => fs::write(&path, bytes).unwrap(),
                        None if path.is_dir() => fs::remove_dir_all(&path).unwrap(),
                        None => drop(fs::remove_file(&path)),
                    }
                }
                Err(died)
            }
        }
    }
}

impl State {
    fn name_changes(&mut self, path: &Path) {
        self.names.entry(path.to_owned()).or_insert_with(|| fs::read(path).ok());
    }
}

impl Files for Faulty {
    fn create(&self, path: &Path) -> io::Result<File> {
        let create = |state: &mut State| {
            state.name_changes(path);
            state.not_synced.push(path.to_owned());
            RealFiles.create(path)
        };
        self.next(create, || ())
    }

    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        let mut other = file.try_clone()?;
        self.next(
            |_| RealFiles.write(path, file, bytes),
            move || other.write_all(&bytes[..bytes.len() / 2]).expect("the disk under the tests is sound"),
        )
    }

    fn sync(&self, path: &Path, file: &File) -> io::Result<()> {
        let sync = |state: &mut State| {
            // What a sync is for only a power cut shows, and that is made up here: no disk is waited for.
            let _ = file;
            state.not_synced.retain(|p| p != path);
            Ok(())
        };
        self.next(sync, || ())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = |state: &mut State| {
            state.name_changes(to);
            // A file that was renamed before it was synced is lost under its new name.
            for path in state.not_synced.iter_mut().filter(|p| *p == from) {
                to.clone_into(path);
            }
            RealFiles.rename(from, to)
        };
        self.next(rename, || ())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let remove = |state: &mut State| {
            state.name_changes(path);
            RealFiles.remove(path)
        };
        self.next(remove, || ())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let create = |state: &mut State| {
            state.name_changes(path);
            RealFiles.create_dir(path)
        };
        self.next(create, || ())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        // Tidiness only: nothing rests on it.
        if self.state.lock().unwrap().dead { Ok(()) } else { RealFiles.remove_dir(path) }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let sync = |state: &mut State| {
            state.names.retain(|path, _| path.parent() != Some(folder));
            Ok(())
        };
        self.next(sync, || ())
    }
}

const TINY: &str = r#"
name = "tiny"
epochs = 2
batch_size = 20
schedule = { type = "constant", learning_rate = 0.05 }
optimiser = { momentum = 0.9 }
averaging = { decay = 0.5 }

[network]
input = [1, 28, 28]
layers = [
    { type = "max_pool" }, { type = "max_pool" }, { type = "conv", channels = 2, kernel = 3 }, { type = "batch_norm" },
    { type = "relu" }, { type = "global_average_pool" }, { type = "linear", features = 10 }, { type = "log_softmax" },
]
"#;

/// What the program was told that it is kept: no fault takes it back.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Kept {
    /// Its folder is there.
    is_begun: bool,
    /// Epochs in the record.
    epochs: usize,
    /// Where its last checkpoint stands: epoch and steps of it.
    position: (usize, usize),
}

impl Kept {
    /// What of a run in `run` is kept as it goes on from `start`.
    fn from(start: &Checkpoint) -> Self {
        Kept { is_begun: true, epochs: start.epochs_done(), position: (start.epoch, start.so_far.steps) }
    }
}

/// Keeps a run in its folder, with a checkpoint after every step.
struct Keeper<'a>(RunFolder, &'a mut Kept);

impl Observer for Keeper<'_> {
    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.keep_epoch(done.metrics, done.network)?;
        self.1.epochs = done.metrics.epoch;
        Ok(())
    }

    fn checkpoint_due(&mut self, _: Occasion) -> bool {
        true
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.keep_checkpoint(checkpoint)?;
        self.1.position = (checkpoint.epoch, checkpoint.so_far.steps);
        Ok(())
    }
}

struct Made {
    recipe: Recipe,
    start: Checkpoint,
}

impl Made {
    fn new(split: &Split<'_>) -> Self {
        let recipe = Recipe::from_toml("tiny", TINY, &[]).unwrap();
        let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed).unwrap();
        Made { start: Checkpoint::beginning(&recipe, split, &network), recipe }
    }

    fn begin(
        &self,
        files: Arc<dyn Files>,
        runs: &Path,
        split: &Split<'_>,
        kept: &mut Kept,
    ) -> Result<(), Box<dyn Error>> {
        let (origin, isa) = (Origin::default(), Isa::detect());
        let folder = RunFolder::create_by(files.clone(), origin, runs, &self.recipe, split, 1, isa, 1)?;
        self.carry_on(files, folder, &self.start, split, kept)
    }

    /// Begins it in the folder `run` as a suite does, over whatever is there.
    fn begin_over(
        &self,
        files: Arc<dyn Files>,
        run: &Path,
        split: &Split<'_>,
        kept: &mut Kept,
    ) -> Result<(), Box<dyn Error>> {
        let (origin, isa, of) = (Origin::default(), Isa::detect(), ("suite", "entry"));
        let lock = RunLock::try_take(run)?.expect("nobody holds it");
        let at = (run, Some(lock));
        let folder = RunFolder::begin(files.clone(), origin, at, of, &self.recipe, split, 1, isa, 1)?;
        self.carry_on(files, folder, &self.start, split, kept)
    }

    /// Goes on with the run in the folder `run`, of which so much is kept.
    fn resume(
        &self,
        files: Arc<dyn Files>,
        run: &Path,
        split: &Split<'_>,
        kept: &mut Kept,
    ) -> Result<(), Box<dyn Error>> {
        let (folder, start) = RunFolder::resume_by(files.clone(), run, split, Isa::detect(), 1)?;
        let from = Kept::from(&start);
        assert!(from.position >= kept.position, "{kept:?} was kept, and it goes on from {from:?}");
        self.carry_on(files, folder, &start, split, kept)
    }

    fn carry_on(
        &self,
        files: Arc<dyn Files>,
        folder: RunFolder,
        start: &Checkpoint,
        split: &Split<'_>,
        kept: &mut Kept,
    ) -> Result<(), Box<dyn Error>> {
        *kept = Kept::from(start);
        let epochs = folder.epochs().to_vec();
        let mut keeper = Keeper(folder, kept);
        let trained = train_from_checkpoint(start, epochs, &self.recipe, split, Isa::detect(), 1, &mut keeper)?;
        let mut folder = keeper.0;
        folder.end(RunStatus::Finished, None, &trained.network)?;
        let report = folder.path().join("report.html");
        atomic_file::write_by(&*files, &report, b"a report")
            .map_err(|e| format!("cannot write {}: {e}, make room", report.display()))?;
        Ok(folder.close()?)
    }
}

/// What a finished run must be: weights, metrics, the model's bytes, the files that are left.
type Story = (String, Vec<EpochMetrics>, Vec<u8>, Vec<String>);

fn story(run: &Path) -> Story {
    let stored = StoredRun::read(run).unwrap();
    assert_eq!(stored.record.status, RunStatus::Finished);
    let timeless = |m: &EpochMetrics| EpochMetrics { train_seconds: 0.0, evaluation_seconds: 0.0, ..m.clone() };
    (
        stored.record.result.unwrap().weights_sha256,
        stored.epochs.iter().map(timeless).collect(),
        fs::read(run.join("model.safetensors")).unwrap(),
        names(run),
    )
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The run in `runs`, if there is a folder of one.
fn only(runs: &Path) -> Option<PathBuf> {
    names(runs).first().map(|name| runs.join(name))
}

/// Whatever is in the folder is whole.
fn assert_readable(run: &Path, told: &str) {
    StoredRun::read(run).unwrap_or_else(|e| panic!("{told}: {e}"));
    if run.join("model.safetensors").exists() {
        longhand_model_files::read_model(&run.join("model.safetensors")).unwrap_or_else(|e| panic!("{told}: {e}"));
    }
    if run.join("checkpoint.safetensors").exists() {
        let bytes = fs::read(run.join("checkpoint.safetensors")).unwrap();
        Checkpoint::from_bytes(&bytes).unwrap_or_else(|e| panic!("{told}: {e}"));
    }
}

const FAULTS: [Fault; 6] =
    [Fault::Full, Fault::Half, Fault::Done, Fault::Killed, Fault::PowerCut(0), Fault::PowerCut(0b0101_0101)];

impl Fault {
    /// Whether nobody is there any more to tidy up.
    fn is_death(self) -> bool {
        matches!(self, Fault::Killed | Fault::PowerCut(_))
    }
}

/// Goes on until it is over: first on a disk that fails once more, then on one that does not.
fn resume_twice(made: &Made, second: Arc<Faulty>, run: &Path, split: &Split<'_>, mut kept: Kept, told: &str) {
    for files in [second, Faulty::none()] {
        let fault = files.fault;
        match made.resume(files, run, split, &mut kept) {
            Ok(()) => return,
            Err(e) if e.to_string().contains("is finished") => return,
            // The first of the two may have failed.
            Err(_) => assert_readable(run, &format!("{told}, then {fault:?}")),
        }
    }
    panic!("{told}: on a sound disk it cannot be gone on with");
}

#[test]
fn whatever_operation_fails_the_folder_is_whole_nothing_kept_is_lost_and_the_run_goes_on_to_the_same_bits() {
    let data = strokes::generate(3, 40, 10);
    let split = Split::testing(&data);
    let made = Made::new(&split);
    let runs = tempfile::tempdir().unwrap();
    let counted = Faulty::none();
    made.begin(counted.clone(), &runs.path().join("runs"), &split, &mut Kept::default()).unwrap();
    let whole = story(&only(&runs.path().join("runs")).unwrap());
    assert_eq!(whole.3, ["metrics.jsonl", "model.safetensors", "report.html", "run.json"]);
    let operations = counted.operations();
    assert!(operations > 50, "{operations}");
    for fault in FAULTS {
        for at in 0..operations {
            let told = format!("{fault:?} at operation {at} of {operations}");
            let folder = tempfile::tempdir().unwrap();
            let runs = folder.path().join("runs");
            let mut kept = Kept::default();
            let failed = made.begin(Faulty::new(fault, at), &runs, &split, &mut kept);
            let run = if runs.exists() { only(&runs) } else { None };
            let Err(error) = failed else { panic!("{told} was not noticed") };
            let error = error.to_string();
            assert!(error.contains("cannot ") && error.contains(runs.to_str().unwrap()), "{told}: {error}");
            let run = match run {
                Some(run) if run.join("run.json").exists() => run,
                run => {
                    assert!(!kept.is_begun, "{told}: it was said to have begun");
                    let left = run.map_or(Vec::new(), |run| names(&run));
                    assert!(fault.is_death() || left.is_empty(), "{told}: {left:?}");
                    continue;
                }
            };
            assert!(error.contains(run.to_str().unwrap()), "{told}: {error}");
            if !fault.is_death() {
                let left: Vec<String> = names(&run).into_iter().filter(|n| n.ends_with(".tmp")).collect();
                assert_eq!(left, Vec::<String>::new(), "{told}: no half-written file is left behind");
                let wanted = if fault == Fault::Done { "says it has failed" } else { "make room" };
                assert!(error.contains(wanted), "{told}: {error}");
            }
            assert_readable(&run, &told);
            let epochs = StoredRun::read(&run).unwrap().epochs.len();
            assert!(epochs >= kept.epochs, "{told}: {kept:?} was kept, and the record has {epochs} epochs");
            // A second fault at each third, for time's sake.
            let second = if at % 3 == 0 { Faulty::new(fault, at * 7 % 40) } else { Faulty::none() };
            resume_twice(&made, second, &run, &split, kept, &told);
            assert_eq!(story(&run), whole, "{told}");
        }
    }
    println!("{} faults at each of {operations} operations", FAULTS.len());
}

#[test]
fn whatever_operation_fails_while_it_goes_on_it_can_be_gone_on_with_again() {
    let data = strokes::generate(3, 40, 10);
    let split = Split::testing(&data);
    let made = Made::new(&split);
    let runs = tempfile::tempdir().unwrap();
    let first = runs.path().join("whole");
    made.begin(Faulty::none(), &first, &split, &mut Kept::default()).unwrap();
    let whole = story(&only(&first).unwrap());
    // Killed between an epoch's record and its checkpoint: the folder is ahead of its checkpoint.
    let (ahead, kept) = (0..)
        .find_map(|at| {
            let (runs, mut kept) = (runs.path().join(at.to_string()), Kept::default());
            let _ = made.begin(Faulty::new(Fault::Killed, at), &runs, &split, &mut kept);
            let run = if runs.exists() { only(&runs)? } else { return None };
            (kept.is_begun && kept.epochs + 1 > kept.position.0).then_some((run, kept))
        })
        .expect("there is such a moment");
    for fault in FAULTS {
        for at in 0.. {
            let told = format!("{fault:?} at operation {at}");
            let runs = tempfile::tempdir().unwrap();
            let run = runs.path().to_owned();
            copy(&ahead, &run);
            let (faulty, mut kept) = (Faulty::new(fault, at), kept);
            let failed = made.resume(faulty.clone(), &run, &split, &mut kept);
            assert_readable(&run, &told);
            if failed.is_err() {
                let second = if at % 3 == 1 { Faulty::new(fault, at * 7 % 40) } else { Faulty::none() };
                resume_twice(&made, second, &run, &split, kept, &told);
            }
            assert_eq!(story(&run), whole, "{told}");
            if faulty.operations() <= at {
                assert!(failed.is_ok() && at > 30, "{told}");
                break;
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for name in names(from) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

#[test]
fn whatever_operation_fails_a_run_begun_over_another_one_is_the_one_or_the_other() {
    let data = strokes::generate(3, 40, 10);
    let split = Split::testing(&data);
    let (made, mut other) = (Made::new(&split), Made::new(&split));
    other.recipe.seed = 1;
    let network = Network::new(&other.recipe.network, other.recipe.initialisation, 1).unwrap();
    other.start = Checkpoint::beginning(&other.recipe, &split, &network);
    let runs = tempfile::tempdir().unwrap();
    let none = || Faulty::none();
    made.begin(none(), &runs.path().join("whole"), &split, &mut Kept::default()).unwrap();
    let whole = story(&only(&runs.path().join("whole")).unwrap());
    // The other one, killed in its second epoch.
    let _ = other.begin(Faulty::new(Fault::Killed, 45), &runs.path().join("other"), &split, &mut Kept::default());
    let other = only(&runs.path().join("other")).unwrap();
    assert_eq!(StoredRun::read(&other).unwrap().epochs.len(), 1);
    for fault in FAULTS {
        for at in 0.. {
            let told = format!("{fault:?} at operation {at}");
            let folder = tempfile::tempdir().unwrap();
            let run = folder.path().to_owned();
            copy(&other, &run);
            for name in [".model.safetensors.1.tmp", "events.out.tfevents.1.longhand", "report.html"] {
                fs::write(run.join(name), "of the other").unwrap();
            }
            let (faulty, mut kept) = (Faulty::new(fault, at), Kept::default());
            let failed = made.begin_over(faulty.clone(), &run, &split, &mut kept);
            assert_readable(&run, &told);
            if failed.is_err() {
                // As a suite does that is run again.
                let is_new = StoredRun::read(&run).unwrap().record.seed == 0;
                assert!(is_new || !kept.is_begun, "{told}");
                let resumed = if is_new { made.resume(none(), &run, &split, &mut kept) } else { Err("".into()) };
                match resumed {
                    Err(e) if e.to_string().contains("is finished") => {}
                    Err(e) if !is_new || e.to_string().contains("another run") => {
                        made.begin_over(none(), &run, &split, &mut kept).unwrap();
                    }
                    resumed => resumed.unwrap(),
                }
            }
            let found = story(&run);
            let left: Vec<String> = found.3.into_iter().filter(|name| !name.contains("tfevents")).collect();
            assert_eq!((found.0, found.1, found.2, left), whole, "{told}");
            if faulty.operations() <= at {
                assert!(failed.is_ok() && at > 50 && story(&run) == whole, "{told}");
                break;
            }
        }
    }
}
