//! The loops of `docs/gradients.md`, transcribed, against the symbolic derivatives of the same small network:
//! depthwise convolution, convolution, ReLU, batch normalisation, max pooling, dropout, global average pooling, linear, log-softmax, negative
//! log-likelihood with label smoothing.

use longhand_derivation::derivative::gradients;
use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::{Graph, NodeId};

const N: usize = 2;
const C: usize = 2;
const K: usize = 2;
const H: usize = 5;
const W: usize = 4;
const Q: usize = 3;
const P: usize = 1;
const CLASSES: usize = 3;
const EPS: f64 = 1e-5;
const SMOOTHING: f64 = 0.1;
const DROP: f64 = 0.25;
const LABELS: [usize; N] = [2, 0];
/// Height and width behind the pooling; the fifth row belongs to no window.
const POOLED: (usize, usize) = (H / 2, W / 2);

/// Numbers by image, channel, row, column.
struct Tensor {
    sides: [usize; 3],
    values: Vec<f64>,
}

impl Tensor {
    fn zeros(channels: usize, height: usize, width: usize) -> Self {
        Tensor { sides: [channels, height, width], values: vec![0.0; N * channels * height * width] }
    }

    fn at(&mut self, n: usize, c: usize, r: usize, s: usize) -> &mut f64 {
        let [channels, height, width] = self.sides;
        &mut self.values[((n * channels + c) * height + r) * width + s]
    }

    fn get(&self, n: usize, c: usize, r: usize, s: usize) -> f64 {
        let [channels, height, width] = self.sides;
        self.values[((n * channels + c) * height + r) * width + s]
    }
}

/// The parameters in the order: depthwise convolution's weight and bias, convolution's weight and bias, γ and β, linear weight and bias.
struct Parameters {
    depthwise_weight: Vec<f64>,
    depthwise_bias: Vec<f64>,
    conv_weight: Vec<f64>,
    conv_bias: Vec<f64>,
    gamma: Vec<f64>,
    beta: Vec<f64>,
    linear_weight: Vec<f64>,
    linear_bias: Vec<f64>,
}

impl Parameters {
    fn lengths() -> [usize; 8] {
        [C * Q * Q, C, K * C * Q * Q, K, K, K, CLASSES * K, CLASSES]
    }

    fn of(numbers: &[f64]) -> Self {
        let mut rest = numbers;
        let mut parts = Self::lengths().map(|length| {
            let (part, behind) = rest.split_at(length);
            rest = behind;
            part.to_vec()
        });
        let mut next = parts.iter_mut().map(std::mem::take);
        let mut part = || next.next().unwrap();
        Parameters {
            depthwise_weight: part(),
            depthwise_bias: part(),
            conv_weight: part(),
            conv_bias: part(),
            gamma: part(),
            beta: part(),
            linear_weight: part(),
            linear_bias: part(),
        }
    }

    fn flat(&self) -> Vec<f64> {
        let first = [&self.depthwise_weight, &self.depthwise_bias, &self.conv_weight, &self.conv_bias];
        let parts = first.into_iter().chain([&self.gamma, &self.beta, &self.linear_weight, &self.linear_bias]);
        parts.into_iter().flatten().copied().collect()
    }
}

fn weight_place(k: usize, c: usize, i: usize, j: usize) -> usize {
    ((k * C + c) * Q + i) * Q + j
}

/// The input position under kernel place `offset` of output position `position`, where there is one.
fn under(position: usize, offset: usize, side: usize) -> Option<usize> {
    (position + offset).checked_sub(P).filter(|found| *found < side)
}

/// Some fixed numbers between −1 and 1, no two alike.
fn numbers(count: usize, seed: f64) -> Vec<f64> {
    (0..count).map(|k| libm::sin(12.9898 * (k as f64 + 1.0) + seed)).collect()
}

/// 0 where dropped, else 1.
fn kept(n: usize, k: usize, r: usize, s: usize) -> f64 {
    f64::from(u8::from((n + 2 * k + 3 * r + s) % 4 != 1))
}

fn smoothed(n: usize, class: usize) -> f64 {
    SMOOTHING / CLASSES as f64 + if class == LABELS[n] { 1.0 - SMOOTHING } else { 0.0 }
}

