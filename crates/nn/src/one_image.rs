//! A network made ready to classify one image at a time, in the shortest time.

use longhand_kernels::Isa;
use longhand_kernels::batch_norm::Normaliser;
use longhand_kernels::one_image::{
    AlignedFloats, Finish, Layout, convolution, depthwise_convolution, global_average_pool, linear, log_softmax,
    padded, pointwise, winograd,
};

use crate::layers::{Conv2d, DepthwiseConv2d, Layer, Linear};
use crate::network::Network;
use crate::shape::Shape;

/// A network as it was when [`Network::one_image`] was called, with room for one image on its way through it.
///
/// [`crate::Inference`] takes sixteen images through in the time of one; this takes one alone, on the calling thread, many
/// times faster, and gives it the same log-probabilities to the bit. It owns what it needs: weights packed for its
/// kernels and one buffer per step.
#[derive(Clone, Debug)]
pub struct OneImage {
    steps: Vec<Step>,
    /// What each step reads; the last step writes `log_probabilities`.
    activations: Vec<(Layout, AlignedFloats)>,
    log_probabilities: AlignedFloats,
    classes: usize,
    scratch: winograd::Scratch,
}

/// One kernel call, with all it needs to know beside its input and output.
#[derive(Clone, Debug)]
enum Step {
    Convolution { padding: usize, weight: convolution::Weight, finish: Finish },
    Winograd { padding: usize, weight: winograd::Weight, finish: Finish },
    DepthwiseConvolution { padding: usize, weight: depthwise_convolution::Weight, finish: Finish },
    Pointwise(Finish),
    GlobalAveragePool,
    Linear(linear::Weight),
    LogSoftmax,
}

