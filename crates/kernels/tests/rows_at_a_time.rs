//! Forward kernels that take a range of rows: a few rows at a time must give the bits of all rows at once.

use std::ops::Range;

use longhand_kernels::batch_norm::{self, Normaliser};
use longhand_kernels::conv2d::{self, Kernel};
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
        let x = tensor(a, 1);
        let per_channel = |salt: usize| move |c: usize| (c * 37 + salt) as f32 / 100.0 - 0.7;
        let (m, s, t) = (per_channel(1), per_channel(60), per_channel(90));
        let normalisers: Vec<_> = (0..5).map(|c| Normaliser { mean: m(c), scale: s(c), shift: t(c) }).collect();
        cut_anywhere(height, vec![Lanes::ZERO; b.len()], |isa, rows, out| {
            batch_norm::normalise_rows(isa, rows, out, b, &x, a, &normalisers);
        });
        cut_anywhere(height, x.clone(), |isa, rows, out| relu::forward_rows(isa, rows, out, a));

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
        cut_anywhere(pooled.height, vec![Lanes::ZERO; pooled.len()], |isa, rows, out| {
            max_pool2d::forward_rows(isa, rows, out, pooled, &x, a);
        });
        cut_anywhere(pooled.height, vec![Lanes::ZERO; pooled.len()], |isa, rows, out| {
            batch_norm_max_pool::forward_rows(isa, rows, out, pooled, &x, a, &normalisers);
        });
    }
}
