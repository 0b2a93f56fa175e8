//! Which functions are called in which order, and where in the work area each reads and writes.
//!
//! Two activations are alive at most: what a convolution or linear layer reads lies at one end of the work area, what it
//! writes at the other. Everything else works in place, and pooling behind a convolution is done by it.

use longhand_nn::Shape;

use crate::inference_steps::{Operation, ScaleShift, Step, Weights};

/// One call of a C function, from and to places in the work area.
pub struct Call<'a> {
    /// The names of the layers it carries out.
    pub layers: Vec<&'a str>,
    pub kind: Kind<'a>,
    pub input: Shape,
    pub output: Shape,
    /// Where it reads, in floats from the beginning of the work area.
    pub from: usize,
    /// Where it writes; `from` where it works in place.
    pub to: usize,
}

/// What a call does.
pub enum Kind<'a> {
    Convolution { weights: &'a Weights, kernel: usize, padding: usize, depthwise: bool, finish: Finish<'a> },
    Linear(&'a Weights),
    Relu(Option<&'a [f64]>),
    ScaleShift(&'a ScaleShift),
    MaxPool,
    GlobalAveragePool,
}

/// What a convolution does with each element before it stores it, in this order.
#[derive(Default)]
pub struct Finish<'a> {
    /// A ReLU, with its floor.
    pub relu: Option<Option<&'a [f64]>>,
    pub scale_shift: Option<&'a ScaleShift>,
    pub pool: Pool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pool {
    #[default]
    None,
    Max,
    Average,
}

impl Kind<'_> {
    fn in_place(&self) -> bool {
        !matches!(self, Kind::Convolution { .. } | Kind::Linear(_))
    }
}

/// The calls that carry out `steps`, from pixels at the beginning of the work area, and the work area's length in floats.
pub fn plan(steps: &[Step]) -> (Vec<Call<'_>>, usize) {
    let mut calls = Vec::new();
    let mut rest = steps;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let mut layers = vec![first.name.as_str()];
        let mut output = first.output;
        let kind = match &first.operation {
            &Operation::Convolution { ref weights, kernel, padding, depthwise } => {
                let mut finish = Finish::default();
                while let Some((next, behind)) = rest.split_first()
                    && finish.take_in(&next.operation)
                {
                    layers.push(&next.name);
                    output = next.output;
                    rest = behind;
                }
                Kind::Convolution { weights, kernel, padding, depthwise, finish }
            }
            Operation::Linear { weights } => Kind::Linear(weights),
            Operation::Relu { floor } => Kind::Relu(floor.as_deref()),
            Operation::ScaleShift(affine) => Kind::ScaleShift(affine),
            Operation::MaxPool => Kind::MaxPool,
            Operation::GlobalAveragePool => Kind::GlobalAveragePool,
            // The largest logit is the largest log-probability.
            Operation::LogSoftmax => continue,
            Operation::Normalise { .. } | Operation::BatchNorm { .. } => unreachable!("folded steps have neither"),
        };
        calls.push(Call { layers, kind, input: first.input, output, from: 0, to: 0 });
    }
    let pixels = steps.first().expect("a network has layers").input.elements();
    // At the far end an activation keeps its beginning, and so the room it holds, while what lies in it shrinks in place.
    let (mut length, mut held, mut at_end) = (pixels, pixels, false);
    for call in &calls {
        let output = call.output.elements();
        if !call.kind.in_place() {
            length = length.max(held + output);
            held = output;
            at_end = !at_end;
        } else if !at_end {
            held = output;
        }
    }
    let mut place = 0;
    for call in &mut calls {
        call.from = place;
        if !call.kind.in_place() {
            place = if place == 0 { length - call.output.elements() } else { 0 };
        }
        call.to = place;
    }
    (calls, length)
}

impl<'a> Finish<'a> {
    /// Takes `operation` in where it comes no earlier than what is there.
    fn take_in(&mut self, operation: &'a Operation) -> bool {
        let pooled = self.pool != Pool::None;
        match operation {
            Operation::Relu { floor } if self.relu.is_none() && self.scale_shift.is_none() && !pooled => {
                self.relu = Some(floor.as_deref());
            }
            Operation::ScaleShift(affine) if self.scale_shift.is_none() && !pooled => self.scale_shift = Some(affine),
            Operation::MaxPool if !pooled => self.pool = Pool::Max,
            Operation::GlobalAveragePool if !pooled => self.pool = Pool::Average,
            _ => return false,
        }
        true
    }
}
