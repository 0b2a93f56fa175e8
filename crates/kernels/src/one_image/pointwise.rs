//! ReLU, batch norm and max pooling where they do not follow a convolution at once.

use fearless_simd::{Simd, SimdBase};

use super::finish::{largest, plain_largest};
use super::{Finish, Layout};
use crate::Isa;
use crate::isa::dispatch;

/// Writes what `finish` makes of `input` into the content of `output` (overwritten).
///
/// # Panics
/// When a length does not fit its layout, a layout is planar, or the shapes do not belong together.
pub fn forward(
    isa: Isa,
    output: &mut [f32],
    output_layout: Layout,
    input: &[f32],
    input_layout: Layout,
    finish: &Finish,
) {
    let (ol, il) = (output_layout, input_layout);
    assert_eq!(output.len(), ol.len(), "output length");
    assert_eq!(input.len(), il.len(), "input length");
    assert!(!ol.is_planar() && !il.is_planar(), "{ol:?} and {il:?} must not be planar");
    assert_eq!(ol.channels, il.channels, "channels");
    assert_eq!((ol.height, ol.width), finish.stored_sides(il.height, il.width), "output sides");
    finish.check(il.channels);
    dispatch!(isa,
        plain => plain(output, ol, input, il, finish),
        simd => fast(simd, output, ol, input, il, finish),
    );
}

#[inline(always)]
fn plain(output: &mut [f32], ol: Layout, input: &[f32], il: Layout, finish: &Finish) {
    for r in 0..ol.height {
        for s in 0..ol.width {
            for k in 0..ol.channels {
                let x = |i, j| finish.plain(k, input[il.index(i, j) + k]);
                output[ol.index(r, s) + k] = if finish.pools() {
                    let (r, s) = (2 * r, 2 * s);
                    plain_largest([x(r, s), x(r, s + 1), x(r + 1, s), x(r + 1, s + 1)])
                } else {
                    x(r, s)
                };
            }
        }
    }
}

#[inline(always)]
fn fast<S: Simd>(simd: S, output: &mut [f32], ol: Layout, input: &[f32], il: Layout, finish: &Finish) {
    macro_rules! load {
        ($at:expr) => {
            S::f32s::from_slice(simd, &input[$at..$at + S::f32s::LEN])
        };
    }
    for r in 0..ol.height {
        for k in (0..ol.channels).step_by(S::f32s::LEN) {
            let at = finish.at(simd, k);
            for s in 0..ol.width {
                let y = if finish.pools() {
                    let upper = il.index(2 * r, 2 * s) + k;
                    let lower = upper + il.row();
                    largest::<S>([
                        at.apply(load!(upper)),
                        at.apply(load!(upper + il.pixel())),
                        at.apply(load!(lower)),
                        at.apply(load!(lower + il.pixel())),
                    ])
                } else {
                    let here = il.index(r, s) + k;
                    at.apply(load!(here))
                };
                let to = ol.index(r, s) + k;
                y.store_slice(&mut output[to..to + S::f32s::LEN]);
            }
        }
    }
}
