//! A disk that fails at the n-th operation, for every n, under a whole small run: whatever happens, the folder reads back
//! and the run goes on to the same bits.

use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use longhand_data::strokes;
use longhand_kernels::Isa;
use longhand_nn::Network;

use crate::checkpoint::Checkpoint;
use crate::files::{Files, RealFiles};
use crate::recipe::Recipe;
use crate::record::{EpochMetrics, RunStatus};
use crate::run_folder::{Origin, RunFolder};
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
    /// The machine dies: moreover what was not synced is lost, names and bytes.
    PowerCut,
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
    names: HashMap<PathBuf, Option<Vec<u8>>>,
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
            Fault::PowerCut => {
                state.dead = true;
                for path in std::mem::take(&mut state.not_synced) {
                    if path.exists() {
                        fs::write(&path, b"").unwrap();
                    }
                }
                for (path, held) in std::mem::take(&mut state.names) {
                    match held {
                        Some(bytes) => fs::write(&path, bytes).unwrap(),
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

/// Keeps a run in its folder, with a checkpoint after every step.
struct Keeper(RunFolder);

impl Observer for Keeper {
    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.keep_epoch(done.metrics, done.network)?)
    }

    fn checkpoint_due(&mut self, _: Occasion) -> bool {
        true
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.keep_checkpoint(checkpoint)?)
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

    fn begin(&self, files: Arc<dyn Files>, runs: &Path, split: &Split<'_>) -> Result<(), Box<dyn Error>> {
        let (origin, isa) = (Origin::default(), Isa::detect());
        let folder = RunFolder::create_by(files, origin, runs, &self.recipe, split, 1, isa, 1)?;
        self.carry_on(folder, &self.start, split)
    }

    fn resume(&self, files: Arc<dyn Files>, path: &Path, split: &Split<'_>) -> Result<(), Box<dyn Error>> {
        let (folder, start) = RunFolder::resume_by(files, path, split, Isa::detect(), 1)?;
        self.carry_on(folder, &start, split)
    }

    fn carry_on(&self, folder: RunFolder, start: &Checkpoint, split: &Split<'_>) -> Result<(), Box<dyn Error>> {
        let epochs = folder.epochs().to_vec();
        let mut keeper = Keeper(folder);
        let trained = train_from_checkpoint(start, epochs, &self.recipe, split, Isa::detect(), 1, &mut keeper)?;
        let mut folder = keeper.0;
        folder.end(RunStatus::Finished, None, &trained.network)?;
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
        names(run).into_iter().filter(|n| !n.starts_with('.')).collect(),
    )
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn only(runs: &Path) -> PathBuf {
    runs.join(&names(runs)[0])
}

/// Whatever is in the folder is whole.
fn assert_readable(run: &Path, told: &str) {
    let stored = StoredRun::read(run).unwrap_or_else(|e| panic!("{told}: {e}"));
    if run.join("model.safetensors").exists() {
        longhand_model_files::read_model(&run.join("model.safetensors")).unwrap_or_else(|e| panic!("{told}: {e}"));
    }
    if run.join("checkpoint.safetensors").exists() {
        let bytes = fs::read(run.join("checkpoint.safetensors")).unwrap();
        let checkpoint = Checkpoint::from_bytes(&bytes).unwrap_or_else(|e| panic!("{told}: {e}"));
        assert!(checkpoint.epochs_done() <= stored.epochs.len(), "{told}");
    }
}

const FAULTS: [Fault; 5] = [Fault::Full, Fault::Half, Fault::Done, Fault::Killed, Fault::PowerCut];

#[test]
fn whatever_operation_fails_the_folder_is_whole_and_the_run_goes_on_to_the_same_bits() {
    let data = strokes::generate(3, 40, 10);
    let split = Split::testing(&data);
    let made = Made::new(&split);
    let runs = tempfile::tempdir().unwrap();
    let counted = Faulty::none();
    made.begin(counted.clone(), runs.path(), &split).unwrap();
    let whole = story(&only(runs.path()));
    assert_eq!(whole.3, ["metrics.jsonl", "model.safetensors", "run.json"]);
    let operations = counted.operations();
    assert!(operations > 50, "{operations}");
    for fault in FAULTS {
        for at in 0..operations {
            let told = format!("{fault:?} at operation {at} of {operations}");
            let runs = tempfile::tempdir().unwrap();
            let failed = made.begin(Faulty::new(fault, at), runs.path(), &split);
            let run = only(runs.path());
            let Err(error) = failed else { panic!("{told} was not noticed") };
            let error = error.to_string();
            assert!(error.contains("cannot ") && error.contains(run.to_str().unwrap()), "{told}: {error}");
            if ![Fault::Killed, Fault::PowerCut].contains(&fault) {
                let left: Vec<String> = names(&run).into_iter().filter(|n| n.ends_with(".tmp")).collect();
                assert_eq!(left, Vec::<String>::new(), "{told}: no half-written file is left behind");
                let wanted = if fault == Fault::Done { "says it has failed" } else { "make room" };
                assert!(error.contains(wanted), "{told}: {error}");
            }
            if !run.join("run.json").exists() {
                // It never began.
                assert_eq!(names(&run).iter().filter(|n| !n.starts_with('.')).count(), 0, "{told}");
                continue;
            }
            assert_readable(&run, &told);
            match made.resume(Faulty::none(), &run, &split) {
                Ok(()) => {}
                // The last operation of all was done, though it said that it had failed.
                Err(e) => assert!(e.to_string().contains("is finished"), "{told}: {e}"),
            }
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
    made.begin(Faulty::none(), &first, &split).unwrap();
    let whole = story(&only(&first));
    // Killed between an epoch's record and its checkpoint: the folder is ahead of its checkpoint.
    let is_ahead = |run: &Path| {
        let stored = StoredRun::read(run).map_or(0, |run| run.epochs.len());
        let kept = fs::read(run.join("checkpoint.safetensors")).map(|b| Checkpoint::from_bytes(&b).unwrap());
        kept.is_ok_and(|kept| kept.epochs_done() < stored)
    };
    let ahead = (0..)
        .map(|at| {
            let runs = runs.path().join(at.to_string());
            let _ = made.begin(Faulty::new(Fault::Killed, at), &runs, &split);
            only(&runs)
        })
        .find(|run| is_ahead(run))
        .expect("there is such a moment");
    for fault in FAULTS {
        for at in 0.. {
            let told = format!("{fault:?} at operation {at}");
            let runs = tempfile::tempdir().unwrap();
            let run = runs.path().to_owned();
            for name in names(&ahead) {
                fs::copy(ahead.join(&name), run.join(&name)).unwrap();
            }
            let faulty = Faulty::new(fault, at);
            let failed = made.resume(faulty.clone(), &run, &split);
            assert_readable(&run, &told);
            if failed.is_err() {
                match made.resume(Faulty::none(), &run, &split) {
                    Ok(()) => {}
                    Err(e) => assert!(e.to_string().contains("is finished"), "{told}: {e}"),
                }
            }
            assert_eq!(story(&run), whole, "{told}");
            if faulty.operations() <= at {
                assert!(failed.is_ok() && at > 30, "{told}");
                break;
            }
        }
    }
}