/// What a planned layer is made of before what belongs together is put together.
enum Piece<'a> {
    Convolution(&'a Conv2d),
    DepthwiseConvolution(&'a DepthwiseConv2d),
    Relu,
    Normalise(Vec<Normaliser>),
    Pool,
    GlobalAveragePool,
    Linear(&'a Linear),
    LogSoftmax,
}

impl Network {
    /// The network as it is now, made ready to classify one image at a time.
    pub fn one_image(&self) -> OneImage {
        let mut steps: Vec<Step> = Vec::new();
        for piece in self.pieces() {
            if !steps.last_mut().is_some_and(|step| step.take_in(&piece)) {
                steps.push(Step::new(piece, &self.parameters));
            }
        }
        let input = self.spec().input_shape();
        let mut shapes = vec![input];
        for step in &steps {
            shapes.push(step.output_shape(*shapes.last().expect("the input at least")));
        }
        let activations = steps.iter().zip(&shapes).enumerate().map(|(n, (step, shape))| {
            // An image comes as planes, and the convolution by its definition takes it as it comes.
            let planar = n == 0 && matches!(step, Step::Convolution { .. });
            let layout = if planar { Layout::planar } else { Layout::new };
            let layout = layout(shape.channels, shape.height, shape.width, step.border());
            (layout, AlignedFloats::zeros(layout.len()))
        });
        OneImage {
            activations: activations.collect(),
            log_probabilities: AlignedFloats::zeros(padded(self.classes())),
            classes: self.classes(),
            steps,
            scratch: winograd::Scratch::default(),
        }
    }

    fn pieces(&self) -> Vec<Piece<'_>> {
        let normalisers = self.running_normalisers();
        let mut pieces = Vec::new();
        for layer in &self.plan.layers {
            match layer {
                Layer::Conv2d(conv) => {
                    pieces.push(Piece::Convolution(conv));
                    if conv.relu {
                        pieces.push(Piece::Relu);
                    }
                }
                Layer::DepthwiseConv2d(conv) => pieces.push(Piece::DepthwiseConvolution(conv)),
                Layer::Relu(_) => pieces.push(Piece::Relu),
                Layer::BatchNorm(bn) => {
                    pieces.push(Piece::Normalise(normalisers[bn.channels.clone()].to_vec()));
                    if bn.pooled {
                        pieces.push(Piece::Pool);
                    }
                }
                Layer::MaxPool2d(_) => pieces.push(Piece::Pool),
                Layer::Dropout(_) => {}
                Layer::GlobalAveragePool(_) => pieces.push(Piece::GlobalAveragePool),
                Layer::Linear(linear) => pieces.push(Piece::Linear(linear)),
                Layer::LogSoftmax(_) => pieces.push(Piece::LogSoftmax),
            }
        }
        pieces
    }
}

impl Step {
    fn new(piece: Piece, parameters: &[f32]) -> Step {
        let mut step = match piece {
            Piece::Convolution(conv) => {
                let (outputs, inputs) = (conv.output.activation.channels, conv.input.activation.channels);
                let bias = conv.bias.clone().map(|b| &parameters[b]);
                let (weight, padding) = (&parameters[conv.weight.clone()], conv.kernel.padding);
                let finish = Finish::default();
                return if conv.winograd {
                    let weight = winograd::Weight::new(weight, bias, outputs, inputs);
                    Step::Winograd { padding, weight, finish }
                } else {
                    let weight = convolution::Weight::new(weight, bias, outputs, inputs, conv.kernel.size);
                    Step::Convolution { padding, weight, finish }
                };
            }
            Piece::DepthwiseConvolution(conv) => {
                let bias = conv.bias.clone().map(|b| &parameters[b]);
                let (weight, channels) = (&parameters[conv.weight.clone()], conv.input.activation.channels);
                let weight = depthwise_convolution::Weight::new(weight, bias, channels, conv.kernel.size);
                return Step::DepthwiseConvolution { padding: conv.kernel.padding, weight, finish: Finish::default() };
            }
            Piece::Linear(layer) => {
                let bias = layer.bias.clone().map(|b| &parameters[b]);
                let (features, elements) = (layer.output.activation.channels, layer.input.activation.elements());
                let weight = &parameters[layer.weight.clone()];
                return Step::Linear(linear::Weight::new(weight, bias, features, elements));
            }
            Piece::GlobalAveragePool => return Step::GlobalAveragePool,
            Piece::LogSoftmax => return Step::LogSoftmax,
            Piece::Relu | Piece::Normalise(_) | Piece::Pool => Step::Pointwise(Finish::default()),
        };
        assert!(step.take_in(&piece), "an empty finish takes in anything");
        step
    }

    /// Makes `piece` part of this step where that is possible.
    fn take_in(&mut self, piece: &Piece) -> bool {
        let (finish, pools) = match self {
            Step::Convolution { finish, .. } | Step::DepthwiseConvolution { finish, .. } => (finish, false),
            Step::Winograd { finish, .. } | Step::Pointwise(finish) => (finish, true),
            _ => return false,
        };
        match piece {
            Piece::Relu => finish.then_relu(),
            Piece::Normalise(normalisers) => finish.then_normalise(normalisers),
            Piece::Pool => pools && finish.then_pool(),
            _ => false,
        }
    }

    /// The border that the step's input needs.
    fn border(&self) -> usize {
        match self {
            Step::Convolution { padding, .. }
            | Step::Winograd { padding, .. }
            | Step::DepthwiseConvolution { padding, .. } => *padding,
            _ => 0,
        }
    }

    fn output_shape(&self, input: Shape) -> Shape {
        let pooled = |channels, (height, width), finish: &Finish| {
            let (height, width) = finish.stored_sides(height, width);
            Shape { channels, height, width }
        };
        match self {
            Step::Convolution { padding, weight, finish } => {
                pooled(weight.outputs(), weight.output_sides(*padding, input.height, input.width), finish)
            }
            Step::Winograd { padding, weight, finish } => {
                pooled(weight.outputs(), weight.output_sides(*padding, input.height, input.width), finish)
            }
            Step::DepthwiseConvolution { padding, weight, finish } => {
                pooled(weight.channels(), weight.output_sides(*padding, input.height, input.width), finish)
            }
            Step::Pointwise(finish) => pooled(input.channels, (input.height, input.width), finish),
            Step::GlobalAveragePool => Shape::vector(input.channels),
            Step::Linear(weight) => Shape::vector(weight.features()),
            Step::LogSoftmax => input,
        }
    }
}

impl OneImage {
    /// Computes the log-probabilities of an image, one per class, with running statistics and without dropout.
    ///
    /// `pixels` is `[channel][row][column]`, as the network is to see it (normalised).
    ///
    /// # Panics
    /// When `pixels` is not of the network's input shape.
    pub fn log_probabilities(&mut self, isa: Isa, pixels: impl ExactSizeIterator<Item = f32>) -> &[f32] {
        self.set_image(pixels);
        let OneImage { steps, activations, log_probabilities, classes, scratch } = self;
        for (n, step) in steps.iter().enumerate() {
            let (before, after) = activations.split_at_mut(n + 1);
            let (il, x) = (before[n].0, &*before[n].1);
            let (ol, y) = match after.first_mut() {
                Some((layout, y)) => (*layout, &mut **y),
                None => (il, &mut **log_probabilities),
            };
            match step {
                Step::Convolution { padding, weight, finish } => {
                    convolution::forward(isa, *padding, y, ol, x, il, weight, finish);
                }
                Step::Winograd { padding, weight, finish } => {
                    winograd::forward(isa, *padding, y, ol, x, il, weight, finish, scratch);
                }
                Step::DepthwiseConvolution { padding, weight, finish } => {
                    depthwise_convolution::forward(isa, *padding, y, ol, x, il, weight, finish);
                }
                Step::Pointwise(finish) => pointwise::forward(isa, y, ol, x, il, finish),
                Step::GlobalAveragePool => global_average_pool::forward(isa, y, ol, x, il),
                Step::Linear(weight) => linear::forward(isa, y, ol, x, il, weight),
                Step::LogSoftmax => log_softmax::forward(isa, y, &x[il.index(0, 0)..][..il.pixel()], *classes),
            }
        }
        &self.log_probabilities[..self.classes]
    }

    fn set_image(&mut self, mut pixels: impl ExactSizeIterator<Item = f32>) {
        let (layout, image) = &mut self.activations[0];
        assert_eq!(pixels.len(), layout.elements(), "pixels of an image");
        for c in 0..layout.channels {
            for r in 0..layout.height {
                let row = &mut image[layout.index(r, 0) + c * layout.channel()..];
                for (to, pixel) in row.iter_mut().step_by(layout.pixel()).zip(pixels.by_ref().take(layout.width)) {
                    *to = pixel;
                }
            }
        }
    }
}
