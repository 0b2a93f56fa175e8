//! The text of a document as it grows.

use crate::expression::NodeId;
use crate::render::Typeset;
use crate::render::equation::{Equation, Side, Written};
use crate::worksheet::Worksheet;

/// What has been written about a worksheet so far, and the notation of its formulas.
pub(super) struct Page<'a> {
    pub worksheet: &'a Worksheet,
    pub notation: &'a dyn Typeset,
    pub text: String,
}

impl Page<'_> {
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    pub fn write(&self, side: &Side) -> Written {
        side.write(&self.worksheet.network.graph, &self.worksheet.values, self.notation)
    }

    pub fn name(&self, id: NodeId) -> String {
        self.write(&Side::Name(id)).text
    }

    /// Names along a path.
    pub fn route(&self, quantities: &[NodeId], arrow: &str) -> String {
        quantities.iter().map(|&id| self.name(id)).collect::<Vec<_>>().join(arrow)
    }

    pub fn stages(&self, equation: &Equation) -> Vec<Written> {
        equation.stages(&self.worksheet.network.graph, &self.worksheet.values, self.notation)
    }
}

/// = or ≈.
pub(super) fn equals(stage: &Written) -> &'static str {
    if stage.exact { "=" } else { "≈" }
}
