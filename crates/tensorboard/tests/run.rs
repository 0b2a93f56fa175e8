//! A small real training, written as it goes and read back.

mod frames;

use std::error::Error;
use std::fs;
use std::path::Path;

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_nn::{Network, Summary};
use longhand_tensorboard::proto::{Event, Hparams, HparamsData, Kind, SettingValue, Value, What};
use longhand_tensorboard::{EventFile, event_files, run_events};
use longhand_training::{
    EpochDone, EpochMetrics, EvaluatedOn, Observer, Recipe, RunFolder, RunStatus, Split, examine, train,
};
use prost::Message;

const TINY: &str = r#"
name = "tiny"
about = "Small | and quick."
epochs = 3
batch_size = 60
augmentation = { rotation = 10.0 }
schedule = { type = "constant", learning_rate = 0.1 }

[network]
input = [1, 28, 28]
layers = [
    { type = "max_pool" },
    { type = "conv", channels = 3, kernel = 3 },
    { type = "batch_norm" },
    { type = "relu" },
    { type = "global_average_pool" },
    { type = "linear", features = 10 },
    { type = "log_softmax" },
]
"#;

/// Keeps the run and its events.
struct Keeper {
    folder: RunFolder,
    events: EventFile,
}

impl Observer for Keeper {
    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let EpochDone { metrics, network, .. } = *done;
        self.folder.keep_epoch(metrics, network)?;
        let mut values = run_events::scalars(metrics);
        values.extend(run_events::histograms(network));
        self.events.summary(1000.0 + metrics.epoch as f64, metrics.epoch, values)?;
        // Whoever looks in the middle of the run finds the epoch.
        let (events, left_over) = frames::events(&fs::read(self.events.path())?);
        assert_eq!((events.last().unwrap().step, left_over), (metrics.epoch as i64, 0));
        Ok(())
    }
}

/// Trains, and gives the network and epochs; the events are in the only folder below `runs`.
fn run(runs: &Path, data: &Dataset, evaluated_on: EvaluatedOn) -> (Network, Vec<EpochMetrics>) {
    let recipe = Recipe::from_toml("tiny.toml", TINY, &[]).unwrap();
    let split = Split::new(data, evaluated_on).unwrap();
    let parameters = Summary::of(&recipe.network).unwrap().parameters();
    let folder = RunFolder::create(runs, &recipe, &split, parameters, Isa::detect(), 1).unwrap();
    let mut events = EventFile::create(folder.path(), 1000.5).unwrap();
    events.summary(1000.5, 0, run_events::beginning(folder.record(), 1000.5)).unwrap();
    let mut keeper = Keeper { folder, events };
    let trained = train(&recipe, &split, Isa::detect(), 1, &mut keeper).unwrap();
    let examination = examine(&trained.network, &recipe, &split, Isa::detect(), 100);
    let mut values = run_events::mistakes(&examination);
    values.extend(run_events::end(RunStatus::Finished, 1005.0));
    keeper.events.summary(1005.0, trained.epochs.len(), values).unwrap();
    (trained.network, trained.epochs)
}

fn read(runs: &Path) -> Vec<Event> {
    let folder = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    let files = event_files(&folder).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].file_name().unwrap(), "events.out.tfevents.0000001000.longhand");
    let (events, left_over) = frames::events(&fs::read(&files[0]).unwrap());
    assert_eq!(left_over, 0);
    events
}

fn values(event: &Event) -> &[Value] {
    let Some(What::Summary(summary)) = &event.what else { panic!("{event:?}") };
    &summary.value
}

fn scalars(event: &Event) -> Vec<(&str, f32)> {
    let scalar = |value: &Value| match value.kind {
        Some(Kind::Scalar(_)) if value.metadata.is_some() => panic!("a scalar needs no metadata"),
        _ => (),
    };
    values(event).iter().for_each(scalar);
    let scalar = |value| match value {
        &Value { ref tag, kind: Some(Kind::Scalar(number)), .. } => Some((tag.as_str(), number)),
        _ => None,
    };
    values(event).iter().filter_map(scalar).collect()
}

#[test]
fn a_file_is_gone_on_with_behind_a_step_and_what_followed_it_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let value = |of: f32| vec![Value { tag: "loss".into(), ..Value::default() }; 1 + of as usize];
    let mut file = EventFile::create(folder.path(), 7.0).unwrap();
    for step in [0, 1, 2, 2, 3] {
        file.summary(step as f64, step, value(0.0)).unwrap();
    }
    let path = file.path().to_owned();
    // Cut short, as a process leaves it that dies while it writes.
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    assert!(EventFile::reopen(&path, 3).unwrap().is_none());
    assert_eq!(fs::read(&path).unwrap().len(), whole.len() - 3, "untouched");
    EventFile::reopen(&path, 2).unwrap().unwrap().summary(9.0, 3, value(0.0)).unwrap();
    let (events, left_over) = frames::events(&fs::read(&path).unwrap());
    assert_eq!(events.iter().map(|e| e.step).collect::<Vec<_>>(), [0, 0, 1, 2, 3]);
    assert_eq!((events.last().unwrap().wall_time, left_over), (9.0, 0));
}

