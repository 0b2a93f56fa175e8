//! The network a person asks for: layers in order, as they stand in a recipe.

use serde::{Deserialize, Serialize};

/// Layers in order, and the images they take.
///
/// ```
/// let spec: longhand_nn::NetworkSpec = toml::from_str(r#"
///     input = [1, 28, 28]
///     layers = [
///         { type = "conv", channels = 8, kernel = 3, padding = 1 },
///         { type = "relu" },
///         { type = "batch_norm" },
///         { type = "max_pool" },
///         { type = "global_average_pool" },
///         { type = "linear", features = 10 },
///         { type = "log_softmax" },
///     ]
/// "#).unwrap();
/// assert_eq!(spec.layers.len(), 7);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Channels, rows and columns of an input image.
    pub input: [usize; 3],
    /// The layers, first to last. Any order whose shapes fit; the last must be `log_softmax`.
    pub layers: Vec<LayerSpec>,
}

/// One layer with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerSpec {
    /// Convolution, stride 1.
    Conv {
        /// Output channels.
        channels: usize,
        /// Rows and columns of the kernel: 1, 3 or 5.
        #[serde(default = "three")]
        kernel: usize,
        /// Zero rows and columns added on every side, below `kernel`.
        #[serde(default)]
        padding: usize,
        /// Whether each output channel has a trained bias.
        #[serde(default = "yes")]
        bias: bool,
    },
    /// Depthwise convolution, stride 1: each channel by a kernel of its own, so that as many come out as came in.
    DepthwiseConv {
        /// Rows and columns of the kernel: 1, 3 or 5.
        #[serde(default = "three")]
        kernel: usize,
        /// Zero rows and columns added on every side, below `kernel`.
        #[serde(default)]
        padding: usize,
        /// Whether each channel has a trained bias.
        #[serde(default = "yes")]
        bias: bool,
    },
    /// max(x, 0).
    Relu {},
    /// Batch normalisation over images, rows and columns.
    BatchNorm {
        /// Share of the new batch in the running statistics (PyTorch's meaning).
        #[serde(default = "tenth")]
        momentum: f64,
        /// Added to the variance.
        #[serde(default = "hundred_thousandth")]
        eps: f64,
    },
    /// 2×2 max pooling, stride 2.
    MaxPool {},
    /// Dropout while training.
    Dropout {
        /// The probability of dropping an element.
        rate: f32,
    },
    /// The mean of each channel.
    GlobalAveragePool {},
    /// Fully connected layer over all elements of its input.
    Linear {
        /// Output features.
        features: usize,
        /// Whether each output has a trained bias.
        #[serde(default = "yes")]
        bias: bool,
    },
    /// Log-probabilities of the classes; the last layer.
    LogSoftmax {},
}

fn three() -> usize {
    3
}

fn yes() -> bool {
    true
}

fn tenth() -> f64 {
    0.1
}

fn hundred_thousandth() -> f64 {
    1e-5
}

impl LayerSpec {
    /// The name that `type` takes in a recipe.
    pub fn type_name(&self) -> &'static str {
        match self {
            LayerSpec::Conv { .. } => "conv",
            LayerSpec::DepthwiseConv { .. } => "depthwise_conv",
            LayerSpec::Relu {} => "relu",
            LayerSpec::BatchNorm { .. } => "batch_norm",
            LayerSpec::MaxPool {} => "max_pool",
            LayerSpec::Dropout { .. } => "dropout",
            LayerSpec::GlobalAveragePool {} => "global_average_pool",
            LayerSpec::Linear { .. } => "linear",
            LayerSpec::LogSoftmax {} => "log_softmax",
        }
    }

    /// The layer as a person would write it in one line.
    pub fn describe(&self) -> String {
        match self {
            LayerSpec::Conv { channels, kernel, padding, bias } => {
                let bias = if *bias { "" } else { ", no bias" };
                format!("conv {kernel}×{kernel}, {channels} channels, padding {padding}{bias}")
            }
            LayerSpec::DepthwiseConv { kernel, padding, bias } => {
                let bias = if *bias { "" } else { ", no bias" };
                format!("depthwise conv {kernel}×{kernel}, padding {padding}{bias}")
            }
            LayerSpec::Relu {} => "ReLU".into(),
            LayerSpec::BatchNorm { .. } => "batch norm".into(),
            LayerSpec::MaxPool {} => "max pool 2×2".into(),
            LayerSpec::Dropout { rate } => format!("dropout {rate}"),
            LayerSpec::GlobalAveragePool {} => "global average pool".into(),
            LayerSpec::Linear { features, bias } => {
                let bias = if *bias { "" } else { ", no bias" };
                format!("linear, {features} features{bias}")
            }
            LayerSpec::LogSoftmax {} => "log-softmax".into(),
        }
    }
}
