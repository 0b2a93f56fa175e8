//! Winograd's convolution against the definition (to rounding), each fast form against the plain one (to the bit), and
//! rows taken a few at a time against all at once (to the bit).

mod numbers;
mod sizes;

use longhand_kernels::batch_norm::{self, Normaliser};
use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::winograd::{self, Scratch, TransformedWeight};
use longhand_kernels::{Geometry, Isa, LANES, Lanes, batch_norm_max_pool};
use numbers::{Numbers, bits};
use proptest::prelude::*;
use sizes::most;

/// A convolution's operands.
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
    fn new(
        inputs: usize,
        outputs: usize,
        (height, width): (usize, usize),
        padding: usize,
        extra_border: usize,
        seed: u64,
    ) -> Option<Self> {
        let kernel = Kernel { size: winograd::SIZE, padding };
        let (out_height, out_width) = kernel.output_side(height, width)?;
        let x = Geometry::new(inputs, height, width, padding + extra_border);
        let y = Geometry::new(outputs, out_height, out_width, kernel.of_input_gradient().padding + extra_border);
        let mut numbers = Numbers(seed);
        Some(Operands {
            kernel,
            x,
            y,
            input: numbers.tensor(x),
            grad_output: numbers.tensor(y),
            weight: numbers.vec(inputs * outputs * 9),
            bias: numbers.vec(outputs),
        })
    }

    /// Output of the forward pass, `at_once` tile rows at a time.
    fn forward(&self, isa: Isa, relu: bool, at_once: usize) -> Vec<Lanes> {
        let (mut output, mut scratch) = (vec![Lanes::ZERO; self.y.len()], Scratch::default());
        let mut weight = TransformedWeight::default();
        weight.set(&self.weight, self.y.channels, self.x.channels);
        for rows in ranges(winograd::tiles_across(self.y.height), at_once) {
            let (padding, bias) = (self.kernel.padding, Some(&self.bias[..]));
            winograd::forward(
                isa,
                padding,
                rows,
                &mut output,
                self.y,
                &self.input,
                self.x,
                &weight,
                bias,
                relu,
                &mut scratch,
            );
        }
        output
    }

    /// Output of the forward pass with batch norm and perhaps pooling, `at_once` tile rows at a time.
    fn forward_normalised(
        &self,
        isa: Isa,
        relu: bool,
        at_once: usize,
        geometry: Geometry,
        normalisers: &[Normaliser],
        pool: bool,
    ) -> Vec<Lanes> {
        let (mut output, mut scratch) = (vec![Lanes::ZERO; geometry.len()], Scratch::default());
        let mut weight = TransformedWeight::default();
        weight.set(&self.weight, self.y.channels, self.x.channels);
        for rows in ranges(winograd::tiles_across(self.y.height), at_once) {
            let (padding, bias) = (self.kernel.padding, Some(&self.bias[..]));
            winograd::forward_normalised(
                isa,
                padding,
                rows,
                &mut output,
                geometry,
                &self.input,
                self.x,
                &weight,
                bias,
                relu,
                normalisers,
                pool,
                &mut scratch,
            );
        }
        output
    }

    /// The input gradient, `at_once` tile rows at a time.
    fn grad_input(&self, isa: Isa, at_once: usize) -> Vec<Lanes> {
        let (mut grad_input, mut scratch) = (vec![Lanes::ZERO; self.x.len()], Scratch::default());
        let mut weight = TransformedWeight::default();
        weight.set_flipped(&self.weight, self.y.channels, self.x.channels, 0..self.x.channels);
        let padding = self.kernel.of_input_gradient().padding;
        for rows in ranges(winograd::tiles_across(self.x.height), at_once) {
            winograd::forward(
                isa,
                padding,
                rows,
                &mut grad_input,
                self.x,
                &self.grad_output,
                self.y,
                &weight,
                None,
                false,
                &mut scratch,
            );
        }
        grad_input
    }

    fn grad_weight(&self, isa: Isa) -> Vec<f32> {
        // What the room for the sums held before must not matter.
        let mut sums = vec![Lanes::splat(7.0); winograd::grad_weight_room(self.x.channels, self.y.width)];
        let mut grad_weight = vec![0.0; self.weight.len()];
        let (padding, dy) = (self.kernel.padding, &self.grad_output);
        winograd::grad_weight(isa, padding, &mut grad_weight, dy, self.y, &self.input, self.x, &mut sums);
        grad_weight
    }
}

