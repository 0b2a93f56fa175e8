//! The folder in which the examples of `docs/errors.md` are carried out: each file's name says what is wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::Path;

use longhand_data::{Dataset, Normalisation, grey_png, idx, strokes};
use longhand_kernels::Isa;
use longhand_model_files::safetensors as model_file;
use longhand_nn::{LayerSpec, Network, NetworkSpec};
use longhand_training::{Checkpoint, EvaluatedOn, Override, Recipe, RunFolder, RunLock, Split, built_in};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{longhand, tiny_recipe};

/// The folder, and what must be held on to while it is used.
pub struct Made {
    folder: TempDir,
    _busy: RunLock,
}

impl Made {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes the folder.
pub fn folder() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("empty")).unwrap();
    write(&at.join("a-file"), b"in the way");
    write(&at.join("notes.txt"), b"these are notes, and nothing else");
    write(&at.join("not-text.toml"), b"\xff\xfe\xfd");
    huge(&at.join("big.toml"), 2 << 20);
    recipes(at);
    suites(at);
    networks(at);
    data(&at.join("idx"));
    pictures(at);
    workbooks(at);
    let busy = runs(at);
    models(at);
    Made { folder, _busy: busy }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A file of `bytes` zeros that takes no room.
fn huge(path: &Path, bytes: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap().set_len(bytes).unwrap();
}

fn recipes(at: &Path) {
    tiny_recipe(at);
    let tiny = fs::read_to_string(at.join("tiny.toml")).unwrap();
    let layers = &tiny[tiny.find("layers = ").unwrap()..];
    let with = |name: &str, from: &str, to: &str| {
        assert!(tiny.contains(from), "{from}");
        write(&at.join(name), tiny.replace(from, to).as_bytes());
    };
    let of_layers = |name: &str, lines: &str| with(name, layers, &format!("layers = [{lines}]"));
    with("long-name.toml", "\"tiny\"", &format!("\"{}\"", "tiny-".repeat(40)));
    with("adamw-betas.toml", "momentum = 0.9", "type = \"adamw\"\nbetas = [0.9, 1.5]");
    with("nesterov.toml", "momentum = 0.9", "momentum = 0.0\nnesterov = true");
    with("momentum-of-adamw.toml", "momentum = 0.9", "type = \"adamw\"\nmomentum = 0.9");
    let pool = "{ type = \"max_pool\" }, ".repeat(4);
    of_layers("pooled-too-much.toml", &format!("{pool}{{ type = \"conv\", channels = 2, kernel = 3 }}"));
    of_layers("nothing-to-pool.toml", &format!("{pool}{{ type = \"max_pool\" }}"));
    of_layers(
        "softmax-first.toml",
        "{ type = \"global_average_pool\" }, { type = \"linear\", features = 10 }, { type = \"log_softmax\" }, { type = \"relu\" }",
    );
    of_layers(
        "too-many-parameters.toml",
        "{ type = \"linear\", features = 65000 }, { type = \"linear\", features = 10 }, { type = \"log_softmax\" }",
    );
    of_layers("no-softmax.toml", "{ type = \"linear\", features = 10 }");
    of_layers("softmax-of-images.toml", "{ type = \"log_softmax\" }");
}

fn suites(at: &Path) {
    let tiny = "[[entry]]\nrecipe = \"../tiny.toml\"\n";
    let suite =
        |name: &str, text: String| write(&at.join("suites").join(name), format!("name = \"made\"\n{text}").as_bytes());
    suite("no-entry.toml", "seeds = 1".to_owned());
    suite("twins.toml", format!("seeds = 1\n{tiny}{tiny}"));
    suite("hidden.toml", format!("seeds = 1\n{tiny}name = \".tiny\"\n"));
    suite("unknown-recipe.toml", "seeds = 1\n[[entry]]\nrecipe = \"nosuch\"\n".to_owned());
    suite("seeds.toml", format!("seeds = \"few\"\n{tiny}"));
    suite("one.toml", format!("seeds = 1\n{tiny}"));
    suite("nine-classes.toml", format!("seeds = 1\n{tiny}set = [\"network.layers.9.features=9\"]\n"));
    // The suite's only run has its folder there.
    write(&at.join("occupied/tiny-s0/shopping-list"), b"milk");
}

