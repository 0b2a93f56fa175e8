//! Convolutional networks, built layer by layer.

use longhand_nn::{LayerSpec, NetworkSpec, Summary};

use crate::error::{Error, ErrorKind};

/// A convolutional network as its layers, first to last; the log-softmax at the end is understood.
///
/// ```
/// let network = longhand::Network::new(28, 28).conv(8).relu().max_pool().global_average_pool().linear(10);
/// assert_eq!(network.parameters()?, 8 * 9 + 8 + 8 * 10 + 10);
/// # Ok::<(), longhand::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Network {
    input: [usize; 3],
    layers: Vec<LayerSpec>,
}

impl Network {
    /// A network without layers yet, for grey images of `rows` × `columns`.
    pub fn new(rows: usize, columns: usize) -> Self {
        Network { input: [1, rows, columns], layers: Vec::new() }
    }

    /// A 3×3 convolution to `channels` channels that keeps the image's size (one zero on every side), with biases.
    pub fn conv(self, channels: usize) -> Self {
        self.conv_with(channels, 3, 1, true)
    }

    /// A convolution to `channels` channels with a `kernel` of 1, 3 or 5 rows and columns, `padding` zeros on every
    /// side, with or without biases.
    pub fn conv_with(self, channels: usize, kernel: usize, padding: usize, bias: bool) -> Self {
        self.then(LayerSpec::Conv { channels, kernel, padding, bias })
    }

    /// A 3×3 depthwise convolution that keeps the image's size: each channel by a kernel of its own, with biases.
    pub fn depthwise_conv(self) -> Self {
        self.depthwise_conv_with(3, 1, true)
    }

    /// A depthwise convolution with a `kernel` of 1, 3 or 5 rows and columns, `padding` zeros on every side, with or
    /// without biases.
    pub fn depthwise_conv_with(self, kernel: usize, padding: usize, bias: bool) -> Self {
        self.then(LayerSpec::DepthwiseConv { kernel, padding, bias })
    }

    /// max(x, 0).
    pub fn relu(self) -> Self {
        self.then(LayerSpec::Relu {})
    }

    /// Batch normalisation, with PyTorch's usual momentum 0.1 and eps 10⁻⁵.
    pub fn batch_norm(self) -> Self {
        self.then(LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 })
    }

    /// 2×2 max pooling, stride 2.
    pub fn max_pool(self) -> Self {
        self.then(LayerSpec::MaxPool {})
    }

    /// Dropout, while training, of each element with probability `rate`.
    pub fn dropout(self, rate: f32) -> Self {
        self.then(LayerSpec::Dropout { rate })
    }

    /// The mean of each channel.
    pub fn global_average_pool(self) -> Self {
        self.then(LayerSpec::GlobalAveragePool {})
    }

    /// A fully connected layer to `features` features, with biases; as the last one, to as many as there are classes.
    pub fn linear(self, features: usize) -> Self {
        self.then(LayerSpec::Linear { features, bias: true })
    }

    /// How many trained parameters it has.
    ///
    /// # Errors
    /// When its layers do not fit one another.
    pub fn parameters(&self) -> Result<usize, Error> {
        self.check()?;
        Ok(parameters(&self.spec()))
    }

    fn then(mut self, layer: LayerSpec) -> Self {
        self.layers.push(layer);
        self
    }

    pub(crate) fn spec(&self) -> NetworkSpec {
        let mut layers = self.layers.clone();
        layers.push(LayerSpec::LogSoftmax {});
        NetworkSpec { input: self.input, layers }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.spec().shapes().map(drop).map_err(|e| Error::new(ErrorKind::Recipe, e))
    }
}

/// The parameters of a network whose layers fit.
pub(crate) fn parameters(spec: &NetworkSpec) -> usize {
    Summary::of(spec).expect("the caller has checked it").parameters()
}
