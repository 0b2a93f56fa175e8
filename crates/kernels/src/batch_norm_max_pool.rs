//! Batch normalisation and the 2×2 max pooling behind it, without the tensor in between.
//!
//! What [`crate::batch_norm`] and [`crate::max_pool2d`] compute one after the other, bit for bit, in one pass each way
//! (only the sums for γ and β are added window by window instead of row by row): the normalised tensor and its gradient,
//! four times the pooled size, are never written or read. Three of four elements of that gradient are zero; which one is
//! not is found again by normalising and comparing anew, which costs less than memory.
//!
//! Where the output is made once more on the way back, the element of each window that wins can be put aside as it was before
//! it was normalised ([`forward_in_training`]). The sums for γ and β are then plain batch norm's
//! ([`crate::batch_norm::gradient_sums`]) of these winners, a quarter of what [`gradient_sums`] reads.

use std::ops::Range;

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, f32x16, mask32x16};

use crate::batch_norm::{GradientSums, InputGradient, Normaliser};
use crate::dropout::{Dropper, Mask};
use crate::isa::dispatch;
use crate::lanes::{active_mask, load, store, sum};
use crate::max_pool2d::{beats, check_pooled, plain_beats};
use crate::relu::plain_relu_gradient;
use crate::{Geometry, Isa, LANES, Lanes};

/// Channels whose sums run side by side.
const CHANNELS_AT_ONCE: usize = 4;

/// The four elements under a pooled one, in reading order.
const WINDOW: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// (x − mean)·scale + shift.
#[inline(always)]
fn plain_normalised(x: f32, n: &Normaliser) -> f32 {
    (x - n.mean).mul_add(n.scale, n.shift)
}

/// A [`Normaliser`] in every lane.
#[derive(Clone, Copy)]
struct Splat<S: Simd> {
    mean: f32x16<S>,
    scale: f32x16<S>,
    shift: f32x16<S>,
}

impl<S: Simd> Splat<S> {
    #[inline(always)]
    fn of(simd: S, n: &Normaliser) -> Self {
        let splat = |v| f32x16::splat(simd, v);
        Splat { mean: splat(n.mean), scale: splat(n.scale), shift: splat(n.shift) }
    }

    #[inline(always)]
    fn apply(&self, x: f32x16<S>) -> f32x16<S> {
        (x - self.mean).mul_add_precise(self.scale, self.shift)
    }
}

/// An [`InputGradient`] in every lane, and which lanes and elements it is for.
struct SplatGradient<S: Simd> {
    coefficients: [f32x16<S>; 4],
    zero: f32x16<S>,
    active: mask32x16<S>,
    through_relu: bool,
}

impl<S: Simd> SplatGradient<S> {
    #[inline(always)]
    fn of(simd: S, k: &InputGradient, active: mask32x16<S>, through_relu: bool) -> Self {
        let splat = |v| f32x16::splat(simd, v);
        let coefficients = [splat(k.mean), splat(k.of_gradient), splat(k.of_deviation), splat(k.constant)];
        SplatGradient { coefficients, zero: splat(0.0), active, through_relu }
    }

    /// ∂L/∂x of an element `x` whose normalised value has gradient `dy`.
    #[inline(always)]
    fn apply(&self, x: f32x16<S>, dy: f32x16<S>) -> f32x16<S> {
        let [mean, of_gradient, of_deviation, constant] = self.coefficients;
        let inner = (x - mean).mul_add_precise(of_deviation, constant);
        let value = dy.mul_add_precise(of_gradient, inner);
        let keep = if self.through_relu { self.active & x.simd_gt(self.zero) } else { self.active };
        keep.select(value, self.zero)
    }
}

