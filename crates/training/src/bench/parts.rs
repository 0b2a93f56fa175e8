//! Where the time of a training step goes: a row for each layer and direction, and for what lies between.

use longhand_kernels::LANES;
use longhand_nn::layers::Layer;
use longhand_nn::{Cost, Network};
use serde::Serialize;

/// What a row is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A convolution, its ReLU included.
    Convolutions,
    /// Everything else.
    EverythingElse,
}

/// One row: what a layer does in one direction in one step, or what no layer does.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The layer with its number, such as `4 conv + ReLU`, or what else it is.
    pub layer: String,
    /// `forward`, `again`, `statistics`, `weight grad`, `input grad`; nothing where no layer is.
    pub direction: &'static str,
    /// What it is part of.
    pub class: Class,
    /// Floating-point operations of the batch by definition: of direct convolution; none where work is done again.
    pub operations: f64,
    /// Operations of the kernels' own way, Winograd's additions not counted.
    pub executed_operations: f64,
    /// Bytes of activations, gradients and parameters read and written.
    pub bytes: f64,
    /// Seconds of the step: the time of all threads together, divided by their number.
    pub seconds: f64,
    /// Operations a second, in 10⁹; nothing where there are none.
    pub gflop_per_second: Option<f64>,
    /// Of the peak of all threads, of 1; above that where Winograd's way needs fewer operations.
    pub share_of_peak: Option<f64>,
    /// Of the step, of 1.
    pub share_of_step: f64,
}

/// All rows of a class together.
#[derive(Clone, Debug, Serialize)]
pub struct ClassTotal {
    /// The class.
    pub class: Class,
    /// As [`Part::operations`].
    pub operations: f64,
    /// As [`Part::executed_operations`].
    pub executed_operations: f64,
    /// As [`Part::bytes`].
    pub bytes: f64,
    /// As [`Part::seconds`].
    pub seconds: f64,
    /// As [`Part::gflop_per_second`].
    pub gflop_per_second: Option<f64>,
    /// As [`Part::share_of_peak`].
    pub share_of_peak: Option<f64>,
    /// As [`Part::share_of_step`].
    pub share_of_step: f64,
}

/// Names of the directions in which a layer is timed, in the order of [`Step::layers`].
const DIRECTIONS: [&str; 5] = ["forward", "again", "statistics", "weight grad", "input grad"];

/// The times of one step, or their mean over several, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Step {
    /// From its beginning to its end, the optimiser included.
    pub seconds: f64,
    pub optimiser: f64,
    /// Of all lane groups together.
    pub loading: f64,
    /// Of all lane groups together, by layer and direction.
    pub layers: Vec<[f64; 5]>,
    /// By stretch and lane group.
    pub stretches: Vec<Vec<f64>>,
    /// Packing weights, by piece.
    pub packing: Vec<f64>,
    /// Summing the groups' gradients, by piece.
    pub summing: Vec<f64>,
}

impl Step {
    /// The mean of the steps between the quartiles: what disturbed a few of them is left out.
    pub(super) fn middle(steps: &[Step]) -> Step {
        let mut sorted: Vec<&Step> = steps.iter().collect();
        sorted.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let middle = &sorted[steps.len() / 4..steps.len() - steps.len() / 4];
        let mean = |of: &dyn Fn(&Step) -> f64| middle.iter().map(|s| of(s)).sum::<f64>() / middle.len() as f64;
        let first = middle[0];
        let by_piece = |of: fn(&Step) -> &[f64]| (0..of(first).len()).map(|i| mean(&|s| of(s)[i])).collect();
        Step {
            seconds: mean(&|s| s.seconds),
            optimiser: mean(&|s| s.optimiser),
            loading: mean(&|s| s.loading),
            layers: (0..first.layers.len()).map(|i| std::array::from_fn(|d| mean(&|s| s.layers[i][d]))).collect(),
            stretches: (0..first.stretches.len())
                .map(|i| (0..first.stretches[i].len()).map(|g| mean(&|s| s.stretches[i][g])).collect())
                .collect(),
            packing: by_piece(|s| &s.packing),
            summing: by_piece(|s| &s.summing),
        }
    }

    /// Seconds of all pieces of what belongs to no lane group.
    pub(super) fn shared(&self) -> f64 {
        self.packing.iter().chain(&self.summing).sum()
    }

    /// Seconds of all lane groups in all stretches.
    pub(super) fn in_stretches(&self) -> f64 {
        self.stretches.iter().flatten().sum()
    }
}

