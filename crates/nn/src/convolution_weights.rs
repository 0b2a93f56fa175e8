//! A convolution's weights in the forms that its kernels read, made once a step.

use std::ops::Range;

use longhand_kernels::winograd::{SIZE, TransformedWeight};
use longhand_kernels::{conv2d, depthwise_conv2d};

use crate::channel_blocks::ranges;
use crate::layers::{Conv2d, DepthwiseConv2d, Layer};

/// Weights of a pair of channels.
const TAPS: usize = SIZE * SIZE;

/// The weights of one convolution as its forward kernel and its input gradient read them.
#[derive(Clone, Debug, Default)]
pub struct ConvolutionWeights {
    /// Transformed, where Winograd's way is taken: one for each block of output channels.
    pub(crate) transformed: Vec<TransformedWeight>,
    /// Flipped, transposed and transformed, for the input gradient: one for each block of input channels.
    pub(crate) transformed_flipped: Vec<TransformedWeight>,
    /// Flipped, and transposed unless it is depthwise, for the input gradient by the definition.
    pub(crate) flipped: Vec<f32>,
}

/// One form of one convolution's weights, or a block of it: what a thread makes while others make others.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The convolution, by its place among the layers.
    layer: usize,
    /// Its place among the convolutions.
    ordinal: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Transformed { weight: TransformedWeight, outputs: Range<usize> },
    TransformedFlipped { weight: TransformedWeight, inputs: Range<usize> },
    Flipped { weight: Vec<f32> },
}

impl ConvolutionWeights {
    /// Makes what the kernels of every convolution among `layers` read of `parameters` (overwrites); what only the backward pass
    /// reads, where `backward`.
    pub(crate) fn set_all(
        all: &mut Vec<ConvolutionWeights>,
        layers: &[Layer],
        parameters: &[f32],
        backward: bool,
        blocks: usize,
    ) {
        let mut pieces = Self::take_apart(all, layers, backward, blocks);
        pieces.iter_mut().for_each(|piece| piece.make(layers, parameters));
        Self::put_together(all, pieces);
    }

    /// The pieces that [`ConvolutionWeights::set_all`] makes, none of which waits for another, with the memory of the last: those
    /// of the forward pass first, so that each half of them is as much work as the other.
    pub(crate) fn take_apart(
        all: &mut Vec<ConvolutionWeights>,
        layers: &[Layer],
        backward: bool,
        blocks: usize,
    ) -> Vec<Piece> {
        let is_convolution = |layer: &Layer| matches!(layer, Layer::Conv2d(_) | Layer::DepthwiseConv2d(_));
        let convolutions: Vec<usize> = (0..layers.len()).filter(|&i| is_convolution(&layers[i])).collect();
        all.resize_with(convolutions.len(), ConvolutionWeights::default);
        let mut pieces = Vec::new();
        for (ordinal, &layer) in convolutions.iter().enumerate() {
            if let Layer::Conv2d(conv) = &layers[layer]
                && conv.winograd
            {
                let mut before = all[ordinal].transformed.drain(..);
                for outputs in ranges(conv.output.activation.channels, blocks) {
                    let weight = before.next().unwrap_or_default();
                    pieces.push(Piece { layer, ordinal, form: Form::Transformed { weight, outputs } });
                }
            }
        }
        for (ordinal, &layer) in convolutions.iter().enumerate() {
            let (winograd, needed, inputs) = match &layers[layer] {
                Layer::Conv2d(conv) => (conv.winograd, conv.needs_grad_input, conv.input.activation.channels),
                Layer::DepthwiseConv2d(conv) => (false, conv.needs_grad_input, 0),
                _ => unreachable!("only convolutions"),
            };
            if !(backward && needed) {
                continue;
            }
            if winograd {
                let mut before = all[ordinal].transformed_flipped.drain(..);
                for inputs in ranges(inputs, blocks) {
                    let weight = before.next().unwrap_or_default();
                    pieces.push(Piece { layer, ordinal, form: Form::TransformedFlipped { weight, inputs } });
                }
            } else {
                let weight = std::mem::take(&mut all[ordinal].flipped);
                pieces.push(Piece { layer, ordinal, form: Form::Flipped { weight } });
            }
        }
        pieces
    }