/// Which of the four elements of `x` has the largest normalised value, the first of equals: a mask each.
#[inline(always)]
fn winners<S: Simd>(x: [f32x16<S>; 4], n: &Splat<S>) -> [mask32x16<S>; 4] {
    let y = x.map(
        #[inline(always)]
        |x| n.apply(x),
    );
    let take1 = beats(y[1], y[0]);
    let best = take1.select(y[1], y[0]);
    let take2 = beats(y[2], best);
    let best = take2.select(y[2], best);
    let take3 = beats(y[3], best);
    let before3 = !take3;
    let before2 = before3 & !take2;
    [before2 & !take1, before2 & take1, before3 & take2, take3]
}

/// Which of the four elements of one image wins.
#[inline(always)]
fn plain_winner(x: [f32; 4], n: &Normaliser) -> usize {
    let y = x.map(|x| plain_normalised(x, n));
    let mut winner = 0;
    for k in 1..4 {
        if plain_beats(y[k], y[winner]) {
            winner = k;
        }
    }
    winner
}

/// Writes the pooled, normalised content of `input` into the content of `output` (overwritten).
///
/// # Panics
/// When a length does not fit, or the output's shape is not the pooled one.
pub fn forward(
    isa: Isa,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
) {
    let rows = 0..output_geometry.height;
    forward_rows(isa, rows, output, output_geometry, input, input_geometry, normalisers);
}

/// [`forward`] for `rows` of the output alone.
///
/// # Panics
/// As [`forward`], and when there are no such rows.
pub fn forward_rows(
    isa: Isa,
    rows: Range<usize>,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
) {
    assert!(rows.end <= output_geometry.height, "rows {rows:?} of {}", output_geometry.height);
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    check_pooled(input_geometry, output_geometry);
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, n) in normalisers.iter().enumerate() {
            for r in rows.clone() {
                for s in 0..og.width {
                    let x = WINDOW.map(|(i, j)| input[ig.index(c, 2 * r + i, 2 * s + j)].0);
                    let y = &mut output[og.index(c, r, s)].0;
                    for l in 0..LANES {
                        let x = x.map(|x| x[l]);
                        y[l] = plain_normalised(x[plain_winner(x, n)], n);
                    }
                }
            }
        },
        simd => for (c, n) in normalisers.iter().enumerate() {
            let n = Splat::of(simd, n);
            for r in rows.clone() {
                let upper = &input[ig.index(c, 2 * r, 0)..][..2 * og.width];
                let lower = &input[ig.index(c, 2 * r + 1, 0)..][..2 * og.width];
                let y = &mut output[og.index(c, r, 0)..][..og.width];
                for ((y, upper), lower) in y.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                    let mut best = n.apply(load(simd, &upper[0]));
                    for x in [&upper[1], &lower[0], &lower[1]] {
                        let candidate = n.apply(load(simd, x));
                        best = beats(candidate, best).select(candidate, best);
                    }
                    store(y, best);
                }
            }
        },
    );
}

