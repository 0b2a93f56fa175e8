//! Every layer's forward pass as its textbook formula, in double precision: no tiling, no lanes, no order to keep.

/// A batch of activations, `[image][channel][row][column]`.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub images: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub values: Vec<f64>,
}

impl Tensor {
    pub fn zeros(images: usize, channels: usize, height: usize, width: usize) -> Self {
        Tensor { images, channels, height, width, values: vec![0.0; images * channels * height * width] }
    }

    pub fn index(&self, n: usize, c: usize, r: usize, s: usize) -> usize {
        ((n * self.channels + c) * self.height + r) * self.width + s
    }

    fn at(&self, n: usize, c: usize, r: usize, s: usize) -> f64 {
        self.values[self.index(n, c, r, s)]
    }

    /// Every (image, channel, row, column), in order.
    fn places(&self) -> impl Iterator<Item = (usize, usize, usize, usize)> + use<> {
        let (images, channels, height, width) = (self.images, self.channels, self.height, self.width);
        (0..images)
            .flat_map(move |n| (0..channels).map(move |c| (n, c)))
            .flat_map(move |(n, c)| (0..height).map(move |r| (n, c, r)))
            .flat_map(move |(n, c, r)| (0..width).map(move |s| (n, c, r, s)))
    }
}

/// Which way every ReLU and every max pool decided, so that a finite difference across a kink is noticed.
#[derive(Clone, Debug, PartialEq)]
pub struct Branches {
    /// A digest of all decisions in order.
    pub digest: u64,
    /// How near the nearest decision was to going the other way.
    pub margin: f64,
}

impl Branches {
    pub fn none() -> Self {
        Branches { digest: 0xCBF2_9CE4_8422_2325, margin: f64::INFINITY }
    }

    fn decided(&mut self, way: u64, margin: f64) {
        self.digest = (self.digest ^ way).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(5);
        self.margin = self.margin.min(margin);
    }
}

/// y[n,k,r,s] = b[k] + Σ_c Σ_i Σ_j w[k,c,i,j] · x[n, c, r+i−p, s+j−p], x being zero outside.
pub fn conv2d(
    x: &Tensor,
    weight: &[f64],
    bias: Option<&[f64]>,
    channels: usize,
    size: usize,
    padding: usize,
) -> Tensor {
    let side = |side: usize| side + 2 * padding + 1 - size;
    let mut y = Tensor::zeros(x.images, channels, side(x.height), side(x.width));
    for (n, k, r, s) in y.places() {
        let mut sum = bias.map_or(0.0, |b| b[k]);
        for c in 0..x.channels {
            for i in 0..size {
                for j in 0..size {
                    let (row, column) = ((r + i).wrapping_sub(padding), (s + j).wrapping_sub(padding));
                    if row < x.height && column < x.width {
                        sum += weight[((k * x.channels + c) * size + i) * size + j] * x.at(n, c, row, column);
                    }
                }
            }
        }
        let place = y.index(n, k, r, s);
        y.values[place] = sum;
    }
    y
}

/// y[c,r,s] = b[c] + Σ_i Σ_j w[c,i,j] · x[c, r+i−p, s+j−p].
pub fn depthwise_conv2d(x: &Tensor, weight: &[f64], bias: Option<&[f64]>, size: usize, padding: usize) -> Tensor {
    let side = |side: usize| side + 2 * padding + 1 - size;
    let mut y = Tensor::zeros(x.images, x.channels, side(x.height), side(x.width));
    for (n, c, r, s) in y.places() {
        let mut sum = bias.map_or(0.0, |b| b[c]);
        for (i, j) in (0..size).flat_map(|i| (0..size).map(move |j| (i, j))) {
            let (row, column) = ((r + i).wrapping_sub(padding), (s + j).wrapping_sub(padding));
            if row < x.height && column < x.width {
                sum += weight[(c * size + i) * size + j] * x.at(n, c, row, column);
            }
        }
        let place = y.index(n, c, r, s);
        y.values[place] = sum;
    }
    y
}

/// y = max(x, 0).
pub fn relu(mut x: Tensor, branches: &mut Branches) -> Tensor {
    for v in &mut x.values {
        // An exact zero is one that dropout or a ReLU made: it does not move.
        branches.decided(u64::from(*v > 0.0), if *v == 0.0 { f64::INFINITY } else { v.abs() });
        *v = v.max(0.0);
    }
    x
}

