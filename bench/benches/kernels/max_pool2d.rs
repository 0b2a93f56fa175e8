//! Max pooling alone, on the network's largest activation.

use criterion::{Criterion, Throughput};
use longhand_kernels::{Geometry, max_pool2d};

use crate::measure::{fast_isas, measure};
use crate::operands::{LARGEST_ACTIVATION, LARGEST_POOLED, bytes, name, tensor, zeros};

/// The input and its gradient.
const X: Geometry = LARGEST_ACTIVATION;
/// The pooled output and its gradient.
const P: Geometry = LARGEST_POOLED;

pub fn bench(criterion: &mut Criterion) {
    let (input, grad_output) = (tensor(X, 0), tensor(P, 1));
    let (case, isas) = (name(X), fast_isas());
    let mut group = criterion.benchmark_group("max_pool2d");

    group.throughput(Throughput::BytesDecimal((bytes(X) + bytes(P)) as u64));
    measure(&mut group, &format!("forward {case}"), &isas, zeros(P), |isa, output| {
        max_pool2d::forward(isa, output, P, &input, X);
    });
    group.throughput(Throughput::BytesDecimal((2 * bytes(X) + bytes(P)) as u64));
    measure(&mut group, &format!("backward {case}"), &isas, zeros(X), |isa, grad_input| {
        max_pool2d::backward(isa, grad_input, X, &grad_output, P, &input, X);
    });
    group.finish();
}
