//! The text of a header.

use std::collections::BTreeSet;
use std::fmt::Write;

use longhand_nn::Shape;

use super::STACK_BYTES;
use super::plan::{Call, Finish, Kind, Pool};
use crate::fingerprint::weights_sha256;
use crate::inference_steps::{ScaleShift, Weights, singles};
use crate::model::Model;

/// The C functions, `PREFIX_` before each name: sections in the order of [`Section`], a line `//` between them.
const FUNCTIONS: &str = include_str!("functions.c");

/// The sections of [`FUNCTIONS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Tap,
    Convolution,
    Linear,
    Relu,
    ScaleShift,
    MaxPool,
    GlobalAveragePool,
}

/// The header with these calls.
pub fn text(model: &Model, name: &str, prefix: &str, calls: &[Call], work_floats: usize, flash_bytes: usize) -> String {
    let upper = prefix.to_ascii_uppercase();
    let input = model.network.spec().input_shape();
    let (inputs, classes) = (input.elements(), model.network.classes());
    let Shape { channels, height, width } = input;
    let work_bytes = 4 * work_floats;
    let image = if channels == 1 {
        format!("{height} x {width} bytes, row by row from the top left")
    } else {
        format!("{channels} x {height} x {width} bytes, channel by channel, each row by row from the top left")
    };
    // What a recipe and the file are called are strangers' texts: they may not end the comment.
    let harmless =
        |text: &str| -> String { text.chars().filter(|c| !c.is_control() && !matches!(c, '*' | '\\' | '"')).collect() };
    let (recipe, name) = (harmless(&model.recipe), harmless(name));
    let mut text = format!(
        "\
/*
 * {prefix}: a trained network of {parameters} parameters that tells {classes} classes apart.
 * Written by Longhand {version} (recipe `{recipe}`). C99 or C++; needs no library.
 *
 * Use:
 *
 *     #include \"{name}.h\"
 *
 *     static float work[{upper}_WORK_FLOATS];
 *
 *     int class_of(const uint8_t image[{inputs}])
 *     {{
 *         return {prefix}_predict(image, work, NULL);
 *     }}
 *
 * An image is {image}: 0 paper, 255 ink. Instead of NULL, an array of {classes}
 * floats receives the logits. Define {upper}_LOG_PROBABILITIES before the #include for
 * {prefix}_log_probabilities, which makes log-probabilities of them and needs <math.h>.
 *
 * Memory: {flash_bytes} bytes of weights (flash, the code beside it), {work_bytes} bytes of work area (RAM),
 * which may hold anything between two calls, and less than {STACK_BYTES} bytes of stack. Nothing is allocated and
 * no state is kept: whoever has a work area of their own may call at any time.
 *
 * Batch normalisation and the normalisation of pixels are part of the weights.
 * The trained weights' SHA-256: {sha256}
 */
#ifndef LONGHAND_{upper}_H
#define LONGHAND_{upper}_H

#include <stddef.h>
#include <stdint.h>

#define {upper}_CHANNELS {channels}
#define {upper}_HEIGHT {height}
#define {upper}_WIDTH {width}
#define {upper}_CLASSES {classes}
#define {upper}_WORK_FLOATS {work_floats}
#define {upper}_WORK_BYTES {work_bytes}
#define {upper}_FLASH_BYTES {flash_bytes}
#define {upper}_STACK_BYTES {STACK_BYTES}

",
        parameters = model.network.parameters().len(),
        version = env!("CARGO_PKG_VERSION"),
        sha256 = weights_sha256(&model.network),
    );
    let mut names = Constants { text: String::new(), prefix };
    let mut body = String::new();
    for call in calls {
        add_call(&mut body, &mut names, call);
    }
    text += &names.text;
    let used = sections(calls);
    let chosen = FUNCTIONS.split("//\n").enumerate().filter(|(n, _)| used.iter().any(|&s| s as usize == *n));
    for (_, section) in chosen {
        text += &section.replace("PREFIX", prefix);
        text.push('\n');
    }
    let logits = calls.last().map_or(0, |call| call.to);
    write!(
        text,
        "\
/*
 * The class of an image, from 0 to {upper}_CLASSES - 1, the first of equals; -1 if a logit is not a number.
 * work: {upper}_WORK_FLOATS floats. logits: room for {upper}_CLASSES floats, or NULL.
 */
static inline int {prefix}_predict(const uint8_t *image, float *work, float *logits)
{{
    const float *y = work + {logits};
    int best = 0;

    for (int32_t i = 0; i < {inputs}; i++) {{
        work[i] = (float)image[i];
    }}
{body}
    for (int k = 0; k < {classes}; k++) {{
        if (y[k] != y[k]) {{
            best = -1;
        }} else if (best >= 0 && y[k] > y[best]) {{
            best = k;
        }}
        if (logits) {{
            logits[k] = y[k];
        }}
    }}
    return best;
}}

#ifdef {upper}_LOG_PROBABILITIES
#include <math.h>

/* Makes log-probabilities of {upper}_CLASSES logits, in place; expf of each is the class's probability. */
static inline void {prefix}_log_probabilities(float *logits)
{{
    float largest = logits[0], sum = 0.0f;
    for (int k = 1; k < {classes}; k++) {{
        largest = logits[k] > largest ? logits[k] : largest;
    }}
    for (int k = 0; k < {classes}; k++) {{
        sum += expf(logits[k] - largest);
    }}
    for (int k = 0; k < {classes}; k++) {{
        logits[k] -= largest + logf(sum);
    }}
}}
#endif

#endif /* LONGHAND_{upper}_H */
"
    )
    .expect("a string takes everything");
    text
}

