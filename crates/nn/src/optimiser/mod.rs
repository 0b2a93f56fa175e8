//! What moves the parameters: SGD or AdamW, as a recipe says.

mod adamw;
mod sgd;
mod state;

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

pub use adamw::{AdamW, AdamWSpec};
pub use sgd::{Sgd, SgdSpec};
pub use state::OptimiserState;

use crate::parameters::{ParameterKind, ParameterLayout};

/// Which optimiser, with its settings. Read without `type` it is SGD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "Keys")]
pub enum OptimiserSpec {
    /// Stochastic gradient descent with momentum.
    Sgd(SgdSpec),
    /// Adam with decoupled weight decay.
    #[serde(rename = "adamw")]
    AdamW(AdamWSpec),
}

impl Default for OptimiserSpec {
    fn default() -> Self {
        OptimiserSpec::Sgd(SgdSpec::default())
    }
}

/// The optimiser with what it remembers between steps.
#[derive(Clone, Debug)]
pub enum Optimiser {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
}

impl OptimiserSpec {
    /// Checks every number.
    ///
    /// # Errors
    /// A sentence naming the key, what was found and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            OptimiserSpec::Sgd(spec) => spec.validate(),
            OptimiserSpec::AdamW(spec) => spec.validate(),
        }
    }
}

impl Optimiser {
    /// The optimiser of `spec`, at rest, for the parameters of `layout`.
    pub fn new(spec: &OptimiserSpec, layout: &ParameterLayout) -> Self {
        match spec {
            OptimiserSpec::Sgd(spec) => Optimiser::Sgd(Sgd::new(spec.clone(), layout)),
            OptimiserSpec::AdamW(spec) => Optimiser::AdamW(AdamW::new(spec.clone(), layout)),
        }
    }

    /// Moves `parameters` one step against `gradient` (the mean over the batch).
    ///
    /// # Panics
    /// When a length is not that of the layout.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], learning_rate: f64) {
        match self {
            Optimiser::Sgd(sgd) => sgd.step(parameters, gradient, learning_rate),
            Optimiser::AdamW(adamw) => adamw.step(parameters, gradient, learning_rate),
        }
    }
}

/// The keys of every optimiser, as they stand in a recipe. A reader that has all keys in one struct knows the line of a
/// wrong one, which serde's tagged enums do not.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    r#type: Type,
    momentum: Option<f64>,
    nesterov: Option<bool>,
    betas: Option<[f64; 2]>,
    eps: Option<f64>,
    weight_decay: Option<f64>,
    decay_all: Option<bool>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Type {
    #[default]
    Sgd,
    #[serde(rename = "adamw")]
    AdamW,
}

impl TryFrom<Keys> for OptimiserSpec {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let Keys { r#type, momentum, nesterov, betas, eps, weight_decay, decay_all } = keys;
        let refuse = |type_name: &str, others: [(&str, bool); 2]| match others.iter().find(|(_, given)| *given) {
            Some((key, _)) => {
                Err(format!("unknown field `{key}` of optimiser {type_name:?}: take it out or change type"))
            }
            None => Ok(()),
        };
        match r#type {
            Type::Sgd => {
                refuse("sgd", [("betas", betas.is_some()), ("eps", eps.is_some())])?;
                let d = SgdSpec::default();
                Ok(OptimiserSpec::Sgd(SgdSpec {
                    momentum: momentum.unwrap_or(d.momentum),
                    nesterov: nesterov.unwrap_or(d.nesterov),
                    weight_decay: weight_decay.unwrap_or(d.weight_decay),
                    decay_all: decay_all.unwrap_or(d.decay_all),
                }))
            }
            Type::AdamW => {
                refuse("adamw", [("momentum", momentum.is_some()), ("nesterov", nesterov.is_some())])?;
                let d = AdamWSpec::default();
                Ok(OptimiserSpec::AdamW(AdamWSpec {
                    betas: betas.unwrap_or(d.betas),
                    eps: eps.unwrap_or(d.eps),
                    weight_decay: weight_decay.unwrap_or(d.weight_decay),
                    decay_all: decay_all.unwrap_or(d.decay_all),
                }))
            }
        }
    }
}

fn check(key: &str, found: f64, range: RangeInclusive<f64>) -> Result<(), String> {
    if range.contains(&found) {
        Ok(())
    } else {
        Err(format!("{key} = {found} cannot be: it must be from {} to {}", range.start(), range.end()))
    }
}

/// The range of each tensor, and whether weight decay reaches it.
fn decays(layout: &ParameterLayout, all: bool) -> Vec<(Range<usize>, bool)> {
    layout.entries.iter().map(|e| (e.range.clone(), all || e.kind == ParameterKind::Weight)).collect()
}
