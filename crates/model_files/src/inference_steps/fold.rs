//! Batch norm, and the normalisation of pixels, worked into the layers around them.
//!
//! Once trained, either is y = scale·x + shift in each channel, which is linear, and so is what stands around it:
//!
//! - behind a convolution or linear layer, it goes into that layer's weights and bias;
//! - before a linear layer, or a convolution without padding, it goes into that layer's weights and bias (padding is
//!   zeros behind the batch norm, and would have to be −shift/scale before it);
//! - behind the ReLU of such a layer, with scale ≥ 0: scale·max(x, 0) + shift = max(scale·x + shift, shift), so that the
//!   layer takes it in and the ReLU cuts at `shift` where it cut at 0;
//! - past global average pooling, and with scale ≥ 0 past max pooling, it may be moved.
//!
//! All of it is exact but for the rounding of the new weights. What fits nowhere stays as one scale and shift.

use super::{Operation, ScaleShift, Step, Weights};

/// `steps` with every batch norm and normalisation in the cheapest place; see the module.
pub(crate) fn fold(steps: Vec<Step>) -> Vec<Step> {
    let mut steps: Vec<Step> = steps.into_iter().map(as_scale_shift).collect();
    let mut index = 0;
    while index < steps.len() {
        let Operation::ScaleShift(affine) = &steps[index].operation else {
            index += 1;
            continue;
        };
        let affine = affine.clone();
        if let Some(writer) = layer_before(&steps, index, &affine, false) {
            into_outputs(&mut steps[writer..index], &affine);
            steps.remove(index);
        } else if let Some(reader) = layer_behind(&steps, index, &affine) {
            into_inputs(&mut steps[reader], &affine);
            steps.remove(index);
        } else if let Some(writer) = layer_before(&steps, index, &affine, true) {
            into_outputs(&mut steps[writer..index], &affine);
            steps.remove(index);
        } else {
            // Behind pooling there is less to multiply.
            let poolings = steps[index + 1..].iter().take_while(|s| commutes(&s.operation, &affine)).count();
            let mut moved = steps.remove(index);
            if poolings > 0 {
                moved.input = steps[index + poolings - 1].output;
                moved.output = moved.input;
            }
            steps.insert(index + poolings, moved);
            index += poolings + 1;
        }
    }
    steps
}

fn as_scale_shift(step: Step) -> Step {
    let affine = match &step.operation {
        Operation::Normalise { mean, std } => {
            let (mean, std) = (f64::from(*mean), f64::from(*std));
            let channels = step.input.channels;
            ScaleShift { scale: vec![1.0 / (255.0 * std); channels], shift: vec![-mean / std; channels] }
        }
        Operation::BatchNorm { gamma, beta, mean, var, eps } => {
            let scale: Vec<f64> = gamma.iter().zip(var).map(|(g, v)| g / (v + eps).sqrt()).collect();
            let shift = beta.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
            ScaleShift { scale, shift }
        }
        _ => return step,
    };
    Step { operation: Operation::ScaleShift(affine), ..step }
}

/// Whether `affine` may change places with a pooling.
fn commutes(operation: &Operation, affine: &ScaleShift) -> bool {
    match operation {
        Operation::GlobalAveragePool => true,
        Operation::MaxPool => affine.rises(),
        _ => false,
    }
}

/// The convolution or linear layer before `index` that can take `affine` in; `past_relu` says whether a ReLU may lie
/// between.
fn layer_before(steps: &[Step], index: usize, affine: &ScaleShift, past_relu: bool) -> Option<usize> {
    let passed = |step: &&Step| match step.operation {
        Operation::Relu { .. } => past_relu && affine.rises(),
        ref operation => commutes(operation, affine),
    };
    let between = steps[..index].iter().rev().take_while(passed).count();
    let found = index.checked_sub(between + 1)?;
    matches!(steps[found].operation, Operation::Convolution { .. } | Operation::Linear { .. }).then_some(found)
}

