//! Kernels that take a range of rows: a few rows at a time must give the bits of all rows at once.

use std::ops::Range;

use longhand_kernels::batch_norm::{self, GradientLanes, InputGradient, MomentSums, Normaliser};
use longhand_kernels::conv2d::{self, Kernel};
use longhand_kernels::dropout::{self, Mask};
use longhand_kernels::{Geometry, Isa, LANES, Lanes, batch_norm_max_pool, depthwise_conv2d, max_pool2d, relu};

/// Deterministic numbers in -1 … 1.
fn tensor(g: Geometry, salt: usize) -> Vec<Lanes> {
    (0..g.len())
        .map(|i| {
            Lanes(std::array::from_fn(|l| (((i * LANES + l) * 7919 + salt * 104_729) % 2003) as f32 / 1001.0 - 1.0))
        })
        .collect()
}

/// Runs `work` over `0..rows` at once and in pieces of one, two and three, each time on fresh output; all must agree.
fn cut_anywhere<T: PartialEq + Clone>(rows: usize, fresh: T, work: impl Fn(Isa, Range<usize>, &mut T)) {
    for isa in Isa::available() {
        let mut whole = fresh.clone();
        work(isa, 0..rows, &mut whole);
        for piece in 1..4 {
            let mut cut = fresh.clone();
            for start in (0..rows).step_by(piece) {
                work(isa, start..(start + piece).min(rows), &mut cut);
            }
            assert!(cut == whole, "{isa}, {piece} rows at a time");
        }
    }
}

#[test]
fn every_kernel_may_be_cut_anywhere() {
    let shapes: &[(usize, usize)] = if cfg!(miri) { &[(2, 3)] } else { &[(7, 9), (8, 6), (1, 1), (2, 3)] };
    for &(height, width) in shapes {
        let (a, b) = (Geometry::new(5, height, width, 1), Geometry::new(5, height, width, 0));
        let (x, dy) = (tensor(a, 1), tensor(b, 2));
        let per_channel = |salt: usize| move |c: usize| (c * 37 + salt) as f32 / 100.0 - 0.7;
        let (m, s, t) = (per_channel(1), per_channel(60), per_channel(90));
        let normalisers: Vec<_> = (0..5).map(|c| Normaliser { mean: m(c), scale: s(c), shift: t(c) }).collect();
        let coefficients: Vec<_> = (0..5)
            .map(|c| InputGradient { mean: m(c), of_gradient: s(c), of_deviation: t(c), constant: m(c + 1) })
            .collect();
        cut_anywhere(height, vec![MomentSums::default(); 5], |isa, rows, out| {
            batch_norm::add_moments(isa, out, rows, &x, a, 11);
        });
        cut_anywhere(height, vec![Lanes::ZERO; b.len()], |isa, rows, out| {
            batch_norm::normalise_rows(isa, rows, out, b, &x, a, &normalisers);
        });
        cut_anywhere(height, vec![GradientLanes::default(); 5], |isa, rows, out| {
            batch_norm::add_gradient_sums(isa, out, rows, &dy, b, &x, a, &normalisers);
        });
        cut_anywhere(height, vec![Lanes::ZERO; a.len()], |isa, rows, out| {
            batch_norm::grad_input_rows(isa, rows, out, a, &dy, b, &x, a, &coefficients, 11, true);
        });
        cut_anywhere(height, x.clone(), |isa, rows, out| relu::forward_rows(isa, rows, out, a));
        cut_anywhere(height, dy.clone(), |isa, rows, out| relu::backward_rows(isa, rows, out, b, &x, a));
        let mask = Mask { keys: std::array::from_fn(|l| l as u32 * 77), rate: 0.3 };
        cut_anywhere(height, x.clone(), |isa, rows, out| dropout::apply_rows(isa, rows, out, a, &mask));

        let kernel = Kernel { size: 3, padding: 1 };
        let y = Geometry::new(4, height, width, 1);
        let weight: Vec<f32> = (0..4 * 5 * 9).map(|i| (i % 17) as f32 / 8.0 - 1.0).collect();
        cut_anywhere(height, vec![Lanes::ZERO; y.len()], |isa, rows, out| {
            conv2d::forward_rows(isa, kernel, rows, out, y, &x, a, &weight, None, true);
        });
        let (y, weight, bias) = (Geometry::new(5, height, width, 2), &weight[..5 * 9], &weight[60..65]);
        cut_anywhere(height, vec![Lanes::ZERO; y.len()], |isa, rows, out| {
            depthwise_conv2d::forward_rows(isa, kernel, rows, out, y, &x, a, weight, Some(bias), true);
        });

        if height < 2 || width < 2 {
            continue;
        }
        let pooled = Geometry::new(5, height / 2, width / 2, 0);
        let dp = tensor(pooled, 3);
        cut_anywhere(pooled.height, vec![Lanes::ZERO; pooled.len()], |isa, rows, out| {
            max_pool2d::forward_rows(isa, rows, out, pooled, &x, a);
        });
        cut_anywhere(pooled.height, vec![Lanes::splat(7.0); b.len()], |isa, rows, out| {
            max_pool2d::backward_rows(isa, rows, out, b, &dp, pooled, &x, a);
        });
        cut_anywhere(pooled.height, vec![Lanes::ZERO; pooled.len()], |isa, rows, out| {
            batch_norm_max_pool::forward_rows(isa, rows, out, pooled, &x, a, &normalisers);
        });
        cut_anywhere(pooled.height, vec![GradientLanes::default(); 5], |isa, rows, out| {
            batch_norm_max_pool::add_gradient_sums(isa, out, rows, &dp, pooled, &x, a, &normalisers);
        });
        cut_anywhere(pooled.height, vec![Lanes::splat(7.0); b.len()], |isa, rows, out| {
            let (n, k) = (&normalisers, &coefficients);
            batch_norm_max_pool::grad_input_rows(isa, rows, out, b, &dp, pooled, &x, a, n, k, 11, true);
        });
    }
}