/// Writes what [`forward`] writes into the content of `output` (overwritten), multiplied by the mask of the dropout behind it
/// if one is given; and the element of each window that won, as it is in `input`, into the content of `winners` (overwritten),
/// which is of the shape of `output` without a border, if that is wanted.
///
/// # Panics
/// When a length does not fit, the output's shape is not the pooled one, or the mask's rate is not in `0..1`.
#[allow(clippy::too_many_arguments)]
pub fn forward_in_training(
    isa: Isa,
    output: &mut [Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
    mask: Option<&Mask>,
    winners: Option<&mut [Lanes]>,
) {
    let wg = Geometry { border: 0, ..output_geometry };
    assert_eq!(output.len(), output_geometry.len(), "output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    assert!(winners.as_ref().is_none_or(|w| w.len() == wg.len()), "winners length");
    check_pooled(input_geometry, output_geometry);
    if let Some(mask) = mask {
        mask.check();
    }
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => {
            let mut winners = winners;
            for (c, n) in normalisers.iter().enumerate() {
                for r in 0..og.height {
                    for s in 0..og.width {
                        let x = WINDOW.map(|(i, j)| input[ig.index(c, 2 * r + i, 2 * s + j)].0);
                        let (mut winner, mut y) = (Lanes::ZERO, Lanes::ZERO);
                        for l in 0..LANES {
                            let x = x.map(|x| x[l]);
                            winner.0[l] = x[plain_winner(x, n)];
                            y.0[l] = plain_normalised(winner.0[l], n);
                        }
                        if let Some(winners) = &mut winners {
                            winners[wg.index(c, r, s)] = winner;
                        }
                        output[og.index(c, r, s)] = mask.map_or(y, |mask| mask.plain(og, [c, r, s], y));
                    }
                }
            }
        },
        simd => match (mask, winners) {
            (Some(mask), Some(winners)) => {
                fast_forward::<_, true, true>(simd, output, og, input, ig, normalisers, mask, winners);
            }
            (Some(mask), None) => {
                fast_forward::<_, true, false>(simd, output, og, input, ig, normalisers, mask, &mut []);
            }
            (None, Some(winners)) => {
                fast_forward::<_, false, true>(simd, output, og, input, ig, normalisers, &Mask::NOTHING, winners);
            }
            (None, None) => {
                fast_forward::<_, false, false>(simd, output, og, input, ig, normalisers, &Mask::NOTHING, &mut []);
            }
        },
    );
}

/// The element of a window that wins, as it is and normalised, from two elements of its upper row and two of its lower.
#[inline(always)]
fn winner<S: Simd>(simd: S, n: &Splat<S>, upper: &[Lanes], lower: &[Lanes]) -> (f32x16<S>, f32x16<S>) {
    let mut x = load(simd, &upper[0]);
    let mut best = n.apply(x);
    for candidate in [&upper[1], &lower[0], &lower[1]] {
        let candidate = load(simd, candidate);
        let y = n.apply(candidate);
        let wins = beats(y, best);
        best = wins.select(y, best);
        x = wins.select(candidate, x);
    }
    (x, best)
}

#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn fast_forward<S: Simd, const DROPS: bool, const KEEPS: bool>(
    simd: S,
    output: &mut [Lanes],
    og: Geometry,
    input: &[Lanes],
    ig: Geometry,
    normalisers: &[Normaliser],
    mask: &Mask,
    winners: &mut [Lanes],
) {
    let dropper = Dropper::of(simd, mask);
    for (c, n) in normalisers.iter().enumerate() {
        let n = Splat::of(simd, n);
        for r in 0..og.height {
            let mut dropper = dropper.at(simd, og, c, r);
            let upper = &input[ig.index(c, 2 * r, 0)..][..2 * og.width];
            let lower = &input[ig.index(c, 2 * r + 1, 0)..][..2 * og.width];
            let y = &mut output[og.index(c, r, 0)..][..og.width];
            let winners = if KEEPS { &mut winners[(c * og.height + r) * og.width..][..og.width] } else { &mut [] };
            for (s, ((y, upper), lower)) in
                y.iter_mut().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)).enumerate()
            {
                let (x, best) = winner(simd, &n, upper, lower);
                if KEEPS {
                    store(&mut winners[s], x);
                }
                store(y, if DROPS { dropper.next(simd, best) } else { best });
            }
        }
    }
}

