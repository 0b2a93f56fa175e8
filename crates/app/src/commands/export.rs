//! `longhand export`: a trained model as a file for other programs.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use longhand_data::Normalisation;
use longhand_model_files::{Model, c_header, onnx, safetensors, weights_sha256};
use longhand_nn::Shape;
use longhand_training::write_atomically;
use serde_json::{Value, json};

use super::Exit;
use crate::arguments::export::{ExportArguments, ExportFormat, ExportInput};
use crate::printer::{Printer, thousands};
use crate::weights;

/// A file before it is written: its bytes, what to tell people and what to tell programs.
struct Export {
    bytes: Vec<u8>,
    /// Lines about what goes in and comes out, then how to use it.
    lines: Vec<String>,
    /// What is particular to the format.
    details: Value,
}

/// Writes the file and says what is in it.
pub fn run(arguments: &ExportArguments) -> anyhow::Result<Exit> {
    let to = &arguments.to;
    let format = match arguments.format {
        Some(format) => format,
        None => format_of(to)?,
    };
    for (given, flag) in [(arguments.fold, "--fold"), (arguments.input.is_some(), "--input")] {
        ensure!(!given || format == ExportFormat::Onnx, "{flag} is for ONNX; {} has no such choice", name(format));
    }
    ensure!(!to.is_dir(), "{} is a folder; --to takes the file to write", to.display());
    ensure!(
        arguments.force || !to.exists(),
        "{} is there already; give --force to overwrite it, or another name",
        to.display()
    );
    let model = weights::model(&weights::file(&arguments.model))?;
    let export = match format {
        ExportFormat::Onnx => as_onnx(&model, arguments)?,
        ExportFormat::Safetensors => as_safetensors(&model, to),
        ExportFormat::CHeader => as_c_header(&model, to)?,
    };
    write_atomically(to, &export.bytes).with_context(|| format!("cannot write {}", to.display()))?;

    let printer = Printer::new(arguments.json);
    let parameters = model.network.parameters().len();
    printer.line(&format!(
        "wrote    {}, {} bytes: {}, recipe {}, {} parameters",
        to.display(),
        thousands(export.bytes.len()),
        name(format),
        model.recipe,
        thousands(parameters)
    ));
    export.lines.iter().for_each(|line| printer.line(line));
    if arguments.json {
        let mut report = json!({
            "file": to,
            "format": match format {
                ExportFormat::Onnx => "onnx",
                ExportFormat::Safetensors => "safetensors",
                ExportFormat::CHeader => "c-header",
            },
            "bytes": export.bytes.len(),
            "recipe": model.recipe,
            "parameters": parameters,
            "weights_sha256": weights_sha256(&model.network),
        });
        let Value::Object(details) = export.details else { unreachable!("details are an object") };
        report.as_object_mut().expect("it is one").extend(details);
        printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(Exit::Done)
}

/// The format that the ending of `path` says.
fn format_of(path: &Path) -> anyhow::Result<ExportFormat> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    Ok(match ending.as_deref() {
        Some("onnx") => ExportFormat::Onnx,
        Some("safetensors") => ExportFormat::Safetensors,
        Some("h") => ExportFormat::CHeader,
        _ => bail!(
            "the ending of {} does not tell the format; end it in .onnx, .safetensors or .h, or give --format onnx, \
             safetensors or c-header",
            path.display()
        ),
    })
}

fn name(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Onnx => "ONNX",
        ExportFormat::Safetensors => "safetensors",
        ExportFormat::CHeader => "a C header",
    }
}

