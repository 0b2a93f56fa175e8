//! The kernels for one image: every fast form against its plain form, bit for bit, over odd shapes, on every instruction
//! set this CPU has. That the plain forms give the bits of the kernels for lane groups is tested where both stand side by
//! side, in the networks' tests; the depthwise convolution's here too.

mod sizes;

use longhand_kernels::batch_norm::Normaliser;
use longhand_kernels::conv2d::Kernel;
use longhand_kernels::one_image::{
    AlignedFloats, Finish, Layout, convolution, depthwise_convolution, global_average_pool, linear, log_softmax,
    padded, pointwise, winograd,
};
use longhand_kernels::{Geometry, Isa, LANES, Lanes, depthwise_conv2d};
use proptest::prelude::*;
use sizes::most;

/// Numbers in -1 … 1 from a seed, with zeros of both signs and repeated values among them so that ties and signs are met;
/// and infinities and NaN where `wild`.
struct Numbers {
    state: u64,
    wild: bool,
}

impl Numbers {
    fn next(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let bits = (self.state >> 40) as i32;
        match bits % 61 {
            0 => 0.0,
            1 => -0.0,
            2 if self.wild => f32::NAN,
            3 if self.wild => f32::INFINITY,
            4 if self.wild => f32::NEG_INFINITY,
            5..15 => (bits % 3 - 1) as f32,
            _ => (bits % 4096 - 2048) as f32 / 2048.0,
        }
    }

    fn vec(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }

    /// Content from the numbers, zeros around it.
    fn tensor(&mut self, layout: Layout) -> AlignedFloats {
        let mut out = AlignedFloats::zeros(layout.len());
        for at in content(layout) {
            out[at] = self.next();
        }
        out
    }

    fn finish(&mut self, relu: bool, normalise: bool, pool: bool, channels: usize) -> Finish {
        let normaliser = |n: &mut Self| Normaliser { mean: n.next(), scale: n.next(), shift: n.next() };
        let normalisers: Vec<Normaliser> = (0..channels).map(|_| normaliser(self)).collect();
        let mut finish = Finish::default();
        assert!(!relu || finish.then_relu());
        assert!(!normalise || finish.then_normalise(&normalisers));
        assert!(!pool || finish.then_pool());
        finish
    }
}

/// Where every element of content lies.
fn content(layout: Layout) -> impl Iterator<Item = usize> {
    let pixels = (0..layout.height).flat_map(move |r| (0..layout.width).map(move |s| layout.index(r, s)));
    pixels.flat_map(move |at| (0..layout.channels).map(move |c| at + c * layout.channel()))
}

/// Channel, row and column of every element.
fn elements(channels: usize, height: usize, width: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels).flat_map(move |c| (0..height).flat_map(move |r| (0..width).map(move |s| (c, r, s))))
}

/// Which NaN it is may differ; what is stored around the content must stay as it was.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect()
}