fn networks(at: &Path) {
    let network = |name: &str, text: &str| write(&at.join("networks").join(name), text.as_bytes());
    let sample = "{ inputs = [0.1, 0.2], targets = [0.0, 1.0] }";
    network("no-samples.toml", "samples = []");
    network("many-samples.toml", &format!("samples = [{}]", [sample; 65].join(", ")));
    network("samples-twice.toml", &format!("samples = [{sample}]\ninputs = [0.1, 0.2]"));
    network("no-rates.toml", "learning_rates = []");
    let rates: Vec<String> = (1..=65).map(|n| format!("{n}.0")).collect();
    network("many-rates.toml", &format!("learning_rates = [{}]", rates.join(", ")));
    network(
        "too-wide.toml",
        &format!("layers = [2, 60, 2]\nsamples = [{}]\nlearning_rates = [0.5]\nrows = 2", [sample; 64].join(", ")),
    );
    network("long-formula.toml", "layers = [1500, 1]\nlearning_rates = [0.5]\nrows = 2");
}

fn data(at: &Path) {
    let images = idx::write_images(28, 28, &[0; 2 * 28 * 28]);
    let labels = idx::write_labels(&[3, 7]);
    let names =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    let folder = |folder: &str, wrong: &str, bytes: &[u8]| {
        for name in names {
            let own = if name.contains("images") { &images } else { &labels };
            write(&at.join(folder).join(name), if name == wrong { bytes } else { own });
        }
    };
    let changed = |at: usize, byte: u8| {
        let mut bytes = images.clone();
        bytes[at] = byte;
        bytes
    };
    // A gzip stream of nothing, sound, and one of "x" whose checksum is wrong.
    let nothing = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0";
    let damaged = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x01\0\xfe\xffx\0\0\0\0\x01\0\0\0";
    let first = names[0];
    folder("no-header", first, b"IDX");
    folder("labels-for-images", first, &labels);
    folder("no-sides", first, &changed(11, 0));
    folder("short", first, &images[..images.len() - 1]);
    folder("long", first, &[&images[..], b"!"].concat());
    folder("cut-gzip", first, &nothing[..11]);
    folder("damaged-gzip", first, damaged);
    folder("appended-gzip", first, &[&nothing[..], b"!"].concat());
    folder("other-digits", first, &images);
    folder("huge", first, &images);
    huge(&at.join("huge").join(first), (128 << 20) + 1);
}

fn pictures(at: &Path) {
    let grey = |width: usize, height: usize, ink: &dyn Fn(usize, usize) -> bool| {
        let pixel = |n: usize| if ink(n % width, n / width) { 0 } else { 255 };
        grey_png::encode(width, height, &(0..width * height).map(pixel).collect::<Vec<u8>>()).unwrap()
    };
    let seven = grey(100, 100, &|x, y| {
        (30..70).contains(&x) && (20..28).contains(&y) || (y > 20 && y < 80 && (x + y / 2).abs_diff(78) < 5)
    });
    write(&at.join("seven.png"), &seven);
    write(&at.join("empty.png"), b"");
    write(&at.join("drawing.gif"), b"GIF89a\x01\0\x01\0\0\0\0;");
    write(&at.join("blank.png"), &grey(50, 50, &|_, _| false));
    write(&at.join("speck.png"), &grey(200, 200, &|x, y| x.abs_diff(100) < 1 && y.abs_diff(100) < 1));
    write(&at.join("endless.png"), &grey(20_000, 1, &|_, _| false));
    write(&at.join("cut-short.png"), &seven[..seven.len() / 2]);
    let mut damaged = seven.clone();
    // In the pixels, behind signature, header and the beginning of their chunk.
    damaged[50] ^= 0xff;
    write(&at.join("damaged.png"), &damaged);
    // What says that there are frames stands behind the header, which ends at byte 33.
    let frames = b"acTL\0\0\0\x01\0\0\0\0";
    let chunk = [&[0, 0, 0, 8][..], frames, &crc32(frames).to_be_bytes()].concat();
    write(&at.join("moving.png"), &[&seven[..33], &chunk, &seven[33..]].concat());
    huge(&at.join("huge.png"), (128 << 20) + 1);
}

