//! The most multiply-adds a core can do: independent chains in registers, nothing loaded or stored.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use crate::Isa;
use crate::isa::dispatch;

/// Independent chains: enough to hide a latency of four at two a cycle, few enough for AVX2's 16 registers.
const CHAINS: usize = 12;

/// Runs `rounds` rounds of multiply-adds and returns how many floating-point operations (two a multiply-add) they were.
///
/// The caller times it. The sums converge, so no value over- or underflows however long it runs.
pub fn multiply_adds(isa: Isa, rounds: u64) -> u64 {
    let lanes = dispatch!(isa,
        plain => plain_chains(rounds),
        simd => chains(simd, rounds),
    );
    rounds * CHAINS as u64 * lanes as u64 * 2
}

/// Returns the lanes of each chain.
#[inline(always)]
fn chains<S: Simd>(simd: S, rounds: u64) -> usize {
    let factor = S::f32s::splat(simd, std::hint::black_box(0.5));
    let addend = S::f32s::splat(simd, std::hint::black_box(1.0));
    let mut sums: [S::f32s; CHAINS] = std::array::from_fn(|i| S::f32s::splat(simd, i as f32));
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = sum.mul_add_precise(factor, addend);
        }
    }
    let mut total = addend;
    for sum in sums {
        total += sum;
    }
    std::hint::black_box(total.as_slice()[0]);
    S::f32s::LEN
}

#[inline(always)]
fn plain_chains(rounds: u64) -> usize {
    let (factor, addend) = (std::hint::black_box(0.5f32), std::hint::black_box(1.0f32));
    let mut sums: [f32; CHAINS] = std::array::from_fn(|i| i as f32);
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = sum.mul_add(factor, addend);
        }
    }
    std::hint::black_box(sums);
    1
}
