//! `longhand worksheet`: back-propagation worked out by hand, as a folder of documents.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use longhand_derivation::document;
use longhand_derivation::spec::{Biases, NetworkDraft, NetworkSpec};
use longhand_derivation::typed::Numbers;
use longhand_derivation::worksheet::Worksheet;
use longhand_report::{curves, worksheet_page};
use longhand_workbook::write::worksheet_workbook;
use rayon::prelude::*;
use serde_json::json;

use super::Exit;
use crate::arguments::{BiasKind, WorksheetArguments};
use crate::printer::Printer;
use crate::terminal_text::for_a_terminal;

/// The largest description of a network that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Works the network out and writes its folder.
pub fn run(arguments: &WorksheetArguments) -> anyhow::Result<Exit> {
    let printer = Printer::new(arguments.json);
    let spec = spec(arguments)?;
    let folder = Folder::open(&arguments.out, arguments.force)?;
    let worksheet = Worksheet::work_out(spec)?;
    let text = document::markdown(&worksheet);
    let files = files(&worksheet, &text)?;
    folder.write(&files)?;

    if !arguments.quiet {
        printer.line(&for_a_terminal(&text));
    }
    printer.line(&format!("written to {}:", arguments.out.display()));
    for (name, bytes) in &files {
        printer.line(&format!("  {name} ({} kB)", bytes.len().div_ceil(1000)));
    }
    if arguments.json {
        let rates = worksheet.table.rates.iter().map(|rate| {
            let errors: Vec<Option<f64>> = worksheet.table.errors(rate).collect();
            json!({
                "learning_rate": rate.learning_rate,
                "rows": rate.rows(),
                "first_error": errors.first(),
                "last_error": errors.last(),
                "overflow_in_row": rate.overflow.as_ref().map(|o| o.row),
            })
        });
        let report = json!({
            "out": arguments.out,
            "files": files.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "network": worksheet.network.spec,
            "tables": rates.collect::<Vec<_>>(),
        });
        printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(Exit::Done)
}

/// Screen pixels of a PNG to a unit of its picture: sharp on dense screens and in print.
const PNG_SCALE: f64 = 2.0;

/// Everything the folder will hold.
fn files(worksheet: &Worksheet, text: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![
        ("derivation.md".to_owned(), text.as_bytes().to_vec()),
        ("derivation.tex".to_owned(), document::latex(worksheet).into_bytes()),
        ("table.csv".to_owned(), worksheet.table.csv().into_bytes()),
        ("worksheet.xlsx".to_owned(), worksheet_workbook(worksheet)?),
        ("worksheet.html".to_owned(), worksheet_page(worksheet).into_bytes()),
        ("network.toml".to_owned(), description(&worksheet.network.spec).into_bytes()),
    ];
    let mut charts = vec![("curves".to_owned(), curves::all_rates(worksheet))];
    for rate in &worksheet.table.rates {
        charts.push((format!("curve-{}", rate.learning_rate), curves::of_rate(worksheet, rate)));
    }
    charts.push(("divergence".to_owned(), curves::divergence(worksheet)));
    // Rasterising is most of the work, and every picture is drawn alone.
    let drawn: Vec<_> = charts
        .into_par_iter()
        .flat_map_iter(|(name, chart)| {
            let picture = chart.draw();
            [(format!("{name}.svg"), picture.svg().into_bytes()), (format!("{name}.png"), picture.png(PNG_SCALE))]
        })
        .collect();
    files.extend(drawn);
    Ok(files)
}

/// The whole network as a file that the command takes: a page to start another one from.
fn description(spec: &NetworkSpec) -> String {
    let fields = toml::to_string(spec).expect("numbers, names and lists of them");
    format!("# What `longhand worksheet network.toml` works out. Any of it may be left out or changed.\n{fields}")
}

/// The network asked for: the file's, with the flags' in its place where given.
fn spec(arguments: &WorksheetArguments) -> anyhow::Result<NetworkSpec> {
    let mut draft = match &arguments.network {
        Some(path) => read(path)?,
        None => NetworkDraft::default(),
    };
    fn replace<T: Clone>(field: &mut Option<T>, flag: &Option<T>) {
        if flag.is_some() {
            field.clone_from(flag);
        }
    }
    let list = |flag: &Option<Numbers>| flag.as_ref().map(|n| n.0.clone());
    replace(&mut draft.layers, &arguments.layers.as_ref().map(|l| l.0.clone()));
    replace(&mut draft.hidden_activation, &arguments.activation);
    replace(&mut draft.output_activation, &arguments.output_activation);
    replace(&mut draft.loss, &arguments.loss);
    replace(&mut draft.weights, &list(&arguments.weights));
    replace(&mut draft.learning_rates, &list(&arguments.learning_rates));
    replace(&mut draft.rows, &arguments.rows);
    if arguments.inputs.is_some() || arguments.targets.is_some() {
        if draft.samples.is_some() || !arguments.samples.is_empty() {
            bail!("--inputs and --targets are of a network with one sample; give --sample INPUTS:TARGETS for several");
        }
        replace(&mut draft.inputs, &list(&arguments.inputs));
        replace(&mut draft.targets, &list(&arguments.targets));
    }
    if !arguments.samples.is_empty() {
        (draft.inputs, draft.targets) = (None, None);
        draft.samples = Some(arguments.samples.iter().map(|s| s.0.clone()).collect());
    }
    let values = arguments.bias_values.as_ref().map(|n| n.0.clone());
    match (arguments.biases, values) {
        (Some(BiasKind::None), Some(_)) => bail!("--bias-values needs --biases per-layer or per-neuron"),
        (Some(BiasKind::None), None) => draft.biases = Some(Biases::None),
        (Some(BiasKind::PerLayer), values) => draft.biases = Some(Biases::PerLayer(values.unwrap_or_default())),
        (Some(BiasKind::PerNeuron), values) => draft.biases = Some(Biases::PerNeuron(values.unwrap_or_default())),
        (None, Some(values)) => match &mut draft.biases {
            Some(Biases::PerLayer(given) | Biases::PerNeuron(given)) => *given = values,
            _ => bail!("--bias-values needs --biases per-layer or per-neuron"),
        },
        (None, None) => {}
    }
    Ok(draft.resolve()?)
}

fn read(path: &Path) -> anyhow::Result<NetworkDraft> {
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if size > MAX_BYTES {
        bail!(
            "{} has {size} bytes, and the description of a network has at most {MAX_BYTES}: is it one?",
            path.display()
        );
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).map_err(|e| anyhow!("{}: {e}", path.display()))
}

/// The folder to write, checked before anything is worked out.
struct Folder<'a> {
    path: &'a Path,
}

impl<'a> Folder<'a> {
    fn open(path: &'a Path, force: bool) -> anyhow::Result<Self> {
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !force {
                    bail!(
                        "the folder {} is not empty; name another with --out, or have its files overwritten with --force",
                        path.display()
                    );
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).with_context(|| format!("cannot use {} as the folder", path.display())),
        }
        Ok(Folder { path })
    }

    fn write(&self, files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
        fs::create_dir_all(self.path).with_context(|| format!("cannot make the folder {}", self.path.display()))?;
        for (name, bytes) in files {
            let path = self.path.join(name);
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}