/// The sections that `calls` need.
fn sections(calls: &[Call]) -> BTreeSet<Section> {
    let of = |call: &Call| match call.kind {
        Kind::Convolution { .. } => vec![Section::Tap, Section::Convolution],
        Kind::Linear(_) => vec![Section::Linear],
        Kind::Relu(_) => vec![Section::Relu],
        Kind::ScaleShift(_) => vec![Section::ScaleShift],
        Kind::MaxPool => vec![Section::MaxPool],
        Kind::GlobalAveragePool => vec![Section::GlobalAveragePool],
    };
    calls.iter().flat_map(of).collect()
}

/// Appends the C of one call.
fn add_call(body: &mut String, names: &mut Constants, call: &Call) {
    let Call { layers, kind, input, output, from, to } = call;
    let Shape { channels, height, width } = *input;
    let (prefix, name, area) = (names.prefix, layers[0], height * width);
    writeln!(body, "\n    /* {}: {} */", layers.join(", "), shape(*output)).expect("a string takes everything");
    let line = match kind {
        Kind::Convolution { weights, kernel, padding, depthwise, finish } => {
            let (weight, bias) = names.weights(name, weights);
            let initialiser = finish_initialiser(names, name, finish);
            writeln!(body, "    static const {prefix}_finish {name}_finish = {initialiser};").expect("as above");
            // What comes out may be pooled; the bias has as many channels as the layer has.
            let (outputs, depthwise) = (output.channels, u8::from(*depthwise));
            format!(
                "convolution(work + {from}, {channels}, {height}, {width}, {weight}, {bias}, {outputs}, {kernel},\n        \
                 {padding}, {depthwise}, &{name}_finish, work + {to})"
            )
        }
        Kind::Linear(weights) => {
            let (weight, bias) = names.weights(name, weights);
            let (inputs, outputs) = (input.elements(), output.channels);
            format!("linear(work + {from}, {inputs}, {weight}, {bias}, {outputs}, work + {to})")
        }
        Kind::Relu(floor) => {
            let floor = names.optional(name, "floor", *floor);
            format!("relu(work + {from}, {channels}, {area}, {floor})")
        }
        Kind::ScaleShift(affine) => {
            let (scale, shift) = names.scale_shift(name, affine);
            format!("scale_shift(work + {from}, {channels}, {area}, {scale}, {shift})")
        }
        Kind::MaxPool => format!("max_pool(work + {from}, {channels}, {height}, {width})"),
        Kind::GlobalAveragePool => format!("global_average_pool(work + {from}, {channels}, {area})"),
    };
    writeln!(body, "    {prefix}_{line};").expect("as above");
}

fn finish_initialiser(names: &mut Constants, name: &str, finish: &Finish) -> String {
    let floor = names.optional(name, "floor", finish.relu.flatten());
    let (scale, shift) = match finish.scale_shift {
        Some(affine) => names.scale_shift(name, affine),
        None => ("NULL".into(), "NULL".into()),
    };
    let pool = match finish.pool {
        Pool::None => 0,
        Pool::Max => 1,
        Pool::Average => 2,
    };
    format!("{{{}, {floor}, {scale}, {shift}, {pool}}}", u8::from(finish.relu.is_some()))
}

fn shape(shape: Shape) -> String {
    shape.to_string().replace('×', " x ")
}

/// The constant arrays written so far.
struct Constants<'a> {
    text: String,
    prefix: &'a str,
}

impl Constants<'_> {
    fn weights(&mut self, layer: &str, weights: &Weights) -> (String, String) {
        let weight = self.array(layer, "weight", &weights.weight);
        (weight, self.optional(layer, "bias", weights.bias.as_deref()))
    }

    fn scale_shift(&mut self, layer: &str, affine: &ScaleShift) -> (String, String) {
        (self.array(layer, "scale", &affine.scale), self.array(layer, "shift", &affine.shift))
    }

    /// The array's name, or `NULL` where there is none.
    fn optional(&mut self, layer: &str, what: &str, values: Option<&[f64]>) -> String {
        values.map_or("NULL".into(), |values| self.array(layer, what, values))
    }

    /// Writes an array, ten numbers a line, and gives its name.
    fn array(&mut self, layer: &str, what: &str, values: &[f64]) -> String {
        let name = format!("{}_{layer}_{what}", self.prefix);
        let numbers: Vec<String> = singles(values).iter().map(|v| format!("{v:?}f")).collect();
        let lines: Vec<String> = numbers.chunks(10).map(|line| format!("    {},\n", line.join(", "))).collect();
        write!(self.text, "static const float {name}[{}] = {{\n{}}};\n\n", numbers.len(), lines.concat())
            .expect("a string takes everything");
        name
    }
}