/// `0..count` in pieces of `at_once`.
fn ranges(count: usize, at_once: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..count).step_by(at_once).map(move |start| start..(start + at_once).min(count))
}

fn float_bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// The largest difference of two tensors.
fn worst(a: &[Lanes], b: &[Lanes]) -> f32 {
    a.iter().zip(b).flat_map(|(a, b)| a.0.iter().zip(&b.0)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: most(48, 1) as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_direction(
        inputs in 1usize..most(9, 3),
        outputs in 1usize..most(14, 3),
        side in (1usize..most(12, 3), 1usize..most(17, 4)),
        padding in 0usize..3,
        extra_border in 0usize..2,
        relu: bool,
        at_once in 1usize..5,
        seed: u64,
    ) {
        let Some(operands) = Operands::new(inputs, outputs, side, padding, extra_border, seed) else { return Ok(()) };
        let Operands { kernel, x, y, .. } = operands;
        let plain = Isa::Plain;

        let mut direct = vec![Lanes::ZERO; y.len()];
        let bias = Some(&operands.bias[..]);
        conv2d::forward(plain, kernel, &mut direct, y, &operands.input, x, &operands.weight, bias, relu);
        let output = operands.forward(plain, relu, usize::MAX);
        // Sums of at most 72 products below 1; the transforms round a few times more often than the definition.
        prop_assert!(worst(&output, &direct) < 1e-4, "forward departs by {}", worst(&output, &direct));

        let mut flipped = vec![0.0; operands.weight.len()];
        conv2d::flip_transpose(&operands.weight, outputs, inputs, kernel.size, &mut flipped);
        let mut direct = vec![Lanes::ZERO; x.len()];
        conv2d::grad_input(plain, kernel, &mut direct, x, &operands.grad_output, y, &flipped);
        let grad_input = operands.grad_input(plain, usize::MAX);
        prop_assert!(worst(&grad_input, &direct) < 1e-4, "input gradient departs by {}", worst(&grad_input, &direct));

        let mut direct = vec![0.0; operands.weight.len()];
        conv2d::grad_weight(plain, kernel, &mut direct, &operands.grad_output, y, &operands.input, x);
        let grad_weight = operands.grad_weight(plain);
        let worst = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Sums of at most 3,000 such products.
        prop_assert!(worst(&grad_weight, &direct) < 2e-3, "weight gradient departs by {}", worst(&grad_weight, &direct));

        // Batch norm and pooling in the convolution's registers, against one after the other.
        let channel = |salt: f32| move |c: usize| salt + c as f32 / 7.0;
        let (mean, scale, shift) = (channel(0.1), channel(-0.6), channel(0.3));
        let normalisers: Vec<_> =
            (0..outputs).map(|c| Normaliser { mean: mean(c), scale: scale(c), shift: shift(c) }).collect();
        let mut normalised = vec![Lanes::ZERO; y.len()];
        batch_norm::normalise(plain, &mut normalised, y, &output, y, &normalisers);
        let pooled_geometry = Geometry::new(outputs, y.height / 2, y.width / 2, 1);
        let mut pooled = vec![Lanes::ZERO; pooled_geometry.len()];
        if !pooled_geometry.is_empty() {
            batch_norm_max_pool::forward(plain, &mut pooled, pooled_geometry, &output, y, &normalisers);
        }
        for isa in Isa::available() {
            for (geometry, pool, wanted) in [(y, false, &normalised), (pooled_geometry, true, &pooled)] {
                let together = operands.forward_normalised(isa, relu, at_once, geometry, &normalisers, pool);
                prop_assert!(bits(&together) == bits(wanted), "{} normalised, pooled: {}", isa, pool);
            }
        }

        for isa in Isa::available() {
            prop_assert!(bits(&operands.forward(isa, relu, at_once)) == bits(&output), "{} forward", isa);
            prop_assert!(bits(&operands.grad_input(isa, at_once)) == bits(&grad_input), "{} input gradient", isa);
            let found = operands.grad_weight(isa);
            prop_assert!(float_bits(&found) == float_bits(&grad_weight), "{} weight gradient", isa);
        }
    }
}

/// Its transformed gradients are more than a pass is meant to hold, so a pass is one row and the room grows with it.
#[test]
#[cfg_attr(miri, ignore = "too long there")]
fn the_weight_gradient_of_an_image_as_wide_as_one_likes() {
    for width in [90, 91, 107] {
        let operands = Operands::new(2, 10, (3, width), 1, 0, 5).expect("a kernel that fits");
        let plain = float_bits(&operands.grad_weight(Isa::Plain));
        for isa in Isa::available() {
            assert_eq!(float_bits(&operands.grad_weight(isa)), plain, "{isa}, {width} wide");
        }
    }
}

/// The root of the mean square of what `found` departs by from `exact`, over that of `exact`.
fn relative_error(found: &[Lanes], exact: &[[f64; LANES]]) -> f64 {
    let pairs = || found.iter().zip(exact).flat_map(|(found, exact)| found.0.iter().zip(exact));
    let squares: f64 = pairs().map(|(&found, exact)| (f64::from(found) - exact).powi(2)).sum();
    (squares / pairs().map(|(_, exact)| exact.powi(2)).sum::<f64>()).sqrt()
}

#[test]
#[cfg_attr(miri, ignore = "too long there, and rounding is the same everywhere")]
fn it_rounds_less_than_four_times_as_much_as_the_definition() {
    // The points ±5/8 and ±3/2 come to 3.3 times the definition's error on these numbers, ±1 and ±2 to 6.9.
    let (inputs, outputs, side) = (20, 10, 16);
    let operands = Operands::new(inputs, outputs, (side, side), 1, 0, 1).expect("a kernel that fits");
    let Operands { kernel, x, y, .. } = operands;
    let mut direct = vec![Lanes::ZERO; y.len()];
    let bias = Some(&operands.bias[..]);
    conv2d::forward(Isa::Plain, kernel, &mut direct, y, &operands.input, x, &operands.weight, bias, false);
    let mut exact = vec![[0.0; LANES]; y.len()];
    for (k, r, s) in (0..outputs).flat_map(|k| (0..side).flat_map(move |r| (0..side).map(move |s| (k, r, s)))) {
        let sums = &mut exact[y.index(k, r, s)];
        *sums = [f64::from(operands.bias[k]); LANES];
        for (c, tap) in (0..inputs).flat_map(|c| (0..9).map(move |tap| (c, tap))) {
            let weight = f64::from(operands.weight[(k * inputs + c) * 9 + tap]);
            let input = &operands.input[x.index(c, r, s) - x.row_stride() - 1 + tap / 3 * x.row_stride() + tap % 3];
            sums.iter_mut().zip(input.0).for_each(|(sum, x)| *sum += weight * f64::from(x));
        }
    }
    let (by_definition, found) =
        (relative_error(&direct, &exact), relative_error(&operands.forward(Isa::Plain, false, usize::MAX), &exact));
    println!("relative error {found:.2e}, {:.2} times that of the definition", found / by_definition);
    assert!(found < 4.0 * by_definition, "{found:e} where the definition has {by_definition:e}");
}

#[test]
fn it_pays_where_the_count_of_operations_says_so() {
    // 7 × 7 tiles: 49·(36·200 + 144·10 + 118·20) = 539,000 against 9·200·784 = 1,411,200, and so the other way.
    assert!(winograd::pays(10, 20, 28, 28));
    // One input channel: 9·10·784 = 70,560 against 49·(36·10 + 144·10 + 118·1) = 93,982 on the way back.
    assert!(!winograd::pays(1, 10, 28, 28));
    // A single output pixel wastes fifteen sixteenths of its tile.
    assert!(!winograd::pays(64, 64, 1, 1));
}
