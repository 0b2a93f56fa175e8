//! The activations, gradients and partial sums of sixteen images.

use longhand_kernels::batch_norm::{GradientSums, Moments};
use longhand_kernels::{Geometry, LANES, Lanes};

use crate::loss::{GroupLoss, predicted};
use crate::memory_plan::GradientHome;
use crate::parameters::ParameterLayout;
use crate::plan::Plan;
use crate::tensor::Tensor;
use crate::timing::{LayerTiming, Timings};
use crate::workspace::{Use, Workspace};

/// Sixteen images on their way through a network, with everything that one thread needs to work on them alone.
///
/// The buffers it keeps are allocated once and used for every batch; no kernel writes their zero borders.
#[derive(Clone, Debug)]
pub struct LaneGroup {
    /// An activation per slot of the plan; empty between stretches where a thread's workspace holds it.
    pub(crate) activations: Vec<Tensor>,
    /// For a slot that a batch norm with max pooling writes, the elements that won their windows, in a stretch on the way back
    /// that has made the slot's activation again; else empty.
    pub(crate) winners: Vec<Tensor>,
    /// The gradient of each slot's activation; empty as above, and in a group made for inference.
    pub(crate) gradients: Vec<Tensor>,
    /// The workspace of the thread that works on the group.
    pub(crate) workspace: Workspace,
    /// This group's part of the gradient of every parameter, in the order of the layout.
    pub(crate) grad_parameters: Vec<f32>,
    /// Moments of every batch norm channel over this group.
    pub(crate) moments: Vec<Moments>,
    /// Gradient sums of every batch norm channel over this group.
    pub(crate) gradient_sums: Vec<GradientSums>,
    /// Images in this group; lanes from here on are idle.
    pub(crate) active: usize,
    pub(crate) labels: [u8; LANES],
    /// What decides the dropout of each image.
    pub(crate) dropout_keys: [u64; LANES],
    pub(crate) loss: GroupLoss,
    pub(crate) timings: Option<Box<Timings>>,
    input: Geometry,
    layers: usize,
}

impl LaneGroup {
    pub(crate) fn new(plan: &Plan, layout: &ParameterLayout, training: bool) -> Self {
        let zeros = |n: usize, wanted: bool| Tensor::zeros(if wanted { n } else { 0 });
        let channels = layout.batch_norm_channels();
        let memory = &plan.memory;
        let slots = plan.slots.iter().enumerate();
        LaneGroup {
            activations: slots
                .clone()
                .map(|(s, slot)| zeros(slot.activation.len(), !training || !memory.remade[s]))
                .collect(),
            winners: vec![Tensor::default(); plan.slots.len()],
            gradients: slots
                .map(|(s, slot)| zeros(slot.gradient.len(), training && memory.gradients[s] == GradientHome::Group))
                .collect(),
            workspace: Workspace::default(),
            grad_parameters: vec![0.0; if training { layout.len() } else { 0 }],
            moments: vec![Moments::default(); channels],
            gradient_sums: vec![GradientSums::default(); channels],
            active: 0,
            labels: [0; LANES],
            dropout_keys: [0; LANES],
            loss: GroupLoss::default(),
            timings: None,
            input: plan.slots[0].activation,
            layers: plan.layers.len(),
        }
    }

    /// Takes a thread's workspace, before a stretch of work.
    pub(crate) fn enter(&mut self, workspace: &mut Workspace) {
        std::mem::swap(&mut self.workspace, workspace);
    }

    /// Gives the thread's workspace back, after a stretch of work, with everything that was taken from it.
    pub(crate) fn leave(&mut self, workspace: &mut Workspace, plan: &Plan) {
        for slot in 0..plan.slots.len() {
            let winners = std::mem::take(&mut self.winners[slot]);
            self.workspace.give_back(Use::Winners(slot), winners);
            if plan.memory.remade[slot] {
                let memory = std::mem::take(&mut self.activations[slot]);
                self.workspace.give_back(Use::Activation(slot), memory);
            }
            if plan.memory.gradients[slot] == GradientHome::Thread {
                let memory = std::mem::take(&mut self.gradients[slot]);
                self.workspace.give_back(Use::Gradient(slot), memory);
            }
        }
        std::mem::swap(&mut self.workspace, workspace);
    }

    /// Sees to it that the activation of `slot` has memory.
    pub(crate) fn provide_activation(&mut self, slot: usize, geometry: Geometry) {
        if self.activations[slot].is_empty() {
            self.activations[slot] = self.workspace.tensor(Use::Activation(slot), geometry);
        }
    }

    /// Sees to it that the winners of the windows that `slot` is made of have memory.
    pub(crate) fn provide_winners(&mut self, slot: usize, geometry: Geometry) {
        if self.winners[slot].is_empty() {
            self.winners[slot] = self.workspace.tensor(Use::Winners(slot), geometry);
        }
    }

