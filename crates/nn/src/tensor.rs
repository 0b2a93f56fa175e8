//! The memory of an activation, a gradient or of sums.

use std::ops::{Deref, DerefMut};

use longhand_kernels::Lanes;

/// So many vectors, at the beginning of memory that may be longer.
///
/// Memory that was a longer tensor, is a shorter one and becomes a longer one again need not be cleared in between, as a
/// vector that shrinks and grows would be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tensor {
    memory: Vec<Lanes>,
    len: usize,
}

impl Tensor {
    /// `len` vectors of zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        Tensor { memory: vec![Lanes::ZERO; len], len }
    }

    /// How many vectors it can hold without new memory.
    pub(crate) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    /// Makes it `len` vectors long, with anything in them.
    pub(crate) fn set_len(&mut self, len: usize) {
        if self.memory.len() < len {
            self.memory.resize(len, Lanes::ZERO);
        }
        self.len = len;
    }
}

impl Deref for Tensor {
    type Target = [Lanes];

    fn deref(&self) -> &[Lanes] {
        &self.memory[..self.len]
    }
}

impl DerefMut for Tensor {
    fn deref_mut(&mut self) -> &mut [Lanes] {
        &mut self.memory[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::Tensor;
    use longhand_kernels::Lanes;

    #[test]
    fn what_it_held_is_there_when_it_is_long_again() {
        let mut tensor = Tensor::zeros(3);
        tensor.fill(Lanes::splat(7.0));
        tensor.set_len(1);
        assert_eq!((tensor.len(), tensor.capacity()), (1, 3));
        tensor.set_len(3);
        assert_eq!(*tensor, [Lanes::splat(7.0); 3]);
        tensor.set_len(4);
        assert_eq!(tensor[3], Lanes::ZERO);
        assert!(Tensor::default().is_empty());
    }
}