    /// Puts pieces back in the order in which [`ConvolutionWeights::take_apart`] gave them.
    pub(crate) fn put_together(all: &mut [ConvolutionWeights], pieces: impl IntoIterator<Item = Piece>) {
        for Piece { ordinal, form, .. } in pieces {
            match form {
                Form::Transformed { weight, .. } => all[ordinal].transformed.push(weight),
                Form::TransformedFlipped { weight, .. } => all[ordinal].transformed_flipped.push(weight),
                Form::Flipped { weight } => all[ordinal].flipped = weight,
            }
        }
    }
}

impl Piece {
    /// Makes it of `parameters` (overwrites).
    pub(crate) fn make(&mut self, layers: &[Layer], parameters: &[f32]) {
        match &layers[self.layer] {
            Layer::Conv2d(conv) => self.form.make(conv, &parameters[conv.weight.clone()]),
            Layer::DepthwiseConv2d(conv) => self.form.make_depthwise(conv, &parameters[conv.weight.clone()]),
            _ => unreachable!("only convolutions"),
        }
    }
}

impl Form {
    fn make(&mut self, conv: &Conv2d, weight: &[f32]) {
        let (outputs, inputs) = (conv.output.activation.channels, conv.input.activation.channels);
        match self {
            Form::Transformed { weight: made, outputs: k } => {
                let weight = &weight[k.start * inputs * TAPS..k.end * inputs * TAPS];
                made.set(weight, k.len(), inputs);
            }
            Form::TransformedFlipped { weight: made, inputs: c } => {
                made.set_flipped(weight, outputs, inputs, c.clone());
            }
            Form::Flipped { weight: made } => {
                made.resize(weight.len(), 0.0);
                conv2d::flip_transpose(weight, outputs, inputs, conv.kernel.size, made);
            }
        }
    }

    fn make_depthwise(&mut self, conv: &DepthwiseConv2d, weight: &[f32]) {
        let Form::Flipped { weight: made } = self else { unreachable!("never transformed") };
        made.resize(weight.len(), 0.0);
        depthwise_conv2d::flip(weight, conv.kernel.size, made);
    }
}

#[cfg(test)]
mod tests {
    use super::{ConvolutionWeights, Form};
    use crate::{Initialisation, LayerSpec, Network, NetworkSpec};

    /// Two convolutions by Winograd's way, of which only the second has an input gradient, a depthwise and a 1×1 one.
    fn network() -> Network {
        let conv = |channels, kernel| LayerSpec::Conv { channels, kernel, padding: kernel / 2, bias: true };
        let depthwise = LayerSpec::DepthwiseConv { kernel: 3, padding: 1, bias: true };
        let end = [LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        let layers = [vec![conv(20, 3), conv(24, 3), depthwise, conv(5, 1)], end.to_vec()].concat();
        Network::new(&NetworkSpec { input: [12, 8, 8], layers }, Initialisation::default(), 0).unwrap()
    }

    fn set(all: &mut Vec<ConvolutionWeights>, network: &Network, backward: bool, blocks: usize) -> String {
        ConvolutionWeights::set_all(all, &network.plan.layers, &network.parameters, backward, blocks);
        format!("{all:?}")
    }

    /// In whatever order they are made, and over whatever was there.
    #[test]
    fn pieces_made_in_any_order_are_the_whole() {
        let network = network();
        let layers = &network.plan.layers;
        for (blocks, backward, count) in [(1, true, 5), (3, true, 11), (3, false, 6)] {
            let whole = set(&mut Vec::new(), &network, backward, blocks);
            let mut all = Vec::new();
            set(&mut all, &network, backward, 2);
            let mut pieces = ConvolutionWeights::take_apart(&mut all, layers, backward, blocks);
            assert_eq!(pieces.len(), count, "{blocks} blocks, backward {backward}");
            pieces.iter_mut().rev().for_each(|piece| piece.make(layers, &network.parameters));
            ConvolutionWeights::put_together(&mut all, pieces);
            assert_eq!(format!("{all:?}"), whole, "{blocks} blocks, backward {backward}");
        }
    }

    #[test]
    fn the_forward_pass_comes_first() {
        let network = network();
        let pieces = ConvolutionWeights::take_apart(&mut Vec::new(), &network.plan.layers, true, 1);
        let forward = |form: &Form| matches!(form, Form::Transformed { .. });
        let first = pieces.iter().take_while(|piece| forward(&piece.form)).count();
        assert_eq!(first, pieces.iter().filter(|piece| forward(&piece.form)).count());
        assert!(first > 0 && first < pieces.len());
    }
}
