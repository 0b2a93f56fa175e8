//! Batch norm where no pooling follows: the four passes behind the first convolution.

use criterion::{Criterion, Throughput};
use longhand_kernels::batch_norm::{self, GradientSums, Moments};
use longhand_kernels::{Geometry, LANES};

use crate::measure::{fast_isas, measure};
use crate::operands::{FIRST_ACTIVATION, bytes, input_gradients, name, normalisers, tensor, zeros};

/// The input, read by nothing but batch norm.
const X: Geometry = Geometry::new(FIRST_ACTIVATION.channels, FIRST_ACTIVATION.height, FIRST_ACTIVATION.width, 0);
/// The output and its gradient, as the next convolution's kernels store them.
const Y: Geometry = FIRST_ACTIVATION;
/// The input's gradient, as the convolution before reads it.
const DX: Geometry = FIRST_ACTIVATION;

pub fn bench(criterion: &mut Criterion) {
    let (input, grad_output) = (tensor(X, 0), tensor(Y, 1));
    let (normalisers, coefficients) = (normalisers(X.channels), input_gradients(X.channels));
    let (case, isas) = (name(X), fast_isas());
    let content = bytes(X) as u64;
    let mut group = criterion.benchmark_group("batch_norm");

    group.throughput(Throughput::BytesDecimal(content));
    measure(&mut group, &format!("moments {case}"), &isas, vec![Moments::default(); X.channels], |isa, moments| {
        batch_norm::moments(isa, moments, &input, X, LANES);
    });
    group.throughput(Throughput::BytesDecimal(2 * content));
    measure(&mut group, &format!("normalise {case}"), &isas, zeros(Y), |isa, output| {
        batch_norm::normalise(isa, output, Y, &input, X, &normalisers);
    });
    let sums = vec![GradientSums::default(); X.channels];
    measure(&mut group, &format!("gradient_sums {case}"), &isas, sums, |isa, sums| {
        batch_norm::gradient_sums(isa, sums, &grad_output, Y, &input, X, &normalisers);
    });
    group.throughput(Throughput::BytesDecimal(3 * content));
    measure(&mut group, &format!("grad_input {case}"), &isas, zeros(DX), |isa, grad_input| {
        batch_norm::grad_input(isa, grad_input, DX, &grad_output, Y, &input, X, &coefficients, LANES, true, None);
    });
    group.finish();
}