/// Writes Σ ∂L/∂y and Σ ∂L/∂y·(x−μ) of each channel into `sums` (overwritten), `grad_output` being of the pooled tensor.
///
/// A window adds ∂L/∂y and ∂L/∂y·(x−μ) of its winner, windows in reading order per lane (the zeros of the other three
/// change no sum). Inactive lanes must hold zero in `grad_output`. [`crate::batch_norm::gradient_sums`] gives the same of the
/// winners that [`forward_in_training`] writes.
///
/// # Panics
/// When a length does not fit, or the shapes do not belong together.
pub fn gradient_sums(
    isa: Isa,
    sums: &mut [GradientSums],
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
) {
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    assert_eq!(sums.len(), input_geometry.channels, "sums length");
    check_pooled(input_geometry, output_geometry);
    let (og, ig) = (output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, (sums, n)) in sums.iter_mut().zip(normalisers).enumerate() {
            let (mut first, mut second) = (Lanes::ZERO, Lanes::ZERO);
            for r in 0..og.height {
                for s in 0..og.width {
                    let x = WINDOW.map(|(i, j)| input[ig.index(c, 2 * r + i, 2 * s + j)].0);
                    let dy = grad_output[og.index(c, r, s)].0;
                    for l in 0..LANES {
                        let x = x.map(|x| x[l]);
                        first.0[l] += dy[l];
                        second.0[l] = dy[l].mul_add(x[plain_winner(x, n)] - n.mean, second.0[l]);
                    }
                }
            }
            *sums = GradientSums { gradient: first.sum(), gradient_times_deviation: second.sum() };
        },
        simd => for (block, sums) in sums.chunks_mut(CHANNELS_AT_ONCE).enumerate() {
            let channel = block * CHANNELS_AT_ONCE;
            let zero = f32x16::splat(simd, 0.0);
            let mut running = [(zero, zero); CHANNELS_AT_ONCE];
            for r in 0..og.height {
                for (k, (first, second)) in running.iter_mut().enumerate().take(sums.len()) {
                    let n = Splat::of(simd, &normalisers[channel + k]);
                    let upper = &input[ig.index(channel + k, 2 * r, 0)..][..2 * og.width];
                    let lower = &input[ig.index(channel + k, 2 * r + 1, 0)..][..2 * og.width];
                    let dy = &grad_output[og.index(channel + k, r, 0)..][..og.width];
                    for ((dy, upper), lower) in dy.iter().zip(upper.chunks_exact(2)).zip(lower.chunks_exact(2)) {
                        let (x, _) = winner(simd, &n, upper, lower);
                        let dy = load(simd, dy);
                        *first += dy;
                        *second = dy.mul_add_precise(x - n.mean, *second);
                    }
                }
            }
            for (sums, (first, second)) in sums.iter_mut().zip(running) {
                *sums = GradientSums { gradient: sum(simd, first), gradient_times_deviation: sum(simd, second) };
            }
        },
    );
}