/// The checksum of a PNG's chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1))))
}

fn workbooks(at: &Path) {
    write(&at.join("damaged.xlsx"), b"PK\x03\x04broken");
    let formulas = |name: &str, cells: &[&str]| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (column, formula) in (0..).zip(cells) {
            sheet.write_formula(0, column, *formula).unwrap();
        }
        book.save(at.join(name)).unwrap();
    };
    formulas("circle.xlsx", &["=B1+1", "=A1+1"]);
    formulas("sums.xlsx", &["=1+2", "=A1+3"]);
    let run = longhand(&["worksheet", "--quiet", "--out", "sheet", "--rows", "10"], at);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// A copy of the run folder `from`.
fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&entry, to.join(entry.file_name().unwrap())).unwrap();
    }
}

fn with_record(run: &Path, change: impl FnOnce(&mut Value)) {
    let path = run.join("run.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut record);
    fs::write(path, serde_json::to_vec_pretty(&record).unwrap()).unwrap();
}

/// Runs, and the lock of the one that a process is at.
fn runs(at: &Path) -> RunLock {
    let trained = longhand(&["train", "tiny.toml", "--data", "strokes", "--epochs", "1", "--runs", "trained"], at);
    assert_eq!(trained.code, 0, "{}", trained.stderr);
    let done = at.join("done");
    fs::rename(fs::read_dir(at.join("trained")).unwrap().next().unwrap().unwrap().path(), &done).unwrap();
    fs::copy(done.join("model.safetensors"), at.join("model.onnx")).unwrap();
    let of_done = |name: &str, change: &dyn Fn(&mut Value)| {
        copied(&done, &at.join(name));
        with_record(&at.join(name), change);
    };
    of_done("diverged", &|record| record["status"] = "diverged".into());
    of_done("other-images", &|record| record["data"]["fingerprint"] = "0123456789abcdef".into());
    of_done("no-time", &|record| record["started"] = "yesterday".into());
    of_done("torn", &|_| {});
    write(&at.join("torn/metrics.jsonl"), b"");
    write(&at.join("not-a-record/run.json"), b"{");

    let data = strokes::built_in();
    let begun = begun(at, &data, "begun", &[]);
    let of_begun = |name: &str, change: &dyn Fn(&mut Value)| {
        copied(&begun, &at.join(name));
        with_record(&at.join(name), change);
    };
    of_begun("no-epoch", &|_| {});
    of_begun("other-layout", &|record| record["format"] = 2.into());
    of_begun("bad-recipe", &|record| record["resolved_recipe"]["epochs"] = 0.into());
    of_begun("other-data", &|record| record["data"]["fingerprint"] = "0123456789abcdef".into());
    of_begun("other-split", &|record| record["data"]["train_images"] = 7.into());
    of_begun("busy", &|_| {});

    let checkpoint = fs::read(begun.join("checkpoint.safetensors")).unwrap();
    let of_checkpoint = |name: &str, bytes: &[u8]| {
        copied(&begun, &at.join("checkpoints").join(name));
        write(&at.join("checkpoints").join(name).join("checkpoint.safetensors"), bytes);
    };
    let numbered = |from: &str, to: &str| replaced(&checkpoint, from, to);
    let believed = |bytes: &[u8]| Checkpoint::with_right_checksum(bytes).unwrap();
    let mut damaged = checkpoint.clone();
    *damaged.last_mut().unwrap() ^= 1;
    of_checkpoint("damaged", &damaged);
    of_checkpoint("a-model", &fs::read(done.join("model.safetensors")).unwrap());
    of_checkpoint("other-layout", &numbered("\\\"format\\\":1", "\\\"format\\\":2"));
    of_checkpoint("beyond-the-end", &believed(&numbered("\\\"epoch\\\":1", "\\\"epoch\\\":9")));
    of_checkpoint("ahead", &believed(&numbered("\\\"epoch\\\":1", "\\\"epoch\\\":2")));
    of_checkpoint("too-large", b"");
    huge(&at.join("checkpoints/too-large/checkpoint.safetensors"), 64 << 20);
    let other = self::begun(at, &data, "begun-otherwise", &["seed=1"]);
    of_checkpoint("of-another-run", &fs::read(other.join("checkpoint.safetensors")).unwrap());
    for name in ["from-other-weights", "gone"] {
        of_checkpoint(name, &checkpoint);
        with_record(&at.join("checkpoints").join(name), |record| {
            record["initial_weights"] = serde_json::json!({ "file": "first.safetensors", "weights_sha256": "00" });
        });
    }
    fs::remove_file(at.join("checkpoints/gone/checkpoint.safetensors")).unwrap();
    RunLock::try_take(&at.join("busy")).unwrap().expect("nobody else is at it")
}

/// A run that has begun and stands at its beginning, and whose process is gone.
fn begun(at: &Path, data: &Dataset, name: &str, set: &[&str]) -> std::path::PathBuf {
    let overrides: Vec<Override> = set.iter().map(|set| set.parse().unwrap()).collect();
    let recipe = Recipe::from_toml("tiny", &fs::read_to_string(at.join("tiny.toml")).unwrap(), &overrides).unwrap();
    let split = Split::new(data, EvaluatedOn::Test).unwrap();
    let network = Network::new(&recipe.network, recipe.initialisation, recipe.seed).unwrap();
    let mut run =
        RunFolder::create(&at.join("made"), &recipe, &split, network.parameters().len(), Isa::detect(), 1).unwrap();
    run.keep_checkpoint(&Checkpoint::beginning(&recipe, &split, &network)).unwrap();
    let from = run.path().to_owned();
    drop(run);
    fs::rename(&from, at.join(name)).unwrap();
    at.join(name)
}

/// `bytes` with a text of theirs in the place of another one of the same length.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at =
        bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap_or_else(|| panic!("no {from}"));
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// A safetensors file taken apart.
#[derive(Clone)]
struct Tensors {
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
    metadata: Option<String>,
}

impl Tensors {
    fn of(bytes: &[u8]) -> Self {
        let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
        let tensors = SafeTensors::deserialize(bytes).unwrap();
        let apart = |(name, view): (String, TensorView<'_>)| {
            (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        };
        let metadata = header.metadata().as_ref().map(|metadata| metadata["longhand"].clone());
        Tensors { tensors: tensors.tensors().into_iter().map(apart).collect(), metadata }
    }

    fn bytes(&self) -> Vec<u8> {
        let views = self
            .tensors
            .iter()
            .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        let metadata = self.metadata.clone().map(|text| HashMap::from([("longhand".to_owned(), text)]));
        safetensors::serialize(views, metadata).unwrap()
    }

    fn changed(&self, change: impl FnOnce(&mut Tensors)) -> Vec<u8> {
        let mut tensors = self.clone();
        change(&mut tensors);
        tensors.bytes()
    }

    fn set(&mut self, name: &str, value: f32) {
        let (.., bytes) = self.tensors.get_mut(name).unwrap_or_else(|| panic!("no tensor {name}"));
        bytes.chunks_exact_mut(4).for_each(|four| four.copy_from_slice(&value.to_le_bytes()));
    }
}

/// A file with that header and so many zeros behind it.
fn headed(header: &str, zeros: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; zeros]].concat()
}

