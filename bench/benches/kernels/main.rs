//! How fast every kernel is on the seed network's shapes, on each instruction set of this machine.
//!
//! One file per kernel holds all calls of that kernel's doors; [`measure`] checks each answer against the plain form,
//! bit for bit, and then times the call. Throughput is in floating-point operations for the convolutions ("elem"
//! in the output), in bytes of content read and written for the others.
#![forbid(unsafe_code)]

mod batch_norm;
mod batch_norm_max_pool;
mod conv2d;
mod depthwise_conv2d;
mod dropout;
mod log_softmax;
mod max_pool2d;
mod measure;
mod one_image;
mod operands;
mod relu;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

criterion_group! {
    name = kernels;
    // Half a hundred benches in about a minute; a kernel takes microseconds, so a sample is many calls all the same.
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(900));
    targets =
        conv2d::bench,
        depthwise_conv2d::bench,
        batch_norm::bench,
        batch_norm_max_pool::bench,
        max_pool2d::bench,
        relu::bench,
        dropout::bench,
        log_softmax::bench,
        one_image::bench,
}
criterion_main!(kernels);
