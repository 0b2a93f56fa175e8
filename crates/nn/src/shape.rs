//! What comes out of each layer, and every way in which a spec can be impossible.

use std::fmt;

use longhand_kernels::conv2d::Kernel;
use longhand_kernels::max_pool2d;

use crate::spec::{LayerSpec, NetworkSpec};

/// Channels, rows and columns of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// A vector of `features` elements.
    pub const fn vector(features: usize) -> Self {
        Shape { channels: features, height: 1, width: 1 }
    }

    /// Elements of one image.
    pub const fn elements(&self) -> usize {
        self.channels * self.height * self.width
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if (self.height, self.width) == (1, 1) {
            write!(f, "{}", self.channels)
        } else {
            write!(f, "{}×{}×{}", self.channels, self.height, self.width)
        }
    }
}

/// A network spec that cannot be built: which layer, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{problem}", position(.layer))]
pub struct SpecError {
    /// Index of the layer at fault, counted from 0; `None` where the fault is in the spec as a whole.
    pub layer: Option<usize>,
    /// What is wrong.
    pub problem: SpecProblem,
}

fn position(layer: &Option<usize>) -> String {
    layer.map_or(String::new(), |l| format!("layer {}: ", l + 1))
}

/// What is wrong with a network spec.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecProblem {
    /// The input has a side or channel count of zero, or is beyond [`MAX_SIDE`].
    #[error("an input of {0:?} (channels, rows, columns) cannot be: each must be from 1 to {MAX_SIDE}")]
    Input([usize; 3]),
    /// There is no layer.
    #[error("the network has no layers; give at least a linear and a log_softmax layer")]
    NoLayers,
    /// The kernel's side is not one of the three there are kernels for.
    #[error("a kernel {0} wide cannot be: kernel must be 1, 3 or 5")]
    Kernel(usize),
    /// The padding reaches the kernel's side.
    #[error("padding {padding} is too much for a kernel {kernel} wide: it must be below {kernel}")]
    Padding {
        /// The padding asked for.
        padding: usize,
        /// The kernel's side.
        kernel: usize,
    },
    /// The kernel is larger than the padded input.
    #[error(
        "a kernel {kernel} wide with padding {padding} does not fit an input of {input}; give it more padding, or pool less before it"
    )]
    KernelDoesNotFit {
        /// The kernel's side.
        kernel: usize,
        /// The padding.
        padding: usize,
        /// What comes in.
        input: Shape,
    },
    /// Channels or features of zero, or more than [`MAX_CHANNELS`].
    #[error("{what} = {found} cannot be: it must be from 1 to {MAX_CHANNELS}")]
    Count {
        /// `channels` or `features`.
        what: &'static str,
        /// The count asked for.
        found: usize,
    },
    /// There is nothing left to pool.
    #[error("2×2 max pooling needs at least 2 rows and 2 columns, and {0} comes in; remove a pooling layer")]
    NothingToPool(Shape),
    /// A rate outside 0..1.
    #[error("a dropout rate of {0} cannot be: it must be at least 0 and below 1")]
    DropoutRate(f32),
    /// Batch norm's momentum outside 0..=1.
    #[error("batch norm momentum {0} cannot be: it must be from 0 to 1")]
    Momentum(f64),
    /// Batch norm's eps zero, or so small that a channel of equal elements would be multiplied by infinity.
    #[error("batch norm eps {0} cannot be: it must be from {MIN_EPS:e} to 1")]
    Eps(f64),
    /// Log-softmax anywhere but last.
    #[error("log_softmax must be the last layer and only that; {0} layers follow")]
    LogSoftmaxNotLast(usize),
    /// The last layer is not log-softmax.
    #[error("the last layer must be log_softmax, and it is {0}; add {{ type = \"log_softmax\" }}")]
    NoLogSoftmax(&'static str),
    /// Log-softmax over something that is not a vector.
    #[error("log_softmax needs one number per class, and {0} comes in; put linear or global_average_pool before it")]
    NotAVector(Shape),
    /// A network of one class, or of more than a label can name.
    #[error("classes = {0} cannot be: log_softmax takes from 2 to 256")]
    Classes(usize),
    /// Too many layers, parameters or activations for the memory anybody wants to give it.
    #[error("{what} come to {found}, above the limit of {limit}; make the network smaller")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there would be.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// Least eps of batch norm: its −3/2 power, by which a gradient may be multiplied, is far from the largest float.
pub const MIN_EPS: f64 = 1e-12;
/// Most rows, columns or channels of an input image.
pub const MAX_SIDE: usize = 1024;
/// Most channels or features of a layer.
pub const MAX_CHANNELS: usize = 65_536;
/// Most layers of a network.
pub const MAX_LAYERS: usize = 1000;
/// Most trained parameters of a network.
pub const MAX_PARAMETERS: usize = 50_000_000;
/// Most elements of all activations of one image.
pub const MAX_ACTIVATIONS: usize = 50_000_000;

impl NetworkSpec {
    /// The shape of the input.
    pub fn input_shape(&self) -> Shape {
        let [channels, height, width] = self.input;
        Shape { channels, height, width }
    }

    /// The output shape of every layer, everything checked.
    ///
    /// # Errors
    /// The first impossible thing, with the layer it is in.
    pub fn shapes(&self) -> Result<Vec<Shape>, SpecError> {
        let whole = |problem| SpecError { layer: None, problem };
        if self.input.iter().any(|&side| side == 0 || side > MAX_SIDE) {
            return Err(whole(SpecProblem::Input(self.input)));
        }
        if self.layers.len() > MAX_LAYERS {
            let (what, found, limit) = ("the network's layers", self.layers.len(), MAX_LAYERS);
            return Err(whole(SpecProblem::TooLarge { what, found, limit }));
        }
        let mut shapes = Vec::with_capacity(self.layers.len());
        let mut shape = self.input_shape();
        let (mut parameters, mut activations) = (0usize, shape.elements());
        for (index, layer) in self.layers.iter().enumerate() {
            let at = |problem| SpecError { layer: Some(index), problem };
            parameters = parameters.saturating_add(parameters_of(layer, shape));
            let following = self.layers.len() - 1 - index;
            shape = output_shape(layer, shape, following).map_err(at)?;
            activations = activations.saturating_add(shape.elements());
            for (what, found, limit) in [
                ("the network's parameters", parameters, MAX_PARAMETERS),
                ("the activations of one image", activations, MAX_ACTIVATIONS),
            ] {
                if found > limit {
                    return Err(at(SpecProblem::TooLarge { what, found, limit }));
                }
            }
            shapes.push(shape);
        }
        match self.layers.last() {
            None => Err(whole(SpecProblem::NoLayers)),
            Some(LayerSpec::LogSoftmax {}) => Ok(shapes),
            Some(other) => Err(SpecError {
                layer: Some(self.layers.len() - 1),
                problem: SpecProblem::NoLogSoftmax(other.type_name()),
            }),
        }
    }
}

fn count(what: &'static str, found: usize) -> Result<usize, SpecProblem> {
    if (1..=MAX_CHANNELS).contains(&found) { Ok(found) } else { Err(SpecProblem::Count { what, found }) }
}

/// What `layer` makes of `input`, `following` layers coming after it.
fn output_shape(layer: &LayerSpec, input: Shape, following: usize) -> Result<Shape, SpecProblem> {
    match *layer {
        LayerSpec::Conv { channels, kernel, padding, .. } => {
            let channels = count("channels", channels)?;
            convolved(channels, kernel, padding, input)
        }
        LayerSpec::DepthwiseConv { kernel, padding, .. } => convolved(input.channels, kernel, padding, input),
        LayerSpec::BatchNorm { momentum, eps } => {
            if !(0.0..=1.0).contains(&momentum) {
                return Err(SpecProblem::Momentum(momentum));
            }
            if !(MIN_EPS..=1.0).contains(&eps) {
                return Err(SpecProblem::Eps(eps));
            }
            Ok(input)
        }
        LayerSpec::MaxPool {} => {
            if input.height < 2 || input.width < 2 {
                return Err(SpecProblem::NothingToPool(input));
            }
            let side = max_pool2d::output_side;
            Ok(Shape { channels: input.channels, height: side(input.height), width: side(input.width) })
        }
        LayerSpec::Dropout { rate } => {
            if (0.0..1.0).contains(&rate) {
                Ok(input)
            } else {
                Err(SpecProblem::DropoutRate(rate))
            }
        }
        LayerSpec::GlobalAveragePool {} => Ok(Shape::vector(input.channels)),
        LayerSpec::Linear { features, .. } => Ok(Shape::vector(count("features", features)?)),
        LayerSpec::Relu {} => Ok(input),
        LayerSpec::LogSoftmax {} => {
            if following > 0 {
                return Err(SpecProblem::LogSoftmaxNotLast(following));
            }
            if (input.height, input.width) != (1, 1) {
                return Err(SpecProblem::NotAVector(input));
            }
            if !(2..=256).contains(&input.channels) {
                return Err(SpecProblem::Classes(input.channels));
            }
            Ok(input)
        }
    }
}

/// What a convolution of `input` to `channels` channels gives, its kernel checked.
fn convolved(channels: usize, kernel: usize, padding: usize, input: Shape) -> Result<Shape, SpecProblem> {
    if !matches!(kernel, 1 | 3 | 5) {
        return Err(SpecProblem::Kernel(kernel));
    }
    if padding >= kernel {
        return Err(SpecProblem::Padding { padding, kernel });
    }
    let (height, width) = Kernel { size: kernel, padding }
        .output_side(input.height, input.width)
        .ok_or(SpecProblem::KernelDoesNotFit { kernel, padding, input })?;
    Ok(Shape { channels, height, width })
}

/// Trained parameters of `layer` on `input`, saturating.
pub(crate) fn parameters_of(layer: &LayerSpec, input: Shape) -> usize {
    let product = |factors: &[usize]| factors.iter().fold(1usize, |p, &f| p.saturating_mul(f));
    match *layer {
        LayerSpec::Conv { channels, kernel, bias, .. } => {
            product(&[channels, input.channels, kernel, kernel]).saturating_add(if bias { channels } else { 0 })
        }
        LayerSpec::DepthwiseConv { kernel, bias, .. } => {
            product(&[input.channels, kernel, kernel]).saturating_add(if bias { input.channels } else { 0 })
        }
        LayerSpec::BatchNorm { .. } => 2 * input.channels,
        LayerSpec::Linear { features, bias } => {
            product(&[features, input.elements()]).saturating_add(if bias { features } else { 0 })
        }
        _ => 0,
    }
}
