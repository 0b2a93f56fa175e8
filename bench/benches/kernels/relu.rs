//! ReLU alone, in place, behind the first convolution. (The seed network's runs inside its convolutions.)

use criterion::{Criterion, Throughput};
use longhand_kernels::{Geometry, relu};

use crate::measure::{fast_isas, measure_in_place};
use crate::operands::{FIRST_ACTIVATION, bytes, name, tensor};

/// The activation and its gradient.
const X: Geometry = FIRST_ACTIVATION;

pub fn bench(criterion: &mut Criterion) {
    let (values, gradient) = (tensor(X, 0), tensor(X, 1));
    let (case, isas) = (name(X), fast_isas());
    let mut group = criterion.benchmark_group("relu");

    group.throughput(Throughput::BytesDecimal(2 * bytes(X) as u64));
    measure_in_place(&mut group, &format!("forward {case}"), &isas, values.clone(), |isa, values| {
        relu::forward(isa, values, X);
    });
    // The sign of the output is the sign of the input here, so the input serves as well.
    group.throughput(Throughput::BytesDecimal(3 * bytes(X) as u64));
    measure_in_place(&mut group, &format!("backward {case}"), &isas, gradient, |isa, gradient| {
        relu::backward(isa, gradient, X, &values, X);
    });
    group.finish();
}