fn models(at: &Path) {
    let model = |name: &str, bytes: &[u8]| write(&at.join("models").join(name), bytes);
    let whole = fs::read(at.join("done/model.safetensors")).unwrap();
    let sound = Tensors::of(&whole);
    write(&at.join("pickle.pth"), b"PK\x03\x04\0\0\0\0archive/data.pkl");
    write(&at.join("huge.safetensors"), &headed("{}", 0));
    File::options().write(true).open(at.join("huge.safetensors")).unwrap().set_len((1 << 29) + 1).unwrap();
    model("cut-in-header.safetensors", &whole[..40]);
    model("cut-short.safetensors", &whole[..whole.len() - 4]);
    model("noise.safetensors", &[0xa5; 64]);
    model("no-json.safetensors", &headed("{\"a\": no", 0));
    model("gap.safetensors", &headed("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8));
    model("wrong-size.safetensors", &headed("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8));
    model("half-precision.safetensors", &headed("{\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}", 8));
    model("nan.safetensors", &sound.changed(|t| t.set("linear1.bias", f32::NAN)));
    model("negative-variance.safetensors", &sound.changed(|t| t.set("batch_norm1.running_var", -1.0)));
    let counter = "batch_norm1.num_batches_tracked";
    model(
        "counter.safetensors",
        &sound.changed(|t| drop(t.tensors.insert(counter.to_owned(), (Dtype::F32, vec![], vec![0; 4])))),
    );
    model("state-dict.safetensors", &sound.changed(|t| t.metadata = None));
    let seed = Recipe::from_toml("seed", built_in("seed").unwrap(), &[]).unwrap();
    let seed = Network::new(&seed.network, seed.initialisation, 0).unwrap();
    let seed = Tensors::of(&model_file::write(&seed, "seed", &Normalisation::default()));
    model("state-dict-of-seed.safetensors", &seed.changed(|t| t.metadata = None));
    let described = |change: &dyn Fn(&mut Value)| {
        let mut metadata: Value = serde_json::from_str(sound.metadata.as_ref().unwrap()).unwrap();
        change(&mut metadata);
        sound.changed(|t| t.metadata = Some(metadata.to_string()))
    };
    model(
        "strange-metadata.safetensors",
        &described(&|metadata| *metadata = serde_json::json!({ "author": "somebody" })),
    );
    model("name-with-bell.safetensors", &described(&|metadata| metadata["recipe"] = "ti\u{7}ny".into()));
    model("no-deviation.safetensors", &described(&|metadata| metadata["normalisation"]["std"] = 0.into()));
    model(
        "other-shape.safetensors",
        &sound.changed(|t| drop(t.tensors.insert("linear1.bias".to_owned(), (Dtype::F32, vec![3], vec![0; 12])))),
    );
    model("missing.safetensors", &sound.changed(|t| drop(t.tensors.remove("linear1.bias"))));
    model(
        "one-more.safetensors",
        &sound.changed(|t| drop(t.tensors.insert("linear2.bias".to_owned(), (Dtype::F32, vec![3], vec![0; 12])))),
    );
    model(
        "overflowing.safetensors",
        &sound.changed(|t| {
            t.set("batch_norm1.weight", 3e38);
            t.set("batch_norm1.running_var", 0.0);
        }),
    );
    let of_layers = |input, features| {
        let layers = vec![LayerSpec::Linear { features, bias: true }, LayerSpec::LogSoftmax {}];
        let network = Network::new(&NetworkSpec { input, layers }, longhand_nn::Initialisation::He, 1).unwrap();
        model_file::write(&network, "made", &Normalisation::default())
    };
    model("wide.safetensors", &of_layers([1, 32, 32], 10));
    model("nine-classes.safetensors", &of_layers([1, 28, 28], 9));
}