/// The layer, or the next scale and shift, behind `index` that can take `affine` in.
fn layer_behind(steps: &[Step], index: usize, affine: &ScaleShift) -> Option<usize> {
    let between = steps[index + 1..].iter().take_while(|s| commutes(&s.operation, affine)).count();
    let found = index + 1 + between;
    matches!(
        steps.get(found)?.operation,
        Operation::Convolution { padding: 0, .. } | Operation::Linear { .. } | Operation::ScaleShift(_)
    )
    .then_some(found)
}

/// Takes `affine` into the layer that is first in `steps`, and into the ReLUs behind it.
fn into_outputs(steps: &mut [Step], affine: &ScaleShift) {
    for step in steps {
        match &mut step.operation {
            Operation::Convolution { weights, .. } | Operation::Linear { weights } => weights.then(affine),
            Operation::Relu { floor } => {
                let before = floor.take().unwrap_or_else(|| vec![0.0; affine.scale.len()]);
                *floor = Some(affine.of(&before));
            }
            _ => {}
        }
    }
}

/// Takes `affine` into the layer that reads what it wrote.
fn into_inputs(step: &mut Step, affine: &ScaleShift) {
    let channels = affine.scale.len();
    match &mut step.operation {
        Operation::Convolution { weights, kernel, depthwise: false, .. } => weights.behind(affine, *kernel * *kernel),
        Operation::Convolution { weights, depthwise: true, .. } => weights.behind_in_each_channel(affine),
        Operation::Linear { weights } => weights.behind(affine, step.input.elements() / channels),
        Operation::ScaleShift(next) => {
            next.shift = next.of(&affine.shift);
            next.scale.iter_mut().zip(&affine.scale).for_each(|(s, first)| *s *= first);
        }
        _ => unreachable!("only these are found to take it in"),
    }
}

impl ScaleShift {
    /// Whether a larger input never gives a smaller output.
    fn rises(&self) -> bool {
        self.scale.iter().all(|&s| s >= 0.0)
    }

    /// scale·x + shift of one value per channel.
    fn of(&self, values: &[f64]) -> Vec<f64> {
        values.iter().zip(&self.scale).zip(&self.shift).map(|((x, s), t)| s * x + t).collect()
    }
}

impl Weights {
    /// The layer, and `affine` on what it writes.
    fn then(&mut self, affine: &ScaleShift) {
        let outputs = affine.scale.len();
        let fan_in = self.weight.len() / outputs;
        for (row, scale) in self.weight.chunks_exact_mut(fan_in).zip(&affine.scale) {
            row.iter_mut().for_each(|w| *w *= scale);
        }
        let bias = self.bias.take().unwrap_or_else(|| vec![0.0; outputs]);
        self.bias = Some(affine.of(&bias));
    }

    /// `affine` on what the layer reads, and the layer; `taps` weights of an output belong to each input channel.
    fn behind(&mut self, affine: &ScaleShift, taps: usize) {
        let fan_in = affine.scale.len() * taps;
        let outputs = self.weight.len() / fan_in;
        let mut bias = self.bias.take().unwrap_or_else(|| vec![0.0; outputs]);
        for (row, bias) in self.weight.chunks_exact_mut(fan_in).zip(&mut bias) {
            for ((of_channel, scale), shift) in row.chunks_exact_mut(taps).zip(&affine.scale).zip(&affine.shift) {
                *bias += of_channel.iter().sum::<f64>() * shift;
                of_channel.iter_mut().for_each(|w| *w *= scale);
            }
        }
        self.bias = Some(bias);
    }

    /// [`Weights::behind`] of a depthwise convolution, whose output channels each read one input channel.
    fn behind_in_each_channel(&mut self, affine: &ScaleShift) {
        let ScaleShift { scale, shift } = affine;
        let taps = self.weight.len() / scale.len();
        let mut bias = self.bias.take().unwrap_or_else(|| vec![0.0; scale.len()]);
        for (((row, bias), scale), shift) in self.weight.chunks_exact_mut(taps).zip(&mut bias).zip(scale).zip(shift) {
            *bias += row.iter().sum::<f64>() * shift;
            row.iter_mut().for_each(|w| *w *= scale);
        }
        self.bias = Some(bias);
    }
}

#[cfg(test)]
mod tests {
    use longhand_nn::{Initialisation, LayerSpec, Network, NetworkSpec};