/// The rows of `step`, in the order of layers; `meetings` are the seconds between stretches that one thread works.
pub(super) fn parts(
    network: &Network,
    step: &Step,
    meetings: f64,
    batch: usize,
    threads: usize,
    peak_gflops: f64,
) -> Vec<Part> {
    let groups = batch.div_ceil(LANES);
    let threads = threads as f64;
    let row = |layer: String, direction, class, cost: Cost, seconds: f64| {
        let operations = (cost.operations * batch) as f64;
        let gflop_per_second = (operations > 0.0 && seconds > 0.0).then(|| operations / seconds / 1e9);
        Part {
            layer,
            direction,
            class,
            operations,
            executed_operations: (cost.executed * batch) as f64,
            bytes: (cost.bytes * groups) as f64,
            seconds,
            gflop_per_second,
            share_of_peak: gflop_per_second.map(|g| g / peak_gflops),
            share_of_step: seconds / step.seconds,
        }
    };
    let other = |name: &str, seconds| row(name.to_owned(), "", Class::EverythingElse, Cost::default(), seconds);

    let mut rows = vec![other("loading and augmentation", step.loading / threads)];
    for (i, (layer, cost)) in network.layers().iter().zip(network.costs()).enumerate() {
        let convolves = matches!(layer, Layer::Conv2d(_) | Layer::DepthwiseConv2d(_));
        let class = if convolves { Class::Convolutions } else { Class::EverythingElse };
        // What is made again belongs to no definition.
        let costs = [cost.forward, Cost::default(), cost.statistics, cost.parameters, cost.backward];
        for ((direction, cost), seconds) in DIRECTIONS.into_iter().zip(costs).zip(step.layers[i]) {
            if seconds > 0.0 {
                rows.push(row(format!("{} {}", i + 1, layer.name()), direction, class, cost, seconds / threads));
            }
        }
    }
    let in_rows = step.loading + step.layers.iter().flatten().sum::<f64>();
    rows.push(other("loss, between layers", (step.in_stretches() - in_rows).max(0.0) / threads));
    rows.push(other("packed weights", step.packing.iter().sum::<f64>() / threads));
    rows.push(other("sums over groups", step.summing.iter().sum::<f64>() / threads));
    rows.push(other("meetings", meetings));
    rows.push(other("optimiser", step.optimiser));
    let busy = (step.in_stretches() + step.shared()) / threads + meetings + step.optimiser;
    rows.push(other("waiting", (step.seconds - busy).max(0.0)));
    rows
}

/// Convolutions and everything else, of a step that took `seconds`.
pub(super) fn totals(parts: &[Part], seconds: f64, peak_gflops: f64) -> Vec<ClassTotal> {
    let total = |class| {
        let sum = |of: fn(&Part) -> f64| parts.iter().filter(|p| p.class == class).map(of).sum::<f64>();
        let (operations, spent) = (sum(|p| p.operations), sum(|p| p.seconds));
        let gflop_per_second = (operations > 0.0 && spent > 0.0).then(|| operations / spent / 1e9);
        ClassTotal {
            class,
            operations,
            executed_operations: sum(|p| p.executed_operations),
            bytes: sum(|p| p.bytes),
            seconds: spent,
            gflop_per_second,
            share_of_peak: gflop_per_second.map(|g| g / peak_gflops),
            share_of_step: spent / seconds,
        }
    };
    [Class::Convolutions, Class::EverythingElse].map(total).to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Class, Step, parts, totals};
    use longhand_nn::{Initialisation, LayerSpec, Network, NetworkSpec};

    fn step(seconds: f64) -> Step {
        Step { seconds, layers: vec![[seconds; 5]], stretches: vec![vec![seconds, 0.0]], ..Step::default() }
    }

    #[test]
    fn the_middle_half_leaves_out_what_was_disturbed() {
        let middle = Step::middle(&[step(100.0), step(2.0), step(1.0), step(4.0)]);
        assert_eq!(middle, step(3.0));
        assert_eq!(Step::middle(&[step(5.0)]), step(5.0));
    }

    /// Two threads and one convolution of 1→2 channels, 1×1, on 4×4: 64 operations an image, 32 images, two groups.
    #[test]
    fn rows_add_up_to_the_step() {
        let conv = LayerSpec::Conv { channels: 2, kernel: 1, padding: 0, bias: true };
        let layers = vec![conv, LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        let network = Network::new(&NetworkSpec { input: [1, 4, 4], layers }, Initialisation::default(), 0).unwrap();
        let mut step = Step { seconds: 10.0, optimiser: 1.0, loading: 2.0, ..Step::default() };
        step.layers = vec![[2.0, 0.0, 0.0, 4.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0], [0.0; 5]];
        step.stretches = vec![vec![5.0, 7.0]];
        (step.packing, step.summing) = (vec![0.5, 0.5], vec![1.0]);
        // A peak of 256 operations a second.
        let rows = parts(&network, &step, 0.5, 32, 2, 256e-9);
        let found: Vec<_> = rows.iter().map(|r| (r.layer.as_str(), r.direction, r.seconds)).collect();
        let expected = [
            ("loading and augmentation", "", 1.0),
            ("1 conv", "forward", 1.0),
            ("1 conv", "weight grad", 2.0),
            ("2 global average pool", "forward", 0.5),
            ("loss, between layers", "", 1.5),
            ("packed weights", "", 0.5),
            ("sums over groups", "", 0.5),
            ("meetings", "", 0.5),
            ("optimiser", "", 1.0),
            ("waiting", "", 1.5),
        ];
        assert_eq!(found, expected);
        assert_eq!(rows[1].operations, 2048.0);
        assert_eq!(rows[1].bytes, 2.0 * (16.0 * 48.0 + 4.0) * 4.0);
        assert_eq!((rows[1].share_of_peak, rows[2].share_of_peak), (Some(8.0), Some(4.0)));
        let [convolutions, rest] = &totals(&rows, 10.0, 256e-9)[..] else { panic!("two classes") };
        assert_eq!(
            (convolutions.class, convolutions.seconds, convolutions.operations),
            (Class::Convolutions, 3.0, 4096.0)
        );
        assert_eq!((rest.seconds, rest.share_of_step), (7.0, 0.7));
    }
}
