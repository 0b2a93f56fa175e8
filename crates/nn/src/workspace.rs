//! What a thread needs to work on a lane group, and no group needs to keep.

use std::sync::Mutex;

use longhand_kernels::Lanes;
use longhand_kernels::winograd::Scratch;

use crate::memory_plan::GradientHome;
use crate::plan::Plan;

/// One thread's room. Nothing in it outlives the stretch that put it there; it is kept because memory that a thread has
/// just used is in its cache.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    /// Activations that are made again in each stretch that reads them; empty for the other slots.
    pub activations: Vec<Vec<Lanes>>,
    /// Gradients that are used up in the stretch that makes them; empty for the other slots.
    pub gradients: Vec<Vec<Lanes>>,
    /// What kernels put aside within a call.
    pub scratch: Scratch,
    /// What each convolution's gradients are made of.
    pub sums: Vec<UnfinishedGradient>,
}

/// What the gradients of a convolution's weight and bias are made of, while rows of its output gradient come in.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnfinishedGradient {
    pub weight: Vec<Lanes>,
    pub bias: Vec<Lanes>,
}

impl Workspace {
    /// Room for training the network of `plan`; what is stored with a border has its zeros.
    fn new(plan: &Plan) -> Self {
        let zeros = |n: usize, wanted: bool| vec![Lanes::ZERO; if wanted { n } else { 0 }];
        let memory = &plan.memory;
        let slots = plan.slots.iter().enumerate();
        Workspace {
            activations: slots.clone().map(|(s, slot)| zeros(slot.activation.len(), memory.remade[s])).collect(),
            gradients: slots
                .map(|(s, slot)| zeros(slot.gradient.len(), memory.gradients[s] == GradientHome::Thread))
                .collect(),
            ..Workspace::default()
        }
    }
}

/// The workspaces of one network's threads: as many as have ever worked on it at once.
#[derive(Debug, Default)]
pub(crate) struct Workspaces {
    /// Each with the thread that used it last.
    idle: Mutex<Vec<(Option<usize>, Workspace)>>,
}

impl Workspaces {
    /// Runs `work` with a workspace, if possible the one that this thread used last.
    pub(crate) fn lend<R>(&self, plan: &Plan, work: impl FnOnce(&mut Workspace) -> R) -> R {
        let thread = rayon::current_thread_index();
        let taken = {
            let mut idle = self.idle.lock().expect("nobody panics while holding it");
            match idle.iter().position(|(last, _)| *last == thread) {
                Some(at) => Some(idle.swap_remove(at).1),
                None => idle.pop().map(|(_, workspace)| workspace),
            }
        };
        let mut workspace = taken.unwrap_or_else(|| Workspace::new(plan));
        let result = work(&mut workspace);
        self.idle.lock().expect("nobody panics while holding it").push((thread, workspace));
        result
    }
}

impl Clone for Workspaces {
    /// A copy of a network makes its own.
    fn clone(&self) -> Self {
        Workspaces::default()
    }
}
