//! What a thread needs to work on a lane group, and no group needs to keep.

use std::sync::Mutex;

use longhand_kernels::winograd::Scratch;
use longhand_kernels::{Geometry, Lanes};

use crate::tensor::Tensor;

/// One thread's room. Nothing in it outlives the stretch that put it there; it is kept because memory that a thread has
/// just used is in its cache, and for the same reason one tensor takes the memory of another that is done with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    /// What kernels put aside within a call.
    pub scratch: Scratch,
    /// Tensors not in use, with what they were used for last.
    idle: Vec<(Use, Tensor)>,
}

/// What memory of a workspace is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The activation of a slot.
    Activation(usize),
    /// The elements that won the pooling windows that a slot is made of.
    Winners(usize),
    /// The gradient of a slot.
    Gradient(usize),
    /// What the weight gradient of a convolution is made of, by its ordinal.
    Sums(usize),
}

impl Workspace {
    /// Memory for a tensor of `geometry`: zero in the border, anything in the content.
    pub(crate) fn tensor(&mut self, wanted: Use, geometry: Geometry) -> Tensor {
        let (as_before, mut tensor) = self.take(wanted, geometry.len());
        if !as_before {
            geometry.clear_border(&mut tensor);
        }
        tensor
    }

    /// Memory for `len` sums, with anything in them.
    pub(crate) fn sums(&mut self, wanted: Use, len: usize) -> Tensor {
        self.take(wanted, len).1
    }

    /// The memory used for the same last, whose border no kernel has written since, and true; else the smallest that is large enough, or new memory.
    fn take(&mut self, wanted: Use, len: usize) -> (bool, Tensor) {
        if let Some(at) = self.idle.iter().position(|(used, memory)| *used == wanted && memory.len() == len) {
            return (true, self.idle.swap_remove(at).1);
        }
        let fits = self.idle.iter().enumerate().filter(|(_, (_, memory))| memory.capacity() >= len);
        let smallest = fits.min_by_key(|(_, (_, memory))| memory.capacity()).map(|(at, _)| at);
        let mut memory = smallest.map_or_else(Tensor::default, |at| self.idle.swap_remove(at).1);
        memory.set_len(len);
        (false, memory)
    }

    /// Bytes of the tensors in it; what kernels put aside within a call is not counted.
    fn bytes(&self) -> usize {
        self.idle.iter().map(|(_, memory)| memory.capacity() * size_of::<Lanes>()).sum()
    }

    /// Takes memory back.
    pub(crate) fn give_back(&mut self, used: Use, memory: Tensor) {
        if !memory.is_empty() {
            self.idle.push((used, memory));
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
    pub(crate) fn lend<R>(&self, work: impl FnOnce(&mut Workspace) -> R) -> R {
        let thread = rayon::current_thread_index();
        let taken = {
            let mut idle = self.idle.lock().expect("nobody panics while holding it");
            match idle.iter().position(|(last, _)| *last == thread) {
                Some(at) => Some(idle.swap_remove(at).1),
                None => idle.pop().map(|(_, workspace)| workspace),
            }
        };
        let mut workspace = taken.unwrap_or_default();
        let result = work(&mut workspace);
        self.idle.lock().expect("nobody panics while holding it").push((thread, workspace));
        result
    }

    /// Bytes of all of them that are not lent.
    pub(crate) fn bytes(&self) -> usize {
        self.idle.lock().expect("nobody panics while holding it").iter().map(|(_, workspace)| workspace.bytes()).sum()
    }
}

impl Clone for Workspaces {
    /// A copy of a network makes its own.
    fn clone(&self) -> Self {
        Workspaces::default()
    }
}