    /// Sees to it that the gradient of `slot` has memory.
    pub(crate) fn provide_gradient(&mut self, slot: usize, geometry: Geometry) {
        if self.gradients[slot].is_empty() {
            self.gradients[slot] = self.workspace.tensor(Use::Gradient(slot), geometry);
        }
    }

    /// Gives the activations that gradients were written over back their memory, before a new step fills them.
    pub(crate) fn reclaim_activations(&mut self, plan: &Plan) {
        for (slot, home) in plan.memory.gradients.iter().enumerate() {
            if *home == GradientHome::OverNextActivation && self.activations[slot + 1].is_empty() {
                self.activations[slot + 1] = std::mem::take(&mut self.gradients[slot]);
            }
        }
    }

    /// Begins to keep the time this group spends on each layer in training steps, from zero.
    pub fn keep_timings(&mut self) {
        let layers = vec![LayerTiming::default(); self.layers];
        self.timings = Some(Box::new(Timings { layers, ..Timings::default() }));
    }

    /// The time spent since [`LaneGroup::keep_timings`], if it was called.
    pub fn timings(&self) -> Option<&Timings> {
        self.timings.as_deref()
    }

    /// Images in this group; the lanes after them are idle and touch nothing.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Says how many images the group holds from now on, in lanes `0..active`; the other lanes' images become zero.
    ///
    /// What an earlier batch left there could otherwise grow from step to step (dropout in place multiplies it), and
    /// infinity times an idle lane's gradient of zero is NaN.
    ///
    /// # Panics
    /// When `active` is above [`LANES`].
    pub fn set_active(&mut self, active: usize) {
        assert!(active <= LANES, "{active} images in a group of {LANES}");
        self.active = active;
        if active < LANES {
            for cell in self.activations[0].iter_mut() {
                cell.0[active..].fill(0.0);
            }
        }
    }

    /// Puts an image into `lane`: `pixels` is `[channel][row][column]`, as the network is to see it (normalised).
    ///
    /// # Panics
    /// When `lane` is not active or `pixels` is not of the network's input shape.
    pub fn set_image(&mut self, lane: usize, pixels: impl ExactSizeIterator<Item = f32>) {
        assert!(lane < self.active, "lane {lane} of {} active", self.active);
        let geometry = self.input;
        assert_eq!(pixels.len(), geometry.elements(), "pixels of an image");
        let mut pixels = pixels;
        for c in 0..geometry.channels {
            for r in 0..geometry.height {
                let row = &mut self.activations[0][geometry.index(c, r, 0)..][..geometry.width];
                for (cell, pixel) in row.iter_mut().zip(&mut pixels) {
                    cell.0[lane] = pixel;
                }
            }
        }
    }

    /// Sets the class of the image in `lane`.
    pub fn set_label(&mut self, lane: usize, label: u8) {
        self.labels[lane] = label;
    }

    /// Sets what decides the dropout of the image in `lane`: a function of seed, epoch and image, of nothing else.
    pub fn set_dropout_key(&mut self, lane: usize, key: u64) {
        self.dropout_keys[lane] = key;
    }

    /// Log-probabilities of the image in `lane`, one per class.
    pub fn log_probabilities(&self, lane: usize) -> impl ExactSizeIterator<Item = f32> + '_ {
        self.output().iter().map(move |y| y.0[lane])
    }

    /// The most probable class of the image in `lane`, the first of equals; `None` if a probability is not a number.
    pub fn predicted(&self, lane: usize) -> Option<usize> {
        predicted(self.output(), lane)
    }

    pub(crate) fn output(&self) -> &[Lanes] {
        self.activations.last().expect("a plan has at least two slots")
    }

    /// The activation of `slot` to read and of `slot + 1` to write.
    pub(crate) fn activation_pair(&mut self, slot: usize) -> (&[Lanes], &mut [Lanes]) {
        let (before, after) = self.activations.split_at_mut(slot + 1);
        (&before[slot], &mut after[0])
    }

    /// Gives the gradient of `slot`, where it has none, the memory of the next slot's activation, which is lost; the
    /// gradient takes as much of it as it needs, from its beginning.
    pub(crate) fn write_over_next_activation(&mut self, slot: usize) {
        if self.gradients[slot].is_empty() {
            self.gradients[slot] = std::mem::take(&mut self.activations[slot + 1]);
        }
    }

    /// The gradient of `slot` to write and of `slot + 1` to read.
    pub(crate) fn gradient_pair(gradients: &mut [Tensor], slot: usize) -> (&mut [Lanes], &[Lanes]) {
        let (before, after) = gradients.split_at_mut(slot + 1);
        (&mut before[slot], &after[0])
    }
}