    use super::*;
    use crate::inference_steps::steps;
    use crate::model::Model;

    const BATCH_NORM: LayerSpec = LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };

    fn conv(padding: usize) -> LayerSpec {
        LayerSpec::Conv { channels: 2, kernel: 3, padding, bias: false }
    }

    fn depthwise(padding: usize) -> LayerSpec {
        LayerSpec::DepthwiseConv { kernel: 3, padding, bias: false }
    }

    /// The names of the steps that are left of `layers`, an end added, on raw pixels; γ of all batch norms is `gamma`.
    fn folded(layers: &[LayerSpec], gamma: f32) -> String {
        let end = [LayerSpec::Linear { features: 3, bias: false }, LayerSpec::LogSoftmax {}];
        let spec = NetworkSpec { input: [1, 12, 12], layers: layers.iter().chain(&end).cloned().collect() };
        let mut network = Network::new(&spec, Initialisation::He, 1).unwrap();
        let tensors: Vec<_> = network
            .state()
            .into_iter()
            .map(|(name, shape, values)| {
                let is_gamma = name.starts_with("batch_norm") && name.ends_with(".weight");
                (name, shape, if is_gamma { vec![gamma; values.len()] } else { values.to_vec() })
            })
            .collect();
        network.load_state(&tensors, 1).unwrap();
        let model = Model { network, normalisation: Default::default(), recipe: "tiny".into() };
        let names: Vec<String> = fold(steps(&model, true)).into_iter().map(|step| step.name).collect();
        names.join(" ")
    }

    #[test]
    fn everything_goes_where_it_costs_least() {
        let relu = LayerSpec::Relu {};
        let pool = LayerSpec::MaxPool {};
        let mean = LayerSpec::GlobalAveragePool {};
        let kept = |layers: &[LayerSpec]| (folded(layers, 0.5), folded(layers, -0.5));
        let both = |text: &str| (text.to_owned(), text.to_owned());
        let end = "linear1 log_softmax1";
        // Directly behind the layer, whatever the sign.
        assert_eq!(kept(&[conv(0), BATCH_NORM, relu.clone()]), both(&format!("conv1 relu1 {end}")));
        // Behind ReLU and before a padded convolution: into the first where it rises.
        assert_eq!(
            kept(&[conv(0), relu.clone(), BATCH_NORM, conv(1)]),
            (format!("conv1 relu1 conv2 {end}"), format!("conv1 relu1 batch_norm1 conv2 {end}"))
        );
        // Before what can take it in.
        assert_eq!(kept(&[conv(0), relu.clone(), BATCH_NORM, conv(0)]), both(&format!("conv1 relu1 conv2 {end}")));
        assert_eq!(
            kept(&[conv(0), relu.clone(), BATCH_NORM, mean.clone()]),
            both(&format!("conv1 relu1 global_average_pool1 {end}"))
        );
        // A depthwise convolution takes in what is behind it and, unpadded, what is before it.
        assert_eq!(kept(&[depthwise(1), BATCH_NORM]), both(&format!("normalisation conv1 {end}")));
        assert_eq!(
            kept(&[depthwise(0), relu.clone(), mean.clone()]),
            both(&format!("conv1 relu1 global_average_pool1 {end}"))
        );
        // Pixels cannot go into a padded convolution; max pooling before it lets what rises pass.
        assert_eq!(kept(&[conv(1)]), both(&format!("normalisation conv1 {end}")));
        assert_eq!(kept(&[pool.clone(), conv(1)]), both(&format!("max_pool1 normalisation conv1 {end}")));
        // Two become one, and one that falls stays before max pooling.
        assert_eq!(
            kept(&[BATCH_NORM, BATCH_NORM, pool, conv(1)]),
            (format!("max_pool1 batch_norm2 conv1 {end}"), format!("max_pool1 batch_norm2 conv1 {end}"))
        );
        assert_eq!(
            folded(&[BATCH_NORM, LayerSpec::MaxPool {}, conv(1)], -0.5),
            format!("batch_norm1 max_pool1 conv1 {end}")
        );
    }
}
