//! Every fast form against its plain form, bit for bit, over odd shapes, on every instruction set this CPU has.

mod numbers;
mod sizes;

use longhand_kernels::batch_norm::{self, GradientSums, InputGradient, Moments, Normaliser};
use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::dropout::{self, Mask};
use longhand_kernels::{
    Geometry, Isa, LANES, Lanes, batch_norm_dropout, batch_norm_max_pool, depthwise_conv2d, global_average_pool,
    linear, log_softmax, max_pool2d, relu,
};
use numbers::{Numbers, bits};
use proptest::prelude::*;
use sizes::most;

/// Runs `compute` on every ISA; all must give the bits of the plain form.
fn same_on_all<T: PartialEq + std::fmt::Debug>(compute: impl Fn(Isa) -> T) {
    let plain = compute(Isa::Plain);
    for isa in Isa::available() {
        assert!(compute(isa) == plain, "{isa} differs from the plain form");
    }
}

fn shape() -> impl Strategy<Value = (usize, usize, usize)> {
    (1usize..most(8, 3), 1usize..most(17, 6), 1usize..most(17, 6))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: most(48, 1) as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn convolution(
        (channels, height, width) in shape(),
        outputs in 1usize..most(12, 4),
        size in prop_oneof![Just(1usize), Just(3), Just(5)],
        padding in 0usize..5,
        extra_border in 0usize..2,
        with_bias: bool,
        through_relu: bool,
        seed: u64,
    ) {
        let kernel = Kernel { size, padding: padding % size };
        let Some((out_height, out_width)) = kernel.output_side(height, width) else { return Ok(()) };
        let input_geometry = Geometry::new(channels, height, width, kernel.padding + extra_border);
        let back = kernel.of_input_gradient();
        let output_geometry = Geometry::new(outputs, out_height, out_width, back.padding + extra_border);
        let mut numbers = Numbers(seed);
        let input = numbers.tensor(input_geometry);
        let weight = numbers.vec(outputs * channels * size * size);
        let bias = numbers.vec(outputs);
        let grad_output = numbers.tensor(output_geometry);
        let mut flipped = vec![0.0; weight.len()];
        conv2d::flip_transpose(&weight, outputs, channels, size, &mut flipped);

        same_on_all(|isa| {
            let mut output = vec![Lanes::ZERO; output_geometry.len()];
            let bias = with_bias.then_some(&bias[..]);
            conv2d::forward(isa, kernel, &mut output, output_geometry, &input, input_geometry, &weight, bias, through_relu);
            bits(&output)
        });
        same_on_all(|isa| {
            let mut grad_input = vec![Lanes::ZERO; input_geometry.len()];
            conv2d::grad_input(isa, kernel, &mut grad_input, input_geometry, &grad_output, output_geometry, &flipped);
            bits(&grad_input)
        });
        same_on_all(|isa| {
            let (mut grad_weight, mut grad_bias) = (vec![0.0; weight.len()], vec![0.0; outputs]);
            conv2d::grad_weight(isa, kernel, &mut grad_weight, &grad_output, output_geometry, &input, input_geometry);
            conv2d::grad_bias(isa, &mut grad_bias, &grad_output, output_geometry);
            grad_weight.iter().chain(&grad_bias).map(|g| g.to_bits()).collect::<Vec<_>>()
        });
    }

    #[test]
    fn depthwise_convolution(
        (channels, height, width) in (1usize..most(10, 3), 1usize..most(14, 6), 1usize..most(14, 6)),
        size in prop_oneof![Just(1usize), Just(3), Just(5)],
        extra_border in 0usize..2,
        with_bias: bool,
        through_relu: bool,
        at_once in 1usize..4,
        seed: u64,
    ) {
        for padding in 0..size {
            let kernel = Kernel { size, padding };
            let Some((out_height, out_width)) = kernel.output_side(height, width) else { continue };
            let x = Geometry::new(channels, height, width, padding + extra_border);
            let back = kernel.of_input_gradient();
            let y = Geometry::new(channels, out_height, out_width, back.padding + extra_border);
            let mut numbers = Numbers(seed);
            let (input, grad_output) = (numbers.tensor(x), numbers.tensor(y));
            let (weight, bias) = (numbers.vec(channels * size * size), numbers.vec(channels));
            let mut flipped = vec![0.0; weight.len()];
            depthwise_conv2d::flip(&weight, size, &mut flipped);

            let forward = |isa| {
                let mut output = vec![Lanes::ZERO; y.len()];
                let bias = with_bias.then_some(&bias[..]);
                depthwise_conv2d::forward(isa, kernel, &mut output, y, &input, x, &weight, bias, through_relu);
                bits(&output)
            };
            same_on_all(forward);
            same_on_all(|isa| {
                let mut output = vec![Lanes::ZERO; y.len()];
                let bias = with_bias.then_some(&bias[..]);
                for start in (0..y.height).step_by(at_once) {
                    let rows = start..(start + at_once).min(y.height);
                    depthwise_conv2d::forward_rows(
                        isa, kernel, rows, &mut output, y, &input, x, &weight, bias, through_relu,
                    );
                }
                assert!(bits(&output) == forward(isa), "{isa}, {at_once} rows at a time");
                bits(&output)
            });
            same_on_all(|isa| {
                let mut grad_input = vec![Lanes::ZERO; x.len()];
                depthwise_conv2d::forward(isa, back, &mut grad_input, x, &grad_output, y, &flipped, None, false);
                bits(&grad_input)
            });
            same_on_all(|isa| {
                let mut grad_weight = vec![7.0; weight.len()];
                depthwise_conv2d::grad_weight(isa, kernel, &mut grad_weight, &grad_output, y, &input, x);
                grad_weight.iter().map(|g| g.to_bits()).collect::<Vec<_>>()
            });
        }
    }

    #[test]
    fn batch_normalisation(
        (channels, height, width) in shape(),
        borders in prop::array::uniform3(0usize..3),
        active in 1usize..=LANES,
        through_relu: bool,
        seed: u64,
    ) {
        let [a, b, c] = borders.map(|border| Geometry::new(channels, height, width, border));
        let mut numbers = Numbers(seed);
        let input = numbers.tensor(a);
        let grad_output = numbers.tensor(b);
        let normalisers: Vec<Normaliser> = (0..channels)
            .map(|_| Normaliser { mean: numbers.next(), scale: numbers.next(), shift: numbers.next() })
            .collect();
        let coefficients: Vec<InputGradient> = (0..channels)
            .map(|_| InputGradient {
                mean: numbers.next(),
                of_gradient: numbers.next(),
                of_deviation: numbers.next(),
                constant: numbers.next(),
            })
            .collect();
        same_on_all(|isa| {
            let mut moments = vec![Moments::default(); channels];
            batch_norm::moments(isa, &mut moments, &input, a, active);
            moments
        });
        same_on_all(|isa| {
            let mut output = vec![Lanes::ZERO; b.len()];
            batch_norm::normalise(isa, &mut output, b, &input, a, &normalisers);
            bits(&output)
        });
        same_on_all(|isa| {
            let mut sums = vec![GradientSums::default(); channels];
            batch_norm::gradient_sums(isa, &mut sums, &grad_output, b, &input, a, &normalisers);
            sums
        });
        same_on_all(|isa| {
            let (mut grad_input, mut totals) = (vec![Lanes::splat(7.0); c.len()], vec![7.0; channels]);
            let total = seed.is_multiple_of(2).then_some(&mut totals[..]);
            batch_norm::grad_input(
                isa, &mut grad_input, c, &grad_output, b, &input, a, &coefficients, active, through_relu, total,
            );
            if seed.is_multiple_of(2) {
                let mut expected = vec![0.0; channels];
                conv2d::grad_bias(isa, &mut expected, &grad_input, c);
                assert_eq!(totals, expected, "{isa} totals");
            }
            bits(&grad_input)
        });
    }

    /// The fused form against the two kernels it stands for, bit for bit, on every instruction set.
    #[test]
    fn batch_normalisation_with_max_pooling(
        (channels, height, width) in (1usize..most(8, 3), 2usize..most(17, 6), 2usize..most(17, 6)),
        borders in prop::array::uniform4(0usize..3),
        active in 1usize..=LANES,
        through_relu: bool,
        rate in 0.0f32..0.9,
        seed: u64,
    ) {
        let [x_geometry, y_geometry, dx_geometry, _] = borders.map(|b| Geometry::new(channels, height, width, b));
        let pooled = Geometry::new(channels, height / 2, width / 2, borders[3]);
        let mut numbers = Numbers(seed);
        let x = numbers.tensor(x_geometry);
        let mut grad_pooled = numbers.tensor(pooled);
        grad_pooled.iter_mut().for_each(|g| *g = g.masked(active));
        let normalisers: Vec<Normaliser> = (0..channels)
            .map(|_| Normaliser { mean: numbers.next(), scale: numbers.next(), shift: numbers.next() })
            .collect();
        let coefficients: Vec<InputGradient> = (0..channels)
            .map(|_| InputGradient {
                mean: numbers.next(),
                of_gradient: numbers.next(),
                of_deviation: numbers.next(),
                constant: numbers.next(),
            })
            .collect();

        // One after the other, in plain form.
        let isa = Isa::Plain;
        let (mut y, mut out) = (vec![Lanes::ZERO; y_geometry.len()], vec![Lanes::ZERO; pooled.len()]);
        batch_norm::normalise(isa, &mut y, y_geometry, &x, x_geometry, &normalisers);
        max_pool2d::forward(isa, &mut out, pooled, &y, y_geometry);
        let mut dy = vec![Lanes::ZERO; y_geometry.len()];
        max_pool2d::backward(isa, &mut dy, y_geometry, &grad_pooled, pooled, &y, y_geometry);
        let mut sums = vec![GradientSums::default(); channels];
        batch_norm::gradient_sums(isa, &mut sums, &dy, y_geometry, &x, x_geometry, &normalisers);
        let mut window_by_window = vec![GradientSums::default(); channels];
        batch_norm_max_pool::gradient_sums(
            isa, &mut window_by_window, &grad_pooled, pooled, &x, x_geometry, &normalisers,
        );
        for (a, b) in sums.iter().zip(&window_by_window) {
            // Added in another order, so to rounding only: at most 256 products of numbers below 1 and 2.
            prop_assert!((a.gradient - b.gradient).abs() < 1e-3, "{:?} and {:?}", a, b);
            let (a, b) = (a.gradient_times_deviation, b.gradient_times_deviation);
            prop_assert!((a - b).abs() < 1e-3, "{} and {}", a, b);
        }
        let mut dx = vec![Lanes::ZERO; dx_geometry.len()];
        batch_norm::grad_input(
            isa, &mut dx, dx_geometry, &dy, y_geometry, &x, x_geometry, &coefficients, active, through_relu, None,
        );
        let mut grad_bias = vec![0.0; channels];
        conv2d::grad_bias(isa, &mut grad_bias, &dx, dx_geometry);

        let w_geometry = Geometry { border: 0, ..pooled };
        let mask = Mask { keys: std::array::from_fn(|l| (seed as u32).wrapping_mul(l as u32 + 1)), rate };
        let mut dropped = out.clone();
        dropout::apply(isa, &mut dropped, pooled, &mask);

        for isa in Isa::available() {
            let mut fused = vec![Lanes::ZERO; pooled.len()];
            batch_norm_max_pool::forward(isa, &mut fused, pooled, &x, x_geometry, &normalisers);
            prop_assert!(bits(&fused) == bits(&out), "{} forward", isa);
            for (mask, keep) in [(None, false), (None, true), (Some(&mask), false), (Some(&mask), true)] {
                let mut fused = vec![Lanes::ZERO; pooled.len()];
                let mut winners = vec![Lanes::splat(7.0); if keep { w_geometry.len() } else { 0 }];
                batch_norm_max_pool::forward_in_training(
                    isa, &mut fused, pooled, &x, x_geometry, &normalisers, mask, keep.then_some(&mut winners[..]),
                );
                let expected = if mask.is_some() { &dropped } else { &out };
                prop_assert!(bits(&fused) == bits(expected), "{} forward in training", isa);
                if keep {
                    let (mut y, mut sums) = (vec![Lanes::ZERO; pooled.len()], vec![GradientSums::default(); channels]);
                    batch_norm::normalise(isa, &mut y, pooled, &winners, w_geometry, &normalisers);
                    prop_assert!(bits(&y) == bits(&out), "{} winners", isa);
                    batch_norm::gradient_sums(
                        isa, &mut sums, &grad_pooled, pooled, &winners, w_geometry, &normalisers,
                    );
                    prop_assert_eq!(&sums, &window_by_window, "{} sums of winners", isa);
                }
            }
            let mut fused = vec![GradientSums::default(); channels];
            batch_norm_max_pool::gradient_sums(
                isa, &mut fused, &grad_pooled, pooled, &x, x_geometry, &normalisers,
            );
            prop_assert_eq!(&fused, &window_by_window, "{} sums", isa);
            for summed in [false, true] {
                let (mut fused, mut totals) = (vec![Lanes::ZERO; dx_geometry.len()], vec![7.0; channels]);
                batch_norm_max_pool::grad_input(
                    isa, &mut fused, dx_geometry, &grad_pooled, pooled, &x, x_geometry, &normalisers, &coefficients,
                    active, through_relu, summed.then_some(&mut totals[..]),
                );
                prop_assert!(bits(&fused) == bits(&dx), "{} input gradient, summed: {}", isa, summed);
                let expected = if summed { &grad_bias } else { &vec![7.0; channels] };
                prop_assert_eq!(&totals, expected, "{} totals", isa);
            }
        }
    }

    /// The fused form against the two kernels it stands for, bit for bit, on every instruction set.
    #[test]
    fn batch_normalisation_with_dropout(
        (channels, height, width) in shape(),
        borders in prop::array::uniform3(0usize..3),
        rate in 0.0f32..0.9,
        seed: u64,
    ) {
        let [a, b, c] = borders.map(|border| Geometry::new(channels, height, width, border));
        let mut numbers = Numbers(seed);
        let (x, grad_output) = (numbers.tensor(a), numbers.tensor(c));
        let normalisers: Vec<Normaliser> = (0..channels)
            .map(|_| Normaliser { mean: numbers.next(), scale: numbers.next(), shift: numbers.next() })
            .collect();
        let mask = Mask { keys: std::array::from_fn(|l| (seed as u32).wrapping_mul(l as u32 + 1)), rate };

        let isa = Isa::Plain;
        let mut y = vec![Lanes::ZERO; b.len()];
        batch_norm::normalise(isa, &mut y, b, &x, a, &normalisers);
        dropout::apply(isa, &mut y, b, &mask);
        let (mut dy, mut sums) = (grad_output.clone(), vec![GradientSums::default(); channels]);
        dropout::apply(isa, &mut dy, c, &mask);
        batch_norm::gradient_sums(isa, &mut sums, &dy, c, &x, a, &normalisers);

        for isa in Isa::available() {
            let mut fused = vec![Lanes::ZERO; b.len()];
            batch_norm_dropout::normalise(isa, &mut fused, b, &x, a, &normalisers, &mask);
            prop_assert!(bits(&fused) == bits(&y), "{} forward", isa);
            let (mut fused, mut fused_sums) = (grad_output.clone(), vec![GradientSums::default(); channels]);
            batch_norm_dropout::gradient_sums(isa, &mut fused_sums, &mut fused, c, &x, a, &normalisers, &mask);
            prop_assert!(bits(&fused) == bits(&dy), "{} gradient", isa);
            prop_assert_eq!(&fused_sums, &sums, "{} sums", isa);
        }
    }

    #[test]
    fn elementwise_and_pooling(
        (channels, height, width) in shape(),
        borders in prop::array::uniform3(0usize..3),
        rate in 0.0f32..0.9,
        seed: u64,
    ) {
        let [a, b, c] = borders.map(|border| Geometry::new(channels, height, width, border));
        let mut numbers = Numbers(seed);
        let mut input = numbers.tensor(a);
        if seed % 3 == 0 {
            input[a.index(0, height - 1, 0)].0[5] = f32::NAN;
        }
        let gradient = numbers.tensor(b);
        same_on_all(|isa| {
            let mut values = input.clone();
            relu::forward(isa, &mut values, a);
            bits(&values)
        });
        same_on_all(|isa| {
            let mut values = gradient.clone();
            relu::backward(isa, &mut values, b, &input, a);
            bits(&values)
        });
        same_on_all(|isa| {
            let mut values = input.clone();
            let mask = Mask { keys: std::array::from_fn(|l| (seed as u32).wrapping_mul(l as u32 + 1)), rate };
            dropout::apply(isa, &mut values, a, &mask);
            bits(&values)
        });
        let average = Geometry::new(channels, 1, 1, b.border);
        same_on_all(|isa| {
            let mut output = vec![Lanes::ZERO; average.len()];
            global_average_pool::forward(isa, &mut output, average, &input, a);
            let mut grad_input = vec![Lanes::ZERO; c.len()];
            global_average_pool::backward(&mut grad_input, c, &output, average);
            (bits(&output), bits(&grad_input))
        });
        if height >= 2 && width >= 2 {
            let pooled = Geometry::new(channels, height / 2, width / 2, b.border);
            let grad_output = numbers.tensor(pooled);
            same_on_all(|isa| {
                let mut output = vec![Lanes::ZERO; pooled.len()];
                max_pool2d::forward(isa, &mut output, pooled, &input, a);
                let mut grad_input = vec![Lanes::splat(7.0); c.len()];
                max_pool2d::backward(isa, &mut grad_input, c, &grad_output, pooled, &input, a);
                (bits(&output), bits(&grad_input))
            });
        }
    }

    #[test]
    fn linear_and_log_softmax(inputs in 1usize..most(60, 6), outputs in 1usize..most(20, 4), with_bias: bool, seed: u64) {
        let mut numbers = Numbers(seed);
        let (x, weight, bias) = (numbers.lanes(inputs), numbers.vec(inputs * outputs), numbers.vec(outputs));
        let dy = numbers.lanes(outputs);
        let outputs_geometry = Geometry::new(outputs, 1, 1, 0);
        let inputs_geometry = Geometry::new(inputs, 1, 1, 1);
        same_on_all(|isa| {
            let mut y = vec![Lanes::ZERO; outputs];
            linear::forward(isa, &mut y, outputs_geometry, &x, &weight, with_bias.then_some(&bias[..]));
            let mut dx = vec![Lanes::ZERO; inputs_geometry.len()];
            linear::grad_input(isa, &mut dx, inputs_geometry, &dy, &weight);
            let (mut dw, mut db) = (vec![0.0; weight.len()], vec![0.0; outputs]);
            linear::grad_weight(isa, &mut dw, &dy, &x);
            linear::grad_bias(&mut db, &dy);
            let mut log_probabilities = vec![Lanes::ZERO; outputs];
            log_softmax::forward(isa, &mut log_probabilities, &y);
            let mut grad_logits = vec![Lanes::ZERO; outputs];
            log_softmax::backward(isa, &mut grad_logits, outputs_geometry, &dy, &log_probabilities);
            let floats = dw.into_iter().chain(db).map(f32::to_bits).collect::<Vec<_>>();
            (bits(&y), bits(&dx), floats, bits(&log_probabilities), bits(&grad_logits))
        });
    }
}

#[test]
fn the_instruction_sets_compared_are_named() {
    let names: Vec<_> = Isa::available().iter().map(Isa::name).collect();
    println!("compared: {}", names.join(", "));
    assert_eq!(names.last(), Some(&"plain"));
}
