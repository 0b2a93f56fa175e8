//! Batch norm and the pooling behind it in one pass, on the network's largest activation.

use criterion::{Criterion, Throughput};
use longhand_kernels::batch_norm::GradientSums;
use longhand_kernels::{Geometry, LANES, batch_norm_max_pool};

use crate::measure::{fast_isas, measure};
use crate::operands::{LARGEST_ACTIVATION, LARGEST_POOLED, bytes, input_gradients, name, normalisers, tensor, zeros};

/// The input.
const X: Geometry = LARGEST_ACTIVATION;
/// The pooled output and its gradient.
const P: Geometry = LARGEST_POOLED;
/// The input's gradient, as the convolution before reads it.
const DX: Geometry = Geometry::new(X.channels, X.height, X.width, 1);

pub fn bench(criterion: &mut Criterion) {
    let (input, grad_output) = (tensor(X, 0), tensor(P, 1));
    let (normalisers, coefficients) = (normalisers(X.channels), input_gradients(X.channels));
    let (case, isas) = (name(X), fast_isas());
    let mut group = criterion.benchmark_group("batch_norm_max_pool");

    group.throughput(Throughput::BytesDecimal((bytes(X) + bytes(P)) as u64));
    measure(&mut group, &format!("forward {case}"), &isas, zeros(P), |isa, output| {
        batch_norm_max_pool::forward(isa, output, P, &input, X, &normalisers);
    });
    let sums = vec![GradientSums::default(); X.channels];
    measure(&mut group, &format!("gradient_sums {case}"), &isas, sums, |isa, sums| {
        batch_norm_max_pool::gradient_sums(isa, sums, &grad_output, P, &input, X, &normalisers);
    });
    group.throughput(Throughput::BytesDecimal((2 * bytes(X) + bytes(P)) as u64));
    measure(&mut group, &format!("grad_input {case}"), &isas, zeros(DX), |isa, grad_input| {
        batch_norm_max_pool::grad_input(
            isa,
            grad_input,
            DX,
            &grad_output,
            P,
            &input,
            X,
            &normalisers,
            &coefficients,
            LANES,
            true,
            None,
        );
    });
    group.finish();
}