/// Writes ∂L/∂x into the content of `grad_input` (overwritten), zero in lanes from `active` on, `grad_output` being of
/// the pooled tensor; with `through_relu` and `totals` as in [`crate::batch_norm::grad_input`].
///
/// # Panics
/// When a length does not fit, the shapes do not belong together, or `active` is above [`LANES`].
#[allow(clippy::too_many_arguments)]
pub fn grad_input(
    isa: Isa,
    grad_input: &mut [Lanes],
    grad_input_geometry: Geometry,
    grad_output: &[Lanes],
    output_geometry: Geometry,
    input: &[Lanes],
    input_geometry: Geometry,
    normalisers: &[Normaliser],
    coefficients: &[InputGradient],
    active: usize,
    through_relu: bool,
    mut totals: Option<&mut [f32]>,
) {
    assert!(totals.as_ref().is_none_or(|totals| totals.len() == input_geometry.channels), "totals length");
    assert_eq!(grad_input.len(), grad_input_geometry.len(), "grad_input length");
    assert_eq!(grad_output.len(), output_geometry.len(), "grad_output length");
    assert_eq!(input.len(), input_geometry.len(), "input length");
    assert!(grad_input_geometry.same_shape(&input_geometry), "shapes {grad_input_geometry:?}, {input_geometry:?}");
    assert_eq!(normalisers.len(), input_geometry.channels, "normalisers length");
    assert_eq!(coefficients.len(), input_geometry.channels, "coefficients length");
    assert!(active <= LANES, "{active} active lanes");
    check_pooled(input_geometry, output_geometry);
    let (gg, og, ig) = (grad_input_geometry, output_geometry, input_geometry);
    dispatch!(isa,
        plain => for (c, (n, k)) in normalisers.iter().zip(coefficients).enumerate() {
            let mut total = Lanes::ZERO;
            for row in 0..ig.height {
                for column in 0..ig.width {
                    let (r, s) = (row / 2, column / 2);
                    let pooled = r < og.height && s < og.width;
                    let here = (row % 2) * 2 + column % 2;
                    for l in 0..LANES {
                        let at = |i: usize, j: usize| input[ig.index(c, 2 * r + i, 2 * s + j)].0[l];
                        let won = pooled && plain_winner(WINDOW.map(|(i, j)| at(i, j)), n) == here;
                        let dy = if won { grad_output[og.index(c, r, s)].0[l] } else { 0.0 };
                        let x = input[ig.index(c, row, column)].0[l];
                        let inner = (x - k.mean).mul_add(k.of_deviation, k.constant);
                        let value = dy.mul_add(k.of_gradient, inner);
                        let value = if through_relu { plain_relu_gradient(value, x) } else { value };
                        let value = if l < active { value } else { 0.0 };
                        grad_input[gg.index(c, row, column)].0[l] = value;
                        total.0[l] += value;
                    }
                }
            }
            if let Some(totals) = &mut totals {
                totals[c] = total.sum();
            }
        },
        simd => {
            let mask = active_mask(simd, active);
            let zero = f32x16::splat(simd, 0.0);
            for (c, (n, k)) in normalisers.iter().zip(coefficients).enumerate() {
                let n = Splat::of(simd, n);
                let k = SplatGradient::of(simd, k, mask, through_relu);
                let mut total = zero;
                // An odd last row and column were normalised with the rest, but no pooled element saw them.
                macro_rules! outside {
                    ($row:expr, $from:expr) => {
                        for column in $from..ig.width {
                            let x = load(simd, &input[ig.index(c, $row, column)]);
                            store(&mut grad_input[gg.index(c, $row, column)], k.apply(x, zero));
                        }
                    };
                }
                // A row's sum begins when that of the row above is over, and what is added is still in the cache.
                macro_rules! add {
                    ($rows:expr) => {
                        if totals.is_some() {
                            for row in $rows {
                                for dx in &grad_input[gg.index(c, row, 0)..][..gg.width] {
                                    total += load(simd, dx);
                                }
                            }
                        }
                    };
                }
                for r in 0..og.height {
                    let upper = &input[ig.index(c, 2 * r, 0)..][..2 * og.width];
                    let lower = &input[ig.index(c, 2 * r + 1, 0)..][..2 * og.width];
                    let dy = &grad_output[og.index(c, r, 0)..][..og.width];
                    let (above, below) = grad_input.split_at_mut(gg.index(c, 2 * r + 1, 0));
                    let above = &mut above[gg.index(c, 2 * r, 0)..][..2 * og.width];
                    let below = &mut below[..2 * og.width];
                    for s in 0..og.width {
                        let x = [&upper[2 * s], &upper[2 * s + 1], &lower[2 * s], &lower[2 * s + 1]];
                        let x = x.map(#[inline(always)] |x| load(simd, x));
                        let won = winners(x, &n);
                        let dy = load(simd, &dy[s]);
                        store(&mut above[2 * s], k.apply(x[0], won[0].select(dy, zero)));
                        store(&mut above[2 * s + 1], k.apply(x[1], won[1].select(dy, zero)));
                        store(&mut below[2 * s], k.apply(x[2], won[2].select(dy, zero)));
                        store(&mut below[2 * s + 1], k.apply(x[3], won[3].select(dy, zero)));
                    }
                    outside!(2 * r, 2 * og.width);
                    outside!(2 * r + 1, 2 * og.width);
                    add!(2 * r..2 * r + 2);
                }
                if ig.height % 2 == 1 {
                    outside!(ig.height - 1, 0);
                    add!(ig.height - 1..ig.height);
                }
                if let Some(totals) = &mut totals {
                    totals[c] = sum(simd, total);
                }
            }
        },
    );
}
