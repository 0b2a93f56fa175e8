//! Checks a kernel's answer against the plain form, bit for bit, and then times it.

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId};
use longhand_kernels::batch_norm::{GradientSums, Moments};
use longhand_kernels::{Isa, Lanes};

/// What a kernel writes.
pub trait Answer: Clone {
    /// Every number of it, as bits: equal answers are the same bits, a negative zero and NaN included.
    fn bits(&self) -> Vec<u64>;
}

impl Answer for Vec<Lanes> {
    fn bits(&self) -> Vec<u64> {
        self.iter().flat_map(|v| v.0.map(|x| x.to_bits().into())).collect()
    }
}

impl Answer for Vec<f32> {
    fn bits(&self) -> Vec<u64> {
        self.iter().map(|x| x.to_bits().into()).collect()
    }
}

impl Answer for Vec<Moments> {
    fn bits(&self) -> Vec<u64> {
        self.iter().flat_map(|m| [m.count, m.mean, m.squared_deviations].map(f64::to_bits)).collect()
    }
}

impl Answer for Vec<GradientSums> {
    fn bits(&self) -> Vec<u64> {
        self.iter().flat_map(|s| [s.gradient, s.gradient_times_deviation].map(|x| x.to_bits().into())).collect()
    }
}

/// The instruction sets whose speed is of interest: all of this machine's but the plain form, if it has any other.
pub fn fast_isas() -> Vec<Isa> {
    let mut isas = Isa::available();
    if isas.len() > 1 {
        isas.retain(|isa| !matches!(isa, Isa::Plain));
    }
    isas
}

/// Checks and times `call`, which overwrites the `answer` it is given, on each of `isas`.
pub fn measure<A: Answer>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    case: &str,
    isas: &[Isa],
    answer: A,
    call: impl Fn(Isa, &mut A),
) {
    let expected = plain_bits(&answer, &call);
    for &isa in isas {
        group.bench_function(BenchmarkId::new(case, isa), |bencher| {
            let mut answer = checked(case, &expected, &answer, isa, &call);
            bencher.iter(|| call(isa, &mut answer));
        });
    }
}

/// As [`measure`], for a kernel that works in place: every call finds `values` as they were, and putting them back is
/// not timed.
pub fn measure_in_place<A: Answer>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    case: &str,
    isas: &[Isa],
    values: A,
    call: impl Fn(Isa, &mut A),
) {
    let expected = plain_bits(&values, &call);
    for &isa in isas {
        group.bench_function(BenchmarkId::new(case, isa), |bencher| {
            let mut place = checked(case, &expected, &values, isa, &call);
            bencher.iter_custom(|times| {
                let mut taken = Duration::ZERO;
                for _ in 0..times {
                    place.clone_from(&values);
                    let started = Instant::now();
                    call(isa, &mut place);
                    taken += started.elapsed();
                }
                taken
            });
        });
    }
}

/// The plain form's answer.
fn plain_bits<A: Answer>(before: &A, call: &impl Fn(Isa, &mut A)) -> Vec<u64> {
    let mut answer = before.clone();
    call(Isa::Plain, &mut answer);
    let bits = answer.bits();
    assert!(bits != before.bits(), "the kernel leaves everything as it was: nothing would be checked");
    bits
}

/// The answer on `isa`, after it was found to be the plain form's.
fn checked<A: Answer>(case: &str, expected: &[u64], before: &A, isa: Isa, call: &impl Fn(Isa, &mut A)) -> A {
    let mut answer = before.clone();
    call(isa, &mut answer);
    assert!(answer.bits() == expected, "{case}: {isa} gives another answer than the plain form");
    answer
}