/// Forward and backward by the loops of the page: the gradient of the input and of every parameter.
fn by_loops(input: &Tensor, parameters: &Parameters) -> (Tensor, Vec<f64>) {
    let p = parameters;
    let m = (N * H * W) as f64;
    let everywhere = |channels: usize, height: usize, width: usize| {
        (0..N).flat_map(move |n| {
            (0..channels).flat_map(move |c| (0..height).flat_map(move |r| (0..width).map(move |s| (n, c, r, s))))
        })
    };

    let taps = || (0..Q).flat_map(|i| (0..Q).map(move |j| (i, j)));

    // Forward.
    let mut of_depthwise = Tensor::zeros(C, H, W);
    for (n, c, r, s) in everywhere(C, H, W) {
        let mut y = p.depthwise_bias[c];
        for (i, j) in taps() {
            if let (Some(row), Some(column)) = (under(r, i, H), under(s, j, W)) {
                y += p.depthwise_weight[(c * Q + i) * Q + j] * input.get(n, c, row, column);
            }
        }
        *of_depthwise.at(n, c, r, s) = y;
    }
    let mut relu = Tensor::zeros(K, H, W);
    for (n, k, r, s) in everywhere(K, H, W) {
        let mut y = p.conv_bias[k];
        for (c, i, j) in (0..C).flat_map(|c| (0..Q).flat_map(move |i| (0..Q).map(move |j| (c, i, j)))) {
            if let (Some(row), Some(column)) = (under(r, i, H), under(s, j, W)) {
                y += p.conv_weight[weight_place(k, c, i, j)] * of_depthwise.get(n, c, row, column);
            }
        }
        *relu.at(n, k, r, s) = y.max(0.0);
    }
    let channel = |tensor: &Tensor, k: usize| -> Vec<f64> {
        everywhere(K, H, W).filter(|place| place.1 == k).map(|(n, k, r, s)| tensor.get(n, k, r, s)).collect()
    };
    let mean: Vec<f64> = (0..K).map(|k| channel(&relu, k).iter().sum::<f64>() / m).collect();
    let variance: Vec<f64> =
        (0..K).map(|k| channel(&relu, k).iter().map(|x| (x - mean[k]).powi(2)).sum::<f64>() / m).collect();
    let mut x_hat = Tensor::zeros(K, H, W);
    let mut normalised = Tensor::zeros(K, H, W);
    for (n, k, r, s) in everywhere(K, H, W) {
        *x_hat.at(n, k, r, s) = (relu.get(n, k, r, s) - mean[k]) / (variance[k] + EPS).sqrt();
        *normalised.at(n, k, r, s) = p.gamma[k] * x_hat.get(n, k, r, s) + p.beta[k];
    }
    let largest = |n: usize, k: usize, r: usize, s: usize| {
        let mut best = (2 * r, 2 * s);
        for place in [(2 * r, 2 * s + 1), (2 * r + 1, 2 * s), (2 * r + 1, 2 * s + 1)] {
            if normalised.get(n, k, place.0, place.1) > normalised.get(n, k, best.0, best.1) {
                best = place;
            }
        }
        best
    };
    let (height, width) = POOLED;
    let mut pooled = Tensor::zeros(K, 1, 1);
    for (n, k, r, s) in everywhere(K, height, width) {
        let (row, column) = largest(n, k, r, s);
        let dropped_out = normalised.get(n, k, row, column) * kept(n, k, r, s) / (1.0 - DROP);
        *pooled.at(n, k, 0, 0) += dropped_out / (height * width) as f64;
    }
    let mut log_probability = Tensor::zeros(CLASSES, 1, 1);
    for n in 0..N {
        let logits: Vec<f64> = (0..CLASSES)
            .map(|f| {
                let sum: f64 = (0..K).map(|e| p.linear_weight[f * K + e] * pooled.get(n, e, 0, 0)).sum();
                p.linear_bias[f] + sum
            })
            .collect();
        let sum: f64 = logits.iter().map(|x| x.exp()).sum();
        for (k, x) in logits.iter().enumerate() {
            *log_probability.at(n, k, 0, 0) = x - sum.ln();
        }
    }

    // Backward, in the order of the page from its end to its beginning.
    let mut grad_logits = Tensor::zeros(CLASSES, 1, 1);
    for n in 0..N {
        let grad_output: Vec<f64> = (0..CLASSES).map(|k| -smoothed(n, k) / N as f64).collect();
        let total: f64 = grad_output.iter().sum();
        for (k, grad_output) in grad_output.into_iter().enumerate() {
            *grad_logits.at(n, k, 0, 0) = grad_output - log_probability.get(n, k, 0, 0).exp() * total;
        }
    }
    let mut gradient = Parameters::of(&vec![0.0; Parameters::lengths().iter().sum()]);
    let mut grad_pooled = Tensor::zeros(K, 1, 1);
    for (n, f) in (0..N).flat_map(|n| (0..CLASSES).map(move |f| (n, f))) {
        let grad_output = grad_logits.get(n, f, 0, 0);
        gradient.linear_bias[f] += grad_output;
        for e in 0..K {
            gradient.linear_weight[f * K + e] += grad_output * pooled.get(n, e, 0, 0);
            *grad_pooled.at(n, e, 0, 0) += grad_output * p.linear_weight[f * K + e];
        }
    }
    let mut grad_normalised = Tensor::zeros(K, H, W);
    for (n, k, r, s) in everywhere(K, height, width) {
        let of_average = grad_pooled.get(n, k, 0, 0) / (height * width) as f64;
        let of_dropout = of_average * kept(n, k, r, s) / (1.0 - DROP);
        let (row, column) = largest(n, k, r, s);
        *grad_normalised.at(n, k, row, column) = of_dropout;
    }
    for (n, k, r, s) in everywhere(K, H, W) {
        gradient.beta[k] += grad_normalised.get(n, k, r, s);
        gradient.gamma[k] += grad_normalised.get(n, k, r, s) * x_hat.get(n, k, r, s);
    }
    let mut grad_depthwise = Tensor::zeros(C, H, W);
    for (n, k, r, s) in everywhere(K, H, W) {
        let of_norm = p.gamma[k] / (variance[k] + EPS).sqrt()
            * (grad_normalised.get(n, k, r, s) - gradient.beta[k] / m - x_hat.get(n, k, r, s) * gradient.gamma[k] / m);
        let grad_output = if relu.get(n, k, r, s) > 0.0 { of_norm } else { 0.0 };
        gradient.conv_bias[k] += grad_output;
        for (c, i, j) in (0..C).flat_map(|c| (0..Q).flat_map(move |i| (0..Q).map(move |j| (c, i, j)))) {
            if let (Some(row), Some(column)) = (under(r, i, H), under(s, j, W)) {
                gradient.conv_weight[weight_place(k, c, i, j)] += grad_output * of_depthwise.get(n, c, row, column);
                *grad_depthwise.at(n, c, row, column) += grad_output * p.conv_weight[weight_place(k, c, i, j)];
            }
        }
    }
    let mut grad_input = Tensor::zeros(C, H, W);
    for (n, c, r, s) in everywhere(C, H, W) {
        let grad_output = grad_depthwise.get(n, c, r, s);
        gradient.depthwise_bias[c] += grad_output;
        for (i, j) in taps() {
            if let (Some(row), Some(column)) = (under(r, i, H), under(s, j, W)) {
                gradient.depthwise_weight[(c * Q + i) * Q + j] += grad_output * input.get(n, c, row, column);
                *grad_input.at(n, c, row, column) += grad_output * p.depthwise_weight[(c * Q + i) * Q + j];
            }
        }
    }
    (grad_input, gradient.flat())
}

