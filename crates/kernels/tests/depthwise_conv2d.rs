//! The depthwise convolution against what it is: a convolution without weights between channels, linear in its input
//! and in its weights, whose gradients are its adjoints. (That all forms give the same bits is tested with the other
//! kernels.)

mod numbers;
mod sizes;

use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::{Geometry, Isa, LANES, Lanes, depthwise_conv2d};
use numbers::{Numbers, bits};
use proptest::prelude::*;
use sizes::most;

/// A depthwise convolution's operands.
#[derive(Debug)]
struct Operands {
    kernel: Kernel,
    x: Geometry,
    y: Geometry,
    input: Vec<Lanes>,
    grad_output: Vec<Lanes>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Operands {
    fn new(channels: usize, (height, width): (usize, usize), kernel: Kernel, seed: u64) -> Option<Self> {
        let (out_height, out_width) = kernel.output_side(height, width)?;
        let x = Geometry::new(channels, height, width, kernel.padding);
        let y = Geometry::new(channels, out_height, out_width, kernel.of_input_gradient().padding);
        let mut numbers = Numbers(seed);
        let (input, grad_output) = (numbers.tensor(x), numbers.tensor(y));
        let weight = numbers.vec(channels * kernel.size * kernel.size);
        Some(Operands { kernel, x, y, input, grad_output, weight, bias: numbers.vec(channels) })
    }

    /// The output with these weights.
    fn forward(&self, isa: Isa, weight: &[f32], bias: Option<&[f32]>, relu: bool) -> Vec<Lanes> {
        let mut output = vec![Lanes::ZERO; self.y.len()];
        depthwise_conv2d::forward(isa, self.kernel, &mut output, self.y, &self.input, self.x, weight, bias, relu);
        output
    }
}

/// Σ a·b over everything, in double precision.
fn inner_product<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f32>) -> f64 {
    a.into_iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn floats(lanes: &[Lanes]) -> impl Iterator<Item = &f32> {
    lanes.iter().flat_map(|v| &v.0)
}

fn operands() -> impl Strategy<Value = Option<Operands>> {
    let side = || 1usize..most(14, 4);
    let size = prop_oneof![Just(1usize), Just(3), Just(5)];
    (1usize..most(10, 3), (side(), side()), size, 0usize..5, any::<u64>()).prop_map(
        |(channels, sides, size, padding, seed)| {
            Operands::new(channels, sides, Kernel { size, padding: padding % size }, seed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: most(48, 1) as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_a_convolution_without_weights_between_channels(
        operands in operands(),
        with_bias: bool,
        relu: bool,
    ) {
        let Some(operands) = operands else { return Ok(()) };
        let Operands { kernel, x, y, ref input, ref weight, ref bias, .. } = operands;
        let (channels, taps) = (x.channels, kernel.size * kernel.size);
        let mut between_all = vec![0.0; channels * channels * taps];
        for c in 0..channels {
            between_all[(c * channels + c) * taps..][..taps].copy_from_slice(&weight[c * taps..][..taps]);
        }
        let bias = with_bias.then_some(&bias[..]);
        let mut wanted = vec![Lanes::ZERO; y.len()];
        conv2d::forward(Isa::Plain, kernel, &mut wanted, y, input, x, &between_all, bias, relu);
        // Equal as numbers: what 0·x adds can turn a negative zero into a positive one, and no more.
        prop_assert!(operands.forward(Isa::Plain, weight, bias, relu) == wanted);
    }

    #[test]
    fn its_gradients_are_its_adjoints(operands in operands()) {
        let Some(operands) = operands else { return Ok(()) };
        let Operands { kernel, x, y, ref input, ref grad_output, ref weight, .. } = operands;
        // At most 42,000 products of a gradient below 1 and an output below 25, which is rounded.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-2;
        for isa in Isa::available() {
            let output = operands.forward(isa, weight, None, false);
            let wanted = inner_product(floats(grad_output), floats(&output));

            let (back, mut flipped) = (kernel.of_input_gradient(), vec![7.0; weight.len()]);
            depthwise_conv2d::flip(weight, kernel.size, &mut flipped);
            let mut grad_input = vec![Lanes::ZERO; x.len()];
            depthwise_conv2d::forward(isa, back, &mut grad_input, x, grad_output, y, &flipped, None, false);
            let of_input = inner_product(floats(&grad_input), floats(input));
            prop_assert!(close(of_input, wanted), "{}: ⟨∂L/∂x, x⟩ = {}, ⟨∂L/∂y, y⟩ = {}", isa, of_input, wanted);

            let mut grad_weight = vec![7.0; weight.len()];
            depthwise_conv2d::grad_weight(isa, kernel, &mut grad_weight, grad_output, y, input, x);
            let of_weight = inner_product(&grad_weight, weight);
            prop_assert!(close(of_weight, wanted), "{}: ⟨∂L/∂w, w⟩ = {}, ⟨∂L/∂y, y⟩ = {}", isa, of_weight, wanted);
        }
    }

    /// The output is linear in the weights, so the gradient of one is what the output alone of that weight, set to 1,
    /// gives.
    #[test]
    fn the_gradient_of_each_weight_is_what_that_weight_does(operands in operands()) {
        let Some(operands) = operands else { return Ok(()) };
        let Operands { kernel, x, y, ref input, ref grad_output, ref weight, .. } = operands;
        let mut grad_weight = vec![7.0; weight.len()];
        depthwise_conv2d::grad_weight(Isa::Plain, kernel, &mut grad_weight, grad_output, y, input, x);
        for (n, &gradient) in grad_weight.iter().enumerate() {
            let mut one = vec![0.0; weight.len()];
            one[n] = 1.0;
            let wanted = inner_product(floats(grad_output), floats(&operands.forward(Isa::Plain, &one, None, false)));
            // Sums of at most 289 products below 1 in each of sixteen lanes.
            prop_assert!((f64::from(gradient) - wanted).abs() < 1e-3, "weight {}: {}, not {}", n, gradient, wanted);
        }
    }
}

#[test]
fn flipping_turns_every_kernel_by_half_a_turn() {
    let weight: Vec<f32> = (0..18).map(|i| i as f32).collect();
    let mut flipped = vec![0.0; 18];
    depthwise_conv2d::flip(&weight, 3, &mut flipped);
    let wanted: Vec<f32> = (0..9).rev().chain((9..18).rev()).map(|i| i as f32).collect();
    assert_eq!(flipped, wanted);
}

#[test]
#[should_panic(expected = "channels of output and input")]
fn other_channels_than_the_inputs_are_refused() {
    let (x, y) = (Geometry::new(2, 3, 3, 1), Geometry::new(3, 3, 3, 1));
    let (mut output, input) = (vec![Lanes::ZERO; y.len()], vec![Lanes::ZERO; x.len()]);
    let kernel = Kernel { size: 3, padding: 1 };
    depthwise_conv2d::forward(Isa::Plain, kernel, &mut output, y, &input, x, &[0.0; 27], None, false);
}

#[test]
fn lanes_do_not_touch_each_other() {
    let kernel = Kernel { size: 3, padding: 1 };
    let mut operands = Operands::new(3, (4, 5), kernel, 11).unwrap();
    let before = operands.forward(Isa::detect(), &operands.weight, None, false);
    operands.input.iter_mut().for_each(|v| v.0[LANES - 1] = f32::NAN);
    let after = operands.forward(Isa::detect(), &operands.weight, None, false);
    let others = |lanes: &[Lanes]| bits(&lanes.iter().map(|v| v.masked(LANES - 1)).collect::<Vec<_>>());
    assert_eq!(others(&before), others(&after));
    assert_ne!(bits(&before), bits(&after));
}
