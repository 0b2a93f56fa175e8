//! Dropout in place, behind the first batch norm, at the seed recipe's rate.

use criterion::{Criterion, Throughput};
use longhand_kernels::dropout::{self, Mask};
use longhand_kernels::{Geometry, LANES};

use crate::measure::{fast_isas, measure_in_place};
use crate::operands::{FIRST_ACTIVATION, bytes, name, tensor};

const X: Geometry = FIRST_ACTIVATION;

pub fn bench(criterion: &mut Criterion) {
    let mask =
        Mask { keys: std::array::from_fn::<u32, LANES, _>(|l| 0x9e37_79b9_u32.wrapping_mul(l as u32 + 1)), rate: 0.01 };
    let mut group = criterion.benchmark_group("dropout");
    group.throughput(Throughput::BytesDecimal(2 * bytes(X) as u64));
    measure_in_place(&mut group, &name(X), &fast_isas(), tensor(X, 0), |isa, values| {
        dropout::apply(isa, values, X, &mask);
    });
    group.finish();
}