#[test]
fn what_is_written_is_what_happened() {
    let data = strokes::generate(1, 300, 200);
    let runs = tempfile::tempdir().unwrap();
    let (network, epochs) = run(runs.path(), &data, EvaluatedOn::Test);
    let events = read(runs.path());
    let steps: Vec<_> = events.iter().map(|e| (e.step, e.wall_time)).collect();
    assert_eq!(steps, [(0, 1000.5), (0, 1000.5), (1, 1001.0), (2, 1002.0), (3, 1003.0), (3, 1005.0)]);

    for (event, epoch) in events[2..5].iter().zip(&epochs) {
        assert_eq!(
            scalars(event),
            [
                ("loss/train", epoch.train_loss as f32),
                ("loss/test", epoch.scores.loss() as f32),
                ("accuracy/train", epoch.train_accuracy as f32),
                ("accuracy/test", epoch.scores.accuracy() as f32),
                ("errors/test", epoch.scores.errors() as f32),
                ("learning_rate", 0.1),
                ("seconds/train", epoch.train_seconds as f32),
                ("seconds/evaluation", epoch.evaluation_seconds as f32),
            ]
        );
    }
    let of_last: Vec<_> = values(&events[4])
        .iter()
        .filter_map(|value| match &value.kind {
            Some(Kind::Histogram(histogram)) => Some((value.tag.clone(), histogram)),
            _ => None,
        })
        .collect();
    let state = network.state();
    assert_eq!(of_last.len(), state.len());
    for ((tag, histogram), (name, _, weights)) in of_last.iter().zip(&state) {
        assert_eq!(*tag, format!("weights/{name}"));
        assert_eq!(histogram.num, weights.len() as f64);
        assert_eq!(histogram.bucket.iter().sum::<f64>(), weights.len() as f64);
        let (min, max) = weights.iter().fold((f32::MAX, f32::MIN), |(min, max), &w| (min.min(w), max.max(w)));
        assert_eq!((histogram.min, histogram.max), (f64::from(min), f64::from(max)));
        let sum: f64 = weights.iter().map(|&w| f64::from(w)).sum();
        assert!((histogram.sum - sum).abs() < 1e-9);
    }
}

#[test]
fn mistakes_are_pictures_named_for_what_they_were_taken_for() {
    let data = strokes::generate(1, 300, 200);
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), &data, EvaluatedOn::Test);
    let events = read(runs.path());
    let images: Vec<_> = values(&events[5])
        .iter()
        .filter_map(|value| match &value.kind {
            Some(Kind::Image(image)) => Some((value.tag.as_str(), image)),
            _ => None,
        })
        .collect();
    assert_eq!(images.len(), run_events::MOST_IMAGES, "this network is wrong more often");
    for (place, (tag, image)) in images.iter().enumerate() {
        assert_eq!((image.height, image.width, image.colorspace), (28 * 6, 28 * 6, 1));
        let mut reader = png::Decoder::new(std::io::Cursor::new(&image.encoded)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        // "mistakes/01 7 taken for 1, 93 %, image 42"
        let index: usize = tag.rsplit(' ').next().unwrap().parse().unwrap();
        let label = data.test.label(index);
        assert!(tag.starts_with(&format!("mistakes/{:02} {label} taken for ", place + 1)), "{tag}");
        let enlarged: Vec<u8> =
            (0..168 * 168).map(|i| data.test.image(index)[i / 168 / 6 * 28 + i % 168 / 6]).collect();
        assert_eq!(pixels, enlarged, "{tag}");
    }
}

#[test]
fn settings_are_a_table_and_a_text() {
    let data = strokes::generate(1, 300, 200);
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), &data, EvaluatedOn::Test);
    let events = read(runs.path());
    let beginning = values(&events[1]);
    let tags: Vec<_> = beginning.iter().map(|v| v.tag.as_str()).collect();
    assert_eq!(tags, ["run", "recipe", "_hparams_/session_start_info"]);
    let Some(Kind::Tensor(text)) = &beginning[1].kind else { panic!("the recipe is text") };
    let text = std::str::from_utf8(&text.string_val[0]).unwrap();
    let toml = text.strip_prefix("```toml\n").and_then(|t| t.strip_suffix("```\n")).unwrap();
    let recipe = Recipe::from_toml("tiny.toml", TINY, &[]).unwrap();
    assert_eq!(Recipe::from_toml("text", toml, &[]).unwrap(), recipe);

    let plugin = |value: &Value| value.metadata.clone().unwrap().plugin.unwrap();
    assert_eq!(plugin(&beginning[0]).name, "text");
    assert_eq!(plugin(&beginning[2]).name, "hparams");
    let told = |value: &Value| Hparams::decode(&plugin(value).content[..]).unwrap().data.unwrap();
    let HparamsData::Start(start) = told(&beginning[2]) else { panic!("a beginning") };
    let setting = |name: &str| start.hparams[name].value.clone().unwrap();
    assert_eq!(setting("batch_size"), SettingValue::Number(60.0));
    assert_eq!(setting("schedule.learning_rate"), SettingValue::Number(0.1));
    assert_eq!(setting("schedule.type"), SettingValue::Text("constant".into()));
    assert!(!start.hparams.contains_key("about"));
    assert_eq!((start.group_name.as_str(), start.start_time_secs), ("", 1000.5));
    let HparamsData::End(end) = told(values(&events[5]).last().unwrap()) else { panic!("an end") };
    assert_eq!((end.status, end.end_time_secs), (1, 1005.0));
}

#[test]
fn a_run_judged_on_held_out_images_says_so() {
    // As many as are held out, and a few to train on.
    let data = strokes::generate(1, 10_060, 10);
    let runs = tempfile::tempdir().unwrap();
    run(runs.path(), &data, EvaluatedOn::Validation);
    let tags: Vec<String> = scalars(&read(runs.path())[2]).into_iter().map(|(tag, _)| tag.to_owned()).collect();
    assert!(tags.contains(&"accuracy/validation".to_owned()) && !tags.iter().any(|t| t.ends_with("/test")), "{tags:?}");
}
