//! What each layer costs by its definition: floating-point operations and bytes.

use longhand_kernels::{Geometry, LANES, winograd};

use crate::layers::{Conv2d, Layer};
use crate::network::Network;

/// The cost of one direction of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Floating-point operations for one image by the layer's definition, a multiply-add counted as two.
    ///
    /// Of convolution and linear layers the multiply-adds alone, kernel taps at the edges counted as full. Elsewhere
    /// additions, multiplications, maxima and exponentials, one each.
    pub operations: usize,
    /// The operations for one image that the kernel's way takes: fewer where Winograd's way is taken, its additions not
    /// counted.
    pub executed: usize,
    /// Bytes for one lane group: activations and gradients read and written, without borders, and parameters once.
    pub bytes: usize,
}

/// What a layer costs in each direction; zero where there is nothing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerCost {
    /// The forward pass.
    pub forward: Cost,
    /// Batch norm's sums over the batch, those of the forward and those of the backward pass, and on the way to these the way
    /// back through a dropout that is part of the layer.
    pub statistics: Cost,
    /// The gradients of the layer's parameters; batch norm's are part of its sums.
    pub parameters: Cost,
    /// The gradient of the layer's input.
    pub backward: Cost,
}

impl Network {
    /// What each of [`Network::layers`] costs in a training step that makes every activation once.
    pub fn costs(&self) -> Vec<LayerCost> {
        let costs = self.plan.layers.iter().map(cost).enumerate();
        // Nothing before the first trained layer needs a gradient.
        let needed = |index: usize| index > self.plan.first_trained;
        costs.map(|(i, c)| if needed(i) { c } else { LayerCost { backward: Cost::default(), ..c } }).collect()
    }
}

/// A cost of `operations`, all of them executed, that moves `elements` of activations and gradients, and `parameters`.
fn plain(operations: usize, elements: usize, parameters: usize) -> Cost {
    let float = size_of::<f32>();
    Cost { operations, executed: operations, bytes: (elements * LANES + parameters) * float }
}

fn cost(layer: &Layer) -> LayerCost {
    let none = LayerCost::default();
    match layer {
        Layer::Conv2d(layer) => convolution(layer),
        Layer::DepthwiseConv2d(layer) => {
            let (x, y) = (layer.input.activation, layer.output.activation);
            let (operations, elements) = (2 * layer.weight.len() * y.height * y.width, x.elements() + y.elements());
            let bias = layer.bias.as_ref().map_or(0, ExactSizeIterator::len);
            LayerCost {
                forward: plain(operations, elements, layer.weight.len() + bias),
                parameters: plain(operations, elements, layer.weight.len() + bias),
                backward: plain(operations, elements, layer.weight.len()),
                ..none
            }
        }
        Layer::Relu(layer) => {
            let n = layer.shape.activation.elements();
            let backward = if layer.relu_backward { plain(n, 3 * n, 0) } else { Cost::default() };
            LayerCost { forward: plain(n, 2 * n, 0), backward, ..none }
        }
        Layer::BatchNorm(layer) => {
            let (x, y) = (layer.input.activation.elements(), layer.output.activation.elements());
            let channels = layer.channels.len();
            let dropped = layer.dropout.as_ref().map_or(0, |dropout| if dropout.rate > 0.0 { y } else { 0 });
            // (x−μ)·scale + β; then the largest of four, and what is not dropped.
            let forward = plain(3 * x + if layer.pooled { 3 * y } else { 0 } + dropped, x + y, 3 * channels);
            // Of each x: x−p, Σ(x−p), Σ(x−p)². Of each gradient: x−μ, Σ ∂L/∂y, Σ ∂L/∂y·(x−μ), after what was dropped is
            // taken out of it, in place.
            let statistics = plain(4 * x + 4 * y + dropped, 2 * x + y + dropped, channels);
            let backward = plain(5 * x, 2 * x + y, 4 * channels);
            LayerCost { forward, statistics, backward, ..none }
        }
        Layer::MaxPool2d(layer) => {
            let (x, y) = (layer.input.activation.elements(), layer.output.activation.elements());
            LayerCost { forward: plain(3 * y, x + y, 0), backward: plain(3 * y, 2 * x + y, 0), ..none }
        }
        Layer::Dropout(layer) => {
            let n = if layer.rate > 0.0 { layer.shape.activation.elements() } else { 0 };
            LayerCost { forward: plain(n, 2 * n, 0), backward: plain(n, 2 * n, 0), ..none }
        }
        Layer::GlobalAveragePool(layer) => {
            let (x, y) = (layer.input.activation.elements(), layer.output.activation.elements());
            LayerCost { forward: plain(x + y, x + y, 0), backward: plain(y, x + y, 0), ..none }
        }
        Layer::Linear(layer) => {
            let (x, y) = (layer.input.activation.elements(), layer.output.activation.elements());
            let parameters = layer.weight.len() + layer.bias.as_ref().map_or(0, ExactSizeIterator::len);
            let operations = 2 * layer.weight.len();
            LayerCost {
                forward: plain(operations, x + y, parameters),
                parameters: plain(operations, x + y, parameters),
                backward: plain(operations, x + y, layer.weight.len()),
                ..none
            }
        }
        Layer::LogSoftmax(layer) => {
            let n = layer.input.activation.elements();
            // The largest, the exponential of what is below it, their sum, the difference; and on the way back the
            // exponential, the sum, a product and a difference.
            LayerCost { forward: plain(4 * n, 2 * n, 0), backward: plain(4 * n, 3 * n, 0), ..none }
        }
    }
}