fn as_onnx(model: &Model, arguments: &ExportArguments) -> anyhow::Result<Export> {
    let batch_norm = if arguments.fold { onnx::BatchNorm::Fold } else { onnx::BatchNorm::Keep };
    let input = match arguments.input.unwrap_or(ExportInput::Raw) {
        ExportInput::Raw => onnx::Input::Raw,
        ExportInput::Normalised => onnx::Input::Normalised,
    };
    let Shape { channels, height, width } = model.network.spec().input_shape();
    let (classes, pixels) = (model.network.classes(), input.describe(model));
    let Normalisation { mean, std } = model.normalisation;
    let fed = match input {
        onnx::Input::Raw => "pixels".to_owned(),
        onnx::Input::Normalised => format!("(pixels / 255 - {mean}) / {std}"),
    };
    let lines = vec![
        format!("input    {}, float32, {} × {channels} × {height} × {width}: {pixels}", onnx::INPUT, onnx::BATCH),
        format!(
            "output   {}, float32, {} × {classes}: argmax is the class, exp gives probabilities",
            onnx::OUTPUT,
            onnx::BATCH
        ),
        format!(
            "form     operator set {}, batch norm {}\n",
            onnx::OPSET,
            if arguments.fold { "folded" } else { "kept" }
        ),
        "import numpy, onnxruntime".into(),
        format!("session = onnxruntime.InferenceSession({:?})", arguments.to.display().to_string()),
        format!("pixels = images.reshape(-1, {channels}, {height}, {width}).astype(numpy.float32)"),
        format!("(log_probabilities,) = session.run(None, {{{:?}: {fed}}})", onnx::INPUT),
    ];
    let details = json!({
        "opset": onnx::OPSET,
        "batch_norm": if arguments.fold { "folded" } else { "kept" },
        "input": {
            "name": onnx::INPUT, "type": "float32", "shape": [onnx::BATCH, channels, height, width],
            "normalised": input == onnx::Input::Normalised, "pixels": pixels,
        },
        "output": { "name": onnx::OUTPUT, "type": "float32", "shape": [onnx::BATCH, classes] },
        "normalisation": model.normalisation,
    });
    Ok(Export { bytes: onnx::write(model, &onnx::Options { batch_norm, input })?, lines, details })
}

fn as_safetensors(model: &Model, to: &Path) -> Export {
    let tensors = model.network.state().len();
    let lines = vec![
        format!(
            "holds    {tensors} tensors under PyTorch's names and in its layouts; the network is in the metadata\n"
        ),
        "import safetensors.torch".into(),
        format!("state = safetensors.torch.load_file({:?})", to.display().to_string()),
        "module.load_state_dict(state)  # a module with the same layers, named conv1, batch_norm1, linear1, …".into(),
    ];
    let bytes = safetensors::write(&model.network, &model.recipe, &model.normalisation);
    Export { bytes, lines, details: json!({ "tensors": tensors, "normalisation": model.normalisation }) }
}

fn as_c_header(model: &Model, to: &Path) -> anyhow::Result<Export> {
    let stem = to.file_stem().unwrap_or_default().to_string_lossy();
    let header = c_header::write(model, &stem)?;
    let Shape { channels, height, width } = model.network.spec().input_shape();
    let (classes, prefix, upper) = (model.network.classes(), &header.prefix, header.prefix.to_ascii_uppercase());
    let file = to.file_name().unwrap_or_default().to_string_lossy();
    let lines = vec![
        format!("input    {channels} × {height} × {width} bytes: 0 paper, 255 ink"),
        format!("output   the class, from 0 to {}; and {classes} logits, where they are asked for", classes - 1),
        format!(
            "memory   {} bytes of weights (flash), {} of work area (RAM), less than {} of stack\n",
            thousands(header.flash_bytes),
            thousands(header.work_bytes),
            c_header::STACK_BYTES
        ),
        format!("#include \"{file}\""),
        format!("static float work[{upper}_WORK_FLOATS];"),
        format!("int digit = {prefix}_predict(image, work, NULL);"),
    ];
    let details = json!({
        "function": format!("{prefix}_predict"),
        "flash_bytes": header.flash_bytes,
        "work_bytes": header.work_bytes,
        "stack_bytes": c_header::STACK_BYTES,
        "input": { "type": "uint8", "shape": [channels, height, width] },
        "classes": classes,
    });
    Ok(Export { bytes: header.text.into_bytes(), lines, details })
}
