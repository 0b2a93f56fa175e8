//! The convolutions of one image alone, on the seed network's four, each with what follows it: ReLU, batch norm and,
//! but behind the first, max pooling; and as many channels and pixels by a depthwise convolution with ReLU and batch
//! norm.

use criterion::{Criterion, Throughput};
use longhand_kernels::batch_norm::Normaliser;
use longhand_kernels::one_image::{AlignedFloats, Finish, Layout, convolution, depthwise_convolution, winograd};

use crate::measure::{fast_isas, measure};
use crate::operands::{CONVOLUTIONS, Convolution, number, numbers};

const PADDING: usize = 1;
const SIZE: usize = 3;

/// Content from the fixed numbers, zeros around it.
fn tensor(layout: Layout) -> AlignedFloats {
    let mut values = AlignedFloats::zeros(layout.len());
    for c in 0..layout.channels {
        for r in 0..layout.height {
            for s in 0..layout.width {
                let at = layout.index(r, s) + c * layout.channel();
                values[at] = number(at);
            }
        }
    }
    values
}

fn finish(outputs: usize, pool: bool) -> Finish {
    let normalisers: Vec<Normaliser> = (0..outputs)
        .map(|k| Normaliser { mean: number(k), scale: 1.0 + number(k + 1), shift: number(k + 2) })
        .collect();
    let mut finish = Finish::default();
    assert!(finish.then_relu() && finish.then_normalise(&normalisers) && (!pool || finish.then_pool()));
    finish
}

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one_image convolution");
    for Convolution { inputs, outputs, side } in CONVOLUTIONS {
        let case = format!("{inputs}→{outputs} {side}×{side}");
        // As for lane groups: operations of direct convolution.
        group.throughput(Throughput::Elements((2 * inputs * outputs * SIZE * SIZE * side * side) as u64));
        let (weight, bias) = (numbers(outputs * inputs * SIZE * SIZE), numbers(outputs));
        if inputs == 1 {
            let (x, y) = (Layout::planar(inputs, side, side, PADDING), Layout::new(outputs, side, side, PADDING));
            let weight = convolution::Weight::new(&weight, Some(&bias), outputs, inputs, SIZE);
            let (input, finish) = (tensor(x), finish(outputs, false));
            measure(&mut group, &case, &fast_isas(), vec![0.0; y.len()], |isa, output| {
                convolution::forward(isa, PADDING, output, y, &input, x, &weight, &finish);
            });
        } else {
            let (x, y) = (Layout::new(inputs, side, side, PADDING), Layout::new(outputs, side / 2, side / 2, PADDING));
            let weight = winograd::Weight::new(&weight, Some(&bias), outputs, inputs);
            let (input, finish) = (tensor(x), finish(outputs, true));
            let scratch = std::cell::RefCell::new(winograd::Scratch::default());
            measure(&mut group, &case, &fast_isas(), vec![0.0; y.len()], |isa, output| {
                let scratch = &mut scratch.borrow_mut();
                winograd::forward(isa, PADDING, output, y, &input, x, &weight, &finish, scratch);
            });
        }
    }
    group.finish();

    let mut group = criterion.benchmark_group("one_image depthwise_convolution");
    for Convolution { outputs: channels, side, .. } in CONVOLUTIONS {
        group.throughput(Throughput::Elements((2 * channels * SIZE * SIZE * side * side) as u64));
        let layout = Layout::new(channels, side, side, PADDING);
        let (weight, bias) = (numbers(channels * SIZE * SIZE), numbers(channels));
        let weight = depthwise_convolution::Weight::new(&weight, Some(&bias), channels, SIZE);
        let (input, finish) = (tensor(layout), finish(channels, false));
        let case = format!("{channels} {side}×{side}");
        measure(&mut group, &case, &fast_isas(), vec![0.0; layout.len()], |isa, output| {
            depthwise_convolution::forward(isa, PADDING, output, layout, &input, layout, &weight, &finish);
        });
    }
    group.finish();
}
