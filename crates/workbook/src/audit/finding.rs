//! What the audit found, cell by cell, before it is put into words.

use std::collections::BTreeMap;

use serde::Serialize;

use super::address::Address;
use super::engine::Content;

/// What kind of slip it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SlipKind {
    /// The formula of a gradient is not the derivative of the sheet's error.
    WrongDerivative,
    /// A weight is updated with the gradient of another weight.
    WrongWeight,
    /// A gradient or an update has the wrong sign.
    WrongSign,
    /// An update does something else than *weight − rate × gradient*, though its gradient is right.
    WrongUpdate,
    /// An update starts from another weight than its own.
    WrongStart,
    /// A weight has no update at all, while those beside it are trained.
    NeverTrained,
    /// The forward pass is not that of the network that the gradients belong to.
    WrongForward,
    /// A number was typed where the rows around have a formula.
    HardTyped,
    /// A row has another formula than the rows around it.
    RowDiffers,
    /// An input, a target or a rate changes down the rows.
    Drift,
    /// A reference without dollar signs slides off the cell that it means.
    Sliding,
    /// The error is not the sum that the derivatives belong to.
    WrongError,
}

impl SlipKind {
    /// The kind in a few words.
    pub fn words(self) -> &'static str {
        match self {
            SlipKind::WrongDerivative => "wrong derivative",
            SlipKind::WrongWeight => "gradient of another weight",
            SlipKind::WrongSign => "wrong sign",
            SlipKind::WrongUpdate => "wrong update",
            SlipKind::WrongStart => "update starts from another weight",
            SlipKind::NeverTrained => "weight is never trained",
            SlipKind::WrongForward => "forward pass and gradients disagree",
            SlipKind::HardTyped => "number typed over a formula",
            SlipKind::RowDiffers => "one row has another formula",
            SlipKind::Drift => "a given number drifts",
            SlipKind::Sliding => "a reference slides off its cell",
            SlipKind::WrongError => "error is not the sum that the derivatives belong to",
        }
    }
}

/// A slip with the cells that it concerns.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub kind: SlipKind,
    /// The weight that it concerns, as a place in the table's tracks.
    pub track: Option<usize>,
    /// The cells to mend, in order of their steps.
    pub cells: Vec<Address>,
    /// The steps of those cells.
    pub steps: Vec<i64>,
    pub value: Option<f64>,
    /// What the value should be, and how sure that is.
    pub expected: Option<f64>,
    pub tolerance: Option<f64>,
    /// What is wrong, in a sentence.
    pub explanation: String,
    /// What should stand in the cells instead.
    pub corrections: BTreeMap<Address, Content>,
}
