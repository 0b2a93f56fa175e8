//! Log-softmax of ten classes.

use criterion::{Criterion, Throughput};
use longhand_kernels::{Geometry, log_softmax};

use crate::measure::{fast_isas, measure};
use crate::operands::{bytes, tensor, zeros};

const CLASSES: Geometry = Geometry::new(10, 1, 1, 0);

pub fn bench(criterion: &mut Criterion) {
    let (logits, grad_output) = (tensor(CLASSES, 0), tensor(CLASSES, 1));
    let isas = fast_isas();
    let mut log_probabilities = zeros(CLASSES);
    log_softmax::forward(isas[0], &mut log_probabilities, &logits);
    let mut group = criterion.benchmark_group("log_softmax");

    group.throughput(Throughput::BytesDecimal(2 * bytes(CLASSES) as u64));
    measure(&mut group, "forward 10", &isas, zeros(CLASSES), |isa, output| {
        log_softmax::forward(isa, output, &logits);
    });
    group.throughput(Throughput::BytesDecimal(3 * bytes(CLASSES) as u64));
    measure(&mut group, "backward 10", &isas, zeros(CLASSES), |isa, grad_logits| {
        log_softmax::backward(isa, grad_logits, CLASSES, &grad_output, &log_probabilities);
    });
    group.finish();
}
