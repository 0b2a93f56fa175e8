//! The names of quantities, as they would stand on paper, and the order in which weights are numbered.
//!
//! One hidden layer, one sample: `i1, i2`, `h1, out_h1`, `o1, out_o1`, `t1`, `E1, E2, E_total`, as in the exercise that
//! everybody does. More hidden layers: `h2_3` is neuron 3 of hidden layer 2. More samples: each quantity that differs
//! between samples ends in a mark, `h1_s2` for sample 2, and `E_s2` is the error of that sample.
//!
//! Weights are numbered by layer, then by the neuron they lead into, then by where they come from: `w1, w2` lead into
//! `h1` from `i1, i2`; `w3, w4` into `h2`. Fixed biases are numbered by layer, trained ones by neuron.

/// Names for a network of a given shape.
#[derive(Debug, Clone)]
pub(crate) struct Naming<'a> {
    /// Layer sizes, inputs first.
    pub layers: &'a [usize],
    /// The number of samples.
    pub samples: usize,
}

impl Naming<'_> {
    /// The mark of a sample (from 0): nothing where there is only one.
    fn mark(&self, sample: usize) -> String {
        if self.samples > 1 { format!("_s{}", sample + 1) } else { String::new() }
    }

    /// Input `k` (from 0).
    pub fn input(&self, k: usize, sample: usize) -> String {
        format!("i{}{}", k + 1, self.mark(sample))
    }

    /// Target `k` (from 0).
    pub fn target(&self, k: usize, sample: usize) -> String {
        format!("t{}{}", k + 1, self.mark(sample))
    }

    /// Neuron `k` (from 0) of `layer` (1 is the first hidden layer, the last is the output), without a sample's mark.
    fn neuron(&self, layer: usize, k: usize) -> String {
        if layer + 1 == self.layers.len() {
            format!("o{}", k + 1)
        } else if self.layers.len() == 3 {
            format!("h{}", k + 1)
        } else {
            format!("h{layer}_{}", k + 1)
        }
    }

    /// The weighted sum that enters a neuron.
    pub fn net(&self, layer: usize, k: usize, sample: usize) -> String {
        format!("{}{}", self.neuron(layer, k), self.mark(sample))
    }

    /// What a neuron passes on.
    pub fn out(&self, layer: usize, k: usize, sample: usize) -> String {
        format!("out_{}{}", self.neuron(layer, k), self.mark(sample))
    }

    /// The error of output `k`.
    pub fn error(&self, k: usize, sample: usize) -> String {
        format!("E{}{}", k + 1, self.mark(sample))
    }

    /// The error of a sample, where there are several.
    pub fn sample_error(&self, sample: usize) -> String {
        format!("E{}", self.mark(sample))
    }

    /// The number of weights.
    pub fn weight_count(&self) -> usize {
        self.layers.windows(2).map(|pair| pair[0].saturating_mul(pair[1])).fold(0, usize::saturating_add)
    }

    /// The number of neurons behind the input.
    pub fn neuron_count(&self) -> usize {
        self.layers[1..].iter().copied().fold(0, usize::saturating_add)
    }

    /// Which weight leads where, in words, the first few neurons of each layer: the order in which weights are given.
    pub fn weight_order(&self) -> String {
        let mut groups = Vec::new();
        let mut first = 1;
        for layer in 1..self.layers.len() {
            let (fan_in, size) = (self.layers[layer - 1], self.layers[layer]);
            for k in 0..size {
                let range = match fan_in {
                    1 => format!("w{first}"),
                    2 => format!("w{first}, w{}", first + 1),
                    _ => format!("w{first}..w{}", first + fan_in - 1),
                };
                if k < 3 {
                    groups.push(format!("{range} into {}", self.neuron(layer, k)));
                } else if k == 3 {
                    groups.push("…".to_owned());
                }
                first += fan_in;
            }
        }
        groups.join("; ")
    }
}