/// Runs `compute` on every ISA over a tensor of this layout; all must give the bits of the plain form, in content, and
/// leave zeros around it, spare channels aside.
fn same_on_all(layout: Layout, compute: impl Fn(Isa, &mut [f32])) {
    let run = |isa| {
        let mut output = AlignedFloats::zeros(layout.len());
        compute(isa, &mut output);
        output
    };
    let plain = run(Isa::Plain);
    let mut inside = vec![false; layout.len()];
    for at in (0..layout.height).flat_map(|r| (0..layout.width).map(move |s| layout.index(r, s))) {
        inside[at..at + layout.pixel()].fill(true);
    }
    for isa in Isa::available() {
        let fast = run(isa);
        let of_content = |values: &[f32]| bits(&content(layout).map(|at| values[at]).collect::<Vec<_>>());
        assert!(of_content(&fast) == of_content(&plain), "{isa} differs from the plain form");
        let around = fast.iter().zip(&inside).filter(|(_, inside)| !**inside);
        assert!(around.map(|(x, _)| x.to_bits()).all(|b| b == 0), "{isa} writes around the content");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: most(64, 1) as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn convolution_by_its_definition(
        (inputs, height, width) in (1usize..most(20, 4), 1usize..most(9, 5), 1usize..most(33, 6)),
        outputs in 1usize..most(50, 4),
        size in prop_oneof![Just(1usize), Just(3), Just(5)],
        padding in 0usize..5,
        extra_border in 0usize..2,
        output_border in 0usize..3,
        (planar, with_bias, relu, normalise) in any::<(bool, bool, bool, bool)>(),
        seed: u64,
    ) {
        let padding = padding % size;
        prop_assume!(height + 2 * padding >= size && width + 2 * padding >= size);
        let layout = if planar { Layout::planar } else { Layout::new };
        let input_layout = layout(inputs, height, width, padding + extra_border);
        let mut numbers = Numbers { state: seed, wild: false };
        let (input, bias) = (numbers.tensor(input_layout), numbers.vec(outputs));
        let weight = numbers.vec(outputs * inputs * size * size);
        let weight = convolution::Weight::new(&weight, with_bias.then_some(&bias[..]), outputs, inputs, size);
        let finish = numbers.finish(relu, normalise, false, outputs);
        let (out_height, out_width) = weight.output_sides(padding, height, width);
        let output_layout = Layout::new(outputs, out_height, out_width, output_border);
        same_on_all(output_layout, |isa, output| {
            convolution::forward(isa, padding, output, output_layout, &input, input_layout, &weight, &finish);
        });
    }

    #[test]
    fn depthwise_convolution_by_its_definition(
        (channels, height, width) in (1usize..most(50, 4), 1usize..most(14, 5), 1usize..most(14, 6)),
        size in prop_oneof![Just(1usize), Just(3), Just(5)],
        extra_border in 0usize..2,
        output_border in 0usize..3,
        (with_bias, relu, normalise) in any::<(bool, bool, bool)>(),
        seed: u64,
    ) {
        for padding in 0..size {
            if height + 2 * padding < size || width + 2 * padding < size {
                continue;
            }
            let input_layout = Layout::new(channels, height, width, padding + extra_border);
            let mut numbers = Numbers { state: seed, wild: false };
            let (input, bias) = (numbers.tensor(input_layout), numbers.vec(channels));
            let weight = numbers.vec(channels * size * size);
            let bias = with_bias.then_some(&bias[..]);
            let packed = depthwise_convolution::Weight::new(&weight, bias, channels, size);
            let finish = numbers.finish(relu, normalise, false, channels);
            let (out_height, out_width) = packed.output_sides(padding, height, width);
            let output_layout = Layout::new(channels, out_height, out_width, output_border);
            same_on_all(output_layout, |isa, output| {
                depthwise_convolution::forward(
                    isa, padding, output, output_layout, &input, input_layout, &packed, &finish,
                );
            });

            // And the bits of a lane group, the image in one of its lanes.
            if normalise {
                continue;
            }
            let x = Geometry::new(channels, height, width, padding);
            let y = Geometry::new(channels, out_height, out_width, 0);
            let (lane, mut group) = (seed as usize % LANES, vec![Lanes::ZERO; x.len()]);
            for (c, r, s) in elements(channels, height, width) {
                group[x.index(c, r, s)].0[lane] = input[input_layout.index(r, s) + c];
            }
            let (mut grouped, mut alone) = (vec![Lanes::ZERO; y.len()], vec![0.0; output_layout.len()]);
            let (isa, kernel) = (Isa::Plain, Kernel { size, padding });
            depthwise_conv2d::forward(isa, kernel, &mut grouped, y, &group, x, &weight, bias, relu);
            depthwise_convolution::forward(
                isa, padding, &mut alone, output_layout, &input, input_layout, &packed, &finish,
            );
            for (c, r, s) in elements(channels, out_height, out_width) {
                let (a, b) = (grouped[y.index(c, r, s)].0[lane], alone[output_layout.index(r, s) + c]);
                prop_assert!(a.to_bits() == b.to_bits(), "channel {}, pixel {} {}: {} and {}", c, r, s, a, b);
            }
        }
    }

    #[test]
    fn winograd_convolution(
        (inputs, height, width) in (1usize..most(40, 4), 1usize..most(12, 4), 1usize..most(20, 4)),
        outputs in 1usize..most(70, 20),
        padding in 0usize..3,
        extra_border in 0usize..2,
        output_border in 0usize..3,
        (with_bias, relu, normalise, pool) in any::<(bool, bool, bool, bool)>(),
        seed: u64,
    ) {
        let needed = if pool { 4 } else { 3 };
        prop_assume!(height + 2 * padding >= needed && width + 2 * padding >= needed);
        let input_layout = Layout::new(inputs, height, width, padding + extra_border);
        let mut numbers = Numbers { state: seed, wild: false };
        let (input, bias) = (numbers.tensor(input_layout), numbers.vec(outputs));
        let weight = numbers.vec(outputs * inputs * 9);
        let weight = winograd::Weight::new(&weight, with_bias.then_some(&bias[..]), outputs, inputs);
        let finish = numbers.finish(relu, normalise, pool, outputs);
        let (out_height, out_width) = weight.output_sides(padding, height, width);
        let (out_height, out_width) = finish.stored_sides(out_height, out_width);
        let output_layout = Layout::new(outputs, out_height, out_width, output_border);
        same_on_all(output_layout, |isa, output| {
            let (finish, mut scratch) = (&finish, winograd::Scratch::default());
            winograd::forward(isa, padding, output, output_layout, &input, input_layout, &weight, finish, &mut scratch);
        });
    }

    #[test]
    fn the_largest_of_a_window_before_bias_relu_and_batch_norm(
        (inputs, height, width) in (1usize..3, 2usize..most(9, 5), 2usize..most(9, 5)),
        outputs in 1usize..most(40, 4),
        padding in 0usize..3,
        (with_bias, relu) in any::<(bool, bool)>(),
        wild in prop::bool::weighted(0.2),
        seed: u64,
    ) {
        prop_assume!(height + 2 * padding >= 4 && width + 2 * padding >= 4);
        let (ordinary, least) = (Normaliser { mean: 0.25, scale: 0.75, shift: -0.5 }, f32::from_bits(1));
        let norm = |mean, scale, shift| Some(Normaliser { mean, scale, shift });
        // The inputs' size, and a bias and a batch norm that some of the channels have instead of an ordinary one.
        for (case, (size, odd_bias, odd_norm)) in [
            (1.0, 0.5, Some(ordinary)),
            // The smallest becomes the largest, or all are one.
            (1.0, 0.5, norm(0.25, -0.75, 0.5)),
            (1.0, 0.5, norm(0.25, 0.0, 0.5)),
            // What vanishes becomes zeros of both signs, unless the scale is above a half.
            (1.0, 0.0, norm(0.0, least, 0.0)),
            (1.0, 0.0, norm(0.0, least, -0.0)),
            (1.0, 0.0, norm(1.0, least, least)),
            (4.0 * least, 0.0, norm(0.0, 0.5, 0.0)),
            (4.0 * least, 0.0, norm(0.0, 0.5000001, 0.0)),
            (4.0 * least, 0.0, norm(0.0, 0.5000001, -0.0)),
            (4.0 * least, -0.0, None),
            (1e-38, -0.0, None),
            // Infinities, which become NaN.
            (3e37, 0.0, norm(f32::MAX, 0.0, 0.5)),
            (3e37, 0.0, norm(f32::MAX, -0.0, 0.5)),
            (3e37, 0.0, norm(f32::MAX, 0.75, f32::INFINITY)),
            (1.0, 0.0, norm(0.0, f32::INFINITY, 0.5)),
            (4e37, f32::INFINITY, None),
            (4e37, 0.0, norm(f32::NEG_INFINITY, 0.75, 0.5)),
            (1.0, f32::NAN, norm(f32::NAN, f32::NAN, f32::NAN)),
        ].into_iter().enumerate() {
            let mut numbers = Numbers { state: seed ^ case as u64, wild };
            let input_layout = Layout::new(inputs, height, width, padding);
            let mut input = numbers.tensor(input_layout);
            input.iter_mut().for_each(|x| *x *= size);
            // Of one tap each, so that an output is about as large as what it is made of.
            let mut weight = vec![0.0; outputs * inputs * 9];
            weight.chunks_exact_mut(9).for_each(|w| w[4] = if numbers.next() < 0.0 { -1.0 } else { 1.0 });
            let odd: Vec<bool> = (0..outputs).map(|_| numbers.next() < 0.0).collect();
            let bias: Vec<f32> = odd.iter().map(|&odd| if odd { odd_bias } else { 0.25 * size }).collect();
            let weight = winograd::Weight::new(&weight, with_bias.then_some(&bias[..]), outputs, inputs);
            let mut finish = Finish::default();
            prop_assert!(!relu || finish.then_relu());
            if let Some(odd_norm) = odd_norm {
                let normalisers: Vec<_> = odd.iter().map(|&odd| if odd { odd_norm } else { ordinary }).collect();
                prop_assert!(finish.then_normalise(&normalisers));
            }
            prop_assert!(finish.then_pool());
            let (out_height, out_width) = weight.output_sides(padding, height, width);
            let output_layout = Layout::new(outputs, out_height / 2, out_width / 2, 0);
            same_on_all(output_layout, |isa, output| {
                let (finish, mut scratch) = (&finish, winograd::Scratch::default());
                winograd::forward(
                    isa, padding, output, output_layout, &input, input_layout, &weight, finish, &mut scratch,
                );
            });
        }
    }

    #[test]
    fn pointwise_and_pooling(
        (channels, height, width) in (1usize..most(50, 4), 2usize..most(9, 5), 2usize..most(9, 5)),
        borders in prop::array::uniform2(0usize..3),
        (relu, normalise, pool) in any::<(bool, bool, bool)>(),
        seed: u64,
    ) {
        let input_layout = Layout::new(channels, height, width, borders[0]);
        let mut numbers = Numbers { state: seed, wild: true };
        let input = numbers.tensor(input_layout);
        let finish = numbers.finish(relu, normalise, pool, channels);
        let (out_height, out_width) = finish.stored_sides(height, width);
        let output_layout = Layout::new(channels, out_height, out_width, borders[1]);
        same_on_all(output_layout, |isa, output| {
            pointwise::forward(isa, output, output_layout, &input, input_layout, &finish);
        });
        let averaged = Layout::new(channels, 1, 1, borders[1]);
        same_on_all(averaged, |isa, output| {
            global_average_pool::forward(isa, output, averaged, &input, input_layout);
        });
    }

    #[test]
    fn linear_layer(
        (channels, height, width) in (1usize..most(30, 4), 1usize..5, 1usize..5),
        features in 1usize..most(300, 20),
        borders in prop::array::uniform2(0usize..2),
        with_bias: bool,
        seed: u64,
    ) {
        let (input_layout, output_layout) =
            (Layout::new(channels, height, width, borders[0]), Layout::new(features, 1, 1, borders[1]));
        let mut numbers = Numbers { state: seed, wild: false };
        let (input, bias) = (numbers.tensor(input_layout), numbers.vec(features));
        let elements = input_layout.elements();
        let weight = numbers.vec(features * elements);
        let weight = linear::Weight::new(&weight, with_bias.then_some(&bias[..]), features, elements);
        same_on_all(output_layout, |isa, output| {
            linear::forward(isa, output, output_layout, &input, input_layout, &weight);
        });
    }

    #[test]
    fn log_softmax_of_any_classes(classes in 1usize..most(257, 12), size in 0u32..8, wild: bool, seed: u64) {
        let mut numbers = Numbers { state: seed, wild };
        let logits: Vec<f32> = numbers.vec(classes).into_iter().map(|x| x * 3f32.powi(size as i32)).collect();
        let input = AlignedFloats::filled_up(&logits, padded(classes));
        same_on_all(Layout::new(classes, 1, 1, 0), |isa, output| {
            // The layout's spare row and column are not part of it.
            log_softmax::forward(isa, &mut output[..padded(classes)], &input, classes);
        });
    }
}

#[test]
fn a_finish_keeps_its_order() {
    let mut finish = Finish::default();
    assert!(finish.then_relu() && finish.then_relu() && finish.then_normalise(&[Normaliser::default()]));
    assert!(!finish.then_relu() && !finish.then_normalise(&[Normaliser::default()]));
    assert!(finish.then_pool() && finish.pools() && !finish.then_pool() && !finish.then_relu());
}

#[test]
#[should_panic(expected = "normalisers of 17 channels")]
fn normalisers_of_another_layer_are_refused() {
    let layout = Layout::new(17, 1, 1, 0);
    let finish = Numbers { state: 0, wild: false }.finish(false, true, false, 3);
    let (mut output, input) = (vec![0.0; layout.len()], vec![0.0; layout.len()]);
    pointwise::forward(Isa::Plain, &mut output, layout, &input, layout, &finish);
}