/// Mean and mean squared deviation of every channel over images, rows and columns.
pub fn statistics(x: &Tensor) -> Vec<(f64, f64)> {
    let plane = x.height * x.width;
    let count = (x.images * plane) as f64;
    (0..x.channels)
        .map(|c| {
            let values = || x.values.chunks_exact(plane).skip(c).step_by(x.channels).flatten();
            let mean = values().sum::<f64>() / count;
            (mean, values().map(|v| (v - mean).powi(2)).sum::<f64>() / count)
        })
        .collect()
}

/// y = γ·(x−μ)/√(σ²+ε) + β with the given (μ, σ²) of every channel.
pub fn batch_norm(mut x: Tensor, statistics: &[(f64, f64)], gamma: &[f64], beta: &[f64], eps: f64) -> Tensor {
    for (i, plane) in x.values.chunks_exact_mut(x.height * x.width).enumerate() {
        let c = i % x.channels;
        let (mean, variance) = statistics[c];
        let one_over_deviation = 1.0 / (variance + eps).sqrt();
        plane.iter_mut().for_each(|v| *v = gamma[c] * ((*v - mean) * one_over_deviation) + beta[c]);
    }
    x
}

/// y[n,c,r,s] = max of x[n, c, 2r+{0,1}, 2s+{0,1}].
pub fn max_pool(x: &Tensor, branches: &mut Branches) -> Tensor {
    let mut y = Tensor::zeros(x.images, x.channels, x.height / 2, x.width / 2);
    for (n, c, r, s) in y.places() {
        let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| x.at(n, c, 2 * r + i, 2 * s + j));
        let winner = (1..4).fold(0, |best, k| if window[k] > window[best] { k } else { best });
        // Equals are elements that a ReLU or dropout set to zero: they move together.
        let margin = window.iter().map(|v| window[winner] - v).filter(|&d| d > 0.0).fold(f64::INFINITY, f64::min);
        branches.decided(winner as u64, margin);
        let place = y.index(n, c, r, s);
        y.values[place] = window[winner];
    }
    y
}

/// y = x · mask, the mask holding 0 or 1/(1−p).
pub fn dropout(mut x: Tensor, mask: &[f64]) -> Tensor {
    assert_eq!(x.values.len(), mask.len(), "mask length");
    x.values.iter_mut().zip(mask).for_each(|(v, m)| *v *= m);
    x
}

/// y[n,c] = mean of x[n,c] over rows and columns.
pub fn global_average_pool(x: &Tensor) -> Tensor {
    let mut y = Tensor::zeros(x.images, x.channels, 1, 1);
    let plane = x.height * x.width;
    for (y, x) in y.values.iter_mut().zip(x.values.chunks_exact(plane)) {
        *y = x.iter().sum::<f64>() / plane as f64;
    }
    y
}

/// y[n,f] = b[f] + Σ_e w[f,e]·x[n,e].
pub fn linear(x: &Tensor, weight: &[f64], bias: Option<&[f64]>, features: usize) -> Tensor {
    let mut y = Tensor::zeros(x.images, features, 1, 1);
    let elements = x.channels * x.height * x.width;
    for (i, y) in y.values.iter_mut().enumerate() {
        let (n, f) = (i / features, i % features);
        let products = weight[f * elements..][..elements].iter().zip(&x.values[n * elements..]).map(|(w, x)| w * x);
        *y = bias.map_or(0.0, |b| b[f]) + products.sum::<f64>();
    }
    y
}

/// y[n,k] = x[n,k] − ln Σ_j e^x[n,j].
pub fn log_softmax(mut x: Tensor) -> Tensor {
    for image in x.values.chunks_exact_mut(x.channels) {
        let max = image.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ln_sum = max + image.iter().map(|v| (v - max).exp()).sum::<f64>().ln();
        image.iter_mut().for_each(|v| *v -= ln_sum);
    }
    x
}

/// −(1/N) Σ_n Σ_k q[n,k]·y[n,k] with q[k] = ε/K + (1−ε)·[k = label].
pub fn negative_log_likelihood(y: &Tensor, labels: &[u8], label_smoothing: f64) -> f64 {
    assert_eq!(labels.len(), y.images, "labels");
    let of_image = |(image, label): (&[f64], &u8)| {
        let even = image.iter().sum::<f64>() / y.channels as f64;
        label_smoothing * even + (1.0 - label_smoothing) * image[usize::from(*label)]
    };
    -y.values.chunks_exact(y.channels).zip(labels).map(of_image).sum::<f64>() / y.images as f64
}