/// The same network as expressions, every element of every layer a quantity.
fn as_graph() -> (Graph, Vec<NodeId>, Vec<NodeId>, NodeId) {
    let mut g = Graph::new();
    let input: Vec<NodeId> = (0..N * C * H * W).map(|k| g.variable(format!("x{k}"))).collect();
    let count: usize = Parameters::lengths().iter().sum();
    let parameters: Vec<NodeId> = (0..count).map(|k| g.variable(format!("p{k}"))).collect();
    let mut rest = parameters.as_slice();
    let parts = Parameters::lengths().map(|length| {
        let (part, behind) = rest.split_at(length);
        rest = behind;
        part
    });
    let [depthwise_weight, depthwise_bias, conv_weight, conv_bias, gamma, beta, linear_weight, linear_bias] = parts;
    let place = |k: usize, r: usize, s: usize| (k * H + r) * W + s;

    let mut of_depthwise = Vec::new();
    for (n, c) in (0..N).flat_map(|n| (0..C).map(move |c| (n, c))) {
        for (r, s) in (0..H).flat_map(|r| (0..W).map(move |s| (r, s))) {
            let mut terms = vec![depthwise_bias[c]];
            for (i, j) in (0..Q).flat_map(|i| (0..Q).map(move |j| (i, j))) {
                if let (Some(row), Some(column)) = (under(r, i, H), under(s, j, W)) {
                    let x = input[((n * C + c) * H + row) * W + column];
                    terms.push(g.multiply(depthwise_weight[(c * Q + i) * Q + j], x));
                }
            }
            let sum = g.sum(&terms);
            of_depthwise.push(g.quantity(format!("depthwise{n}_{c}_{r}_{s}"), sum));
        }
    }
    let mut relu = vec![Vec::new(); N];
    for (n, of_image) in relu.iter_mut().enumerate() {
        for (k, r, s) in (0..K).flat_map(|k| (0..H).flat_map(move |r| (0..W).map(move |s| (k, r, s)))) {
            let mut terms = Vec::new();
            for (c, i, j) in (0..C).flat_map(|c| (0..Q).flat_map(move |i| (0..Q).map(move |j| (c, i, j)))) {
                if let (Some(row), Some(column)) = (under(r, i, H), under(s, j, W)) {
                    let x = of_depthwise[((n * C + c) * H + row) * W + column];
                    terms.push(g.multiply(conv_weight[weight_place(k, c, i, j)], x));
                }
            }
            terms.push(conv_bias[k]);
            let sum = g.sum(&terms);
            let conv = g.quantity(format!("conv{n}_{k}_{r}_{s}"), sum);
            let active = g.relu(conv);
            of_image.push(g.quantity(format!("relu{n}_{k}_{r}_{s}"), active));
        }
    }
    let m = g.constant((N * H * W) as f64);
    let small = g.constant(EPS);
    let mut normalised = vec![vec![None; K * H * W]; N];
    for k in 0..K {
        let of_channel = |n: usize| (0..H * W).map(move |at| (n, place(k, 0, 0) + at));
        let places: Vec<(usize, usize)> = (0..N).flat_map(of_channel).collect();
        let elements: Vec<NodeId> = places.iter().map(|&(n, at)| relu[n][at]).collect();
        let sum = g.sum(&elements);
        let mean = g.divide(sum, m);
        let mean = g.quantity(format!("mean{k}"), mean);
        let squares: Vec<NodeId> = elements
            .iter()
            .map(|&x| {
                let deviation = g.subtract(x, mean);
                g.power(deviation, 2)
            })
            .collect();
        let sum = g.sum(&squares);
        let variance = g.divide(sum, m);
        let variance = g.quantity(format!("variance{k}"), variance);
        let safe = g.add(variance, small);
        let deviation = g.square_root(safe);
        for (n, at) in places {
            let difference = g.subtract(relu[n][at], mean);
            let x_hat = g.divide(difference, deviation);
            let scaled = g.multiply(gamma[k], x_hat);
            let y = g.add(scaled, beta[k]);
            normalised[n][at] = Some(g.quantity(format!("norm{n}_{at}"), y));
        }
    }
    let mut losses = Vec::new();
    for (n, normalised) in normalised.iter().enumerate() {
        let element = |k, r, s| normalised[place(k, r, s)].expect("every element is normalised");
        let mut pooled = Vec::new();
        for k in 0..K {
            let mut terms = Vec::new();
            for (r, s) in (0..POOLED.0).flat_map(|r| (0..POOLED.1).map(move |s| (r, s))) {
                let mut largest = element(k, 2 * r, 2 * s);
                for (row, column) in [(2 * r, 2 * s + 1), (2 * r + 1, 2 * s), (2 * r + 1, 2 * s + 1)] {
                    largest = g.maximum(largest, element(k, row, column));
                }
                let factor = g.constant(kept(n, k, r, s) / (1.0 - DROP));
                terms.push(g.multiply(factor, largest));
            }
            let count = g.constant((POOLED.0 * POOLED.1) as f64);
            let sum = g.sum(&terms);
            let average = g.divide(sum, count);
            pooled.push(g.quantity(format!("pooled{n}_{k}"), average));
        }
        let logits: Vec<NodeId> = (0..CLASSES)
            .map(|f| {
                let mut terms: Vec<NodeId> = (0..K).map(|e| g.multiply(linear_weight[f * K + e], pooled[e])).collect();
                terms.push(linear_bias[f]);
                let sum = g.sum(&terms);
                g.quantity(format!("logit{n}_{f}"), sum)
            })
            .collect();
        for k in 0..CLASSES {
            let probability = g.softmax(k, &logits);
            let log = g.ln(probability);
            let factor = g.constant(-smoothed(n, k) / N as f64);
            losses.push(g.multiply(factor, log));
        }
    }
    let loss = g.sum(&losses);
    let loss = g.quantity("loss", loss);
    (g, input, parameters, loss)
}

#[test]
fn the_loops_of_the_page_are_the_derivatives_of_the_layers() {
    let (mut graph, x, p, loss) = as_graph();
    let wanted: Vec<NodeId> = x.iter().chain(&p).copied().collect();
    let symbolic = gradients(&mut graph, loss, &wanted);

    let mut input = Tensor::zeros(C, H, W);
    input.values = numbers(x.len(), 0.3);
    let parameters = Parameters::of(&numbers(p.len(), 1.7));
    let variables: Vec<(NodeId, f64)> =
        wanted.iter().copied().zip(input.values.iter().copied().chain(parameters.flat())).collect();
    let values = Values::of(&graph, &variables);

    let (grad_input, grad_parameters) = by_loops(&input, &parameters);
    let found = grad_input.values.iter().chain(&grad_parameters);
    let mut largest = 0.0_f64;
    for ((node, gradient), found) in wanted.iter().zip(&symbolic).zip(found) {
        let expected = values.get(*gradient);
        largest = largest.max(expected.abs());
        let name = graph.name(*node);
        assert!((found - expected).abs() <= 1e-12, "∂L/∂{name}: {found} by loops, {expected} by rules");
    }
    // The comparison is not one of zeros.
    assert!(largest > 0.05, "{largest}");
}