fn convolution(layer: &Conv2d) -> LayerCost {
    let (x, y) = (layer.input.activation, layer.output.activation);
    let operations = 2 * layer.weight.len() * y.height * y.width;
    let tiled = |out: Geometry| {
        let tiles = winograd::tiles_across(out.height) * winograd::tiles_across(out.width);
        2 * tiles * winograd::POINTS * winograd::POINTS * x.channels * y.channels
    };
    let executed = |out: Geometry| if layer.winograd { tiled(out) } else { operations };
    let points = layer.weight.len() / winograd::SIZE * winograd::GRAD_WEIGHT_POINTS;
    let rows_tiled = 2 * y.height * winograd::pairs_across(y.width) * points;
    let elements = x.elements() + y.elements();
    let bias = layer.bias.as_ref().map_or(0, ExactSizeIterator::len);
    // The ReLU's own way back reads the output and reads and writes its gradient once more.
    let mask = if layer.relu && layer.relu_backward { 2 * y.elements() } else { 0 };
    let forward = plain(operations, elements, layer.weight.len() + bias);
    let parameters = plain(operations, elements + mask, layer.weight.len() + bias);
    let backward = plain(operations, elements, layer.weight.len());
    LayerCost {
        forward: Cost { executed: executed(y), ..forward },
        statistics: Cost::default(),
        parameters: Cost {
            executed: if layer.kernel.size == winograd::SIZE { rows_tiled } else { operations },
            ..parameters
        },
        backward: Cost { executed: executed(x), ..backward },
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, LayerCost};
    use crate::{Initialisation, LayerSpec, Network, NetworkSpec};

    fn costs(input: [usize; 3], mut layers: Vec<LayerSpec>) -> Vec<LayerCost> {
        layers.push(LayerSpec::LogSoftmax {});
        let spec = NetworkSpec { input, layers };
        Network::new(&spec, Initialisation::default(), 0).unwrap().costs()
    }

    fn conv(channels: usize, kernel: usize) -> LayerSpec {
        LayerSpec::Conv { channels, kernel, padding: kernel / 2, bias: true }
    }

    #[test]
    fn a_small_convolution_by_hand() {
        // 5×5, 1 → 2 → 3 channels, 3×3: 18 and 54 weights, 25 places.
        let layers = vec![conv(2, 3), conv(3, 3), LayerSpec::Linear { features: 2, bias: true }];
        let [first, second, linear, softmax] = costs([1, 5, 5], layers)[..] else { panic!("four layers") };
        // Bytes: sixteen images of 25 + 50 floats, 18 weights, 2 biases; the other ways the same, the bias aside.
        assert_eq!(first.forward, Cost { operations: 900, executed: 900, bytes: 16 * 75 * 4 + 20 * 4 });
        // Five rows of three pairs of columns, for 18/3 kernel rows of four points.
        assert_eq!(
            first.parameters,
            Cost { operations: 900, executed: 2 * 5 * 3 * 6 * 4, bytes: 16 * 75 * 4 + 20 * 4 }
        );
        assert_eq!(first.backward, Cost::default(), "nothing before it is trained");
        assert_eq!(second.forward, Cost { operations: 2700, executed: 2700, bytes: 16 * 125 * 4 + 57 * 4 });
        assert_eq!(second.backward, Cost { operations: 2700, executed: 2700, bytes: 16 * 125 * 4 + 54 * 4 });
        assert_eq!(linear.backward, Cost { operations: 300, executed: 300, bytes: 16 * 77 * 4 + 150 * 4 });
        assert_eq!(softmax.forward.bytes, 16 * 4 * 4);
    }

    #[test]
    fn winograds_way_takes_36_products_for_144() {
        // 10 → 20 channels on 28×28 is taken by Winograd's way: 7·7 tiles; the weight gradient by 14 pairs of columns.
        let layers = vec![conv(10, 3), conv(20, 3), LayerSpec::GlobalAveragePool {}];
        let second = costs([1, 28, 28], layers)[1];
        assert_eq!(second.forward.operations, 2 * 10 * 20 * 9 * 784);
        assert_eq!(second.forward.executed * 4, second.forward.operations);
        assert_eq!(second.parameters.executed * 6, second.parameters.operations * 4);
    }

    #[test]
    fn batch_norm_and_pooling_by_hand() {
        let norm = LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
        let layers = vec![conv(2, 1), norm, LayerSpec::MaxPool {}, LayerSpec::GlobalAveragePool {}];
        let pooled = costs([1, 4, 4], layers)[1];
        // 2·16 elements come in, 2·4 go out.
        assert_eq!(pooled.forward, Cost { operations: 120, executed: 120, bytes: 16 * 40 * 4 + 6 * 4 });
        assert_eq!(pooled.statistics.operations, 4 * 32 + 4 * 8);
        assert_eq!(pooled.statistics.bytes, 16 * 72 * 4 + 2 * 4);
        assert_eq!(pooled.backward.operations, 160);
        assert_eq!(pooled.backward.bytes, 16 * 72 * 4 + 8 * 4);
    }

    /// It multiplies each of 2·4 elements, forward in the pass that makes them, and back in that of the sums, in place.
    #[test]
    fn a_dropout_behind_adds_its_products() {
        let costs_with = |rate| {
            let norm = LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
            let dropout = LayerSpec::Dropout { rate };
            let layers = vec![conv(2, 1), norm, LayerSpec::MaxPool {}, dropout, LayerSpec::GlobalAveragePool {}];
            costs([1, 4, 4], layers)[1]
        };
        let (with, without) = (costs_with(0.5), costs_with(0.0));
        assert_eq!(with.forward, Cost { operations: 128, executed: 128, ..without.forward });
        let statistics = without.statistics;
        let (operations, bytes) = (statistics.operations + 8, statistics.bytes + 16 * 8 * 4);
        assert_eq!(with.statistics, Cost { operations, executed: operations, bytes });
        assert_eq!(with.backward, without.backward);
    }
}
