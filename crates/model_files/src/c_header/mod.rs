//! A C header: a trained network as one self-contained C99 file for microcontrollers.
//!
//! The file holds the weights as constants and a function that takes an image's bytes and gives its class. It needs no
//! library, allocates nothing, keeps no state, and says to the byte what memory it takes.

mod plan;
mod text;

use crate::inference_steps::{NotFinite, ensure_finite, fold, steps};
use crate::model::Model;

/// A header, and what a person who uses it wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CHeader {
    /// The file.
    pub text: String,
    /// What every name in it begins with; macros in capitals.
    pub prefix: String,
    /// Bytes of the weights, which are constant.
    pub flash_bytes: usize,
    /// Bytes of the work area that the caller provides.
    pub work_bytes: usize,
}

/// Most bytes of stack that a prediction takes: measured with gcc at every level of optimisation, and rounded up.
pub const STACK_BYTES: usize = 512;

/// The header of `model`, to be kept in the file `name`.h; names in it begin with `name`, made a C identifier.
///
/// Batch norm and the normalisation of pixels are folded into the layers around them. The text is a function of model and
/// name alone.
///
/// # Errors
/// When a weight is not finite.
pub fn write(model: &Model, name: &str) -> Result<CHeader, NotFinite> {
    let steps = fold(steps(model, true));
    ensure_finite(&steps)?;
    let prefix = identifier(name);
    let (calls, work_floats) = plan::plan(&steps);
    let flash_bytes = 4 * steps.iter().flat_map(|step| step.operation.numbers()).map(<[f64]>::len).sum::<usize>();
    let text = text::text(model, name, &prefix, &calls, work_floats, flash_bytes);
    Ok(CHeader { text, prefix, flash_bytes, work_bytes: 4 * work_floats })
}

/// `name` as a C identifier that no keyword and no reserved name is: lower case, other characters as underscores.
fn identifier(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let name = name.trim_matches('_');
    match name.chars().next() {
        Some(c) if c.is_ascii_alphabetic() => name.into(),
        Some(_) => format!("model_{name}"),
        None => "model".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn any_name_makes_an_identifier() {
        for (name, wanted) in [
            ("seed", "seed"),
            ("seed-tuned", "seed_tuned"),
            ("example/Plain", "example_plain"),
            ("3 layers", "model_3_layers"),
            ("_x_", "x"),
            ("π", "model"),
            ("", "model"),
        ] {
            assert_eq!(identifier(name), wanted, "{name}");
        }
    }
}
