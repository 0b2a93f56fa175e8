//! Work for many cores: how much faster a step could be on so many threads, from what its pieces take on one.

use longhand_nn::layers::Layer;
use longhand_nn::{Sharing, StretchItems};
use serde::Serialize;

use super::parts::Step;

/// Thread counts that a speed-up is worked out for.
const THREADS: [usize; 5] = [1, 2, 4, 8, 16];

/// One stretch of a step: pieces that any thread may take, and a meeting behind it.
#[derive(Clone, Debug, Serialize)]
pub struct StretchWork {
    /// What happens in it.
    pub name: String,
    /// Pieces.
    pub items: usize,
    /// Seconds of all pieces.
    pub seconds: f64,
    /// Seconds of the longest piece.
    pub longest_seconds: f64,
}

/// The speed-up that so many threads could have at most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpeedUp {
    /// Threads.
    pub threads: usize,
    /// Times as fast as one thread.
    pub at_most: f64,
}

/// What of a step can be done at once, measured on one thread.
#[derive(Clone, Debug, Serialize)]
pub struct Work {
    /// The stretches, in order; before them the weights are packed, and after them the groups' gradients are summed.
    pub stretches: Vec<StretchWork>,
    /// Seconds of what one thread does alone: meetings and the optimiser.
    pub serial_seconds: f64,
    /// Seconds of everything, one after another.
    pub total_seconds: f64,
    /// Seconds of the longest chain: what no number of threads can do faster.
    pub longest_chain_seconds: f64,
    /// By how much more threads could be faster, each taking the next piece as soon as it is free.
    pub speed_up: Vec<SpeedUp>,
}

impl Work {
    /// From what one thread took for `step`, and alone for what is done between.
    ///
    /// `blocks` tells how many blocks of channels a group's convolutions are shared by on so many threads, and `left` what is
    /// then left of a group's time, of 1.
    pub(super) fn of(
        items: &[StretchItems],
        step: &Step,
        serial_seconds: f64,
        blocks: impl Fn(usize) -> usize,
        left: impl Fn(usize) -> f64,
    ) -> Work {
        let longest = |pieces: &[f64]| pieces.iter().copied().fold(0.0, f64::max);
        let stretch = |name: &str, pieces: &[f64]| StretchWork {
            name: name.to_owned(),
            items: pieces.len(),
            seconds: pieces.iter().sum(),
            longest_seconds: longest(pieces),
        };
        let mut stretches = vec![stretch("packed weights", &step.packing)];
        stretches.extend(items.iter().zip(&step.stretches).map(|(s, pieces)| stretch(&s.name, pieces)));
        stretches.push(stretch("sums over groups", &step.summing));
        let total_seconds = serial_seconds + stretches.iter().map(|s| s.seconds).sum::<f64>();
        let on = |threads: usize| {
            let blocks = blocks(threads);
            let teams = (threads / blocks).max(1);
            // Every form of the weights is packed block by block.
            let packing: Vec<f64> = step.packing.iter().flat_map(|p| vec![p / blocks as f64; blocks]).collect();
            let in_groups = step.stretches.iter().map(|p| list_schedule(p, teams) * left(blocks)).sum::<f64>();
            serial_seconds + list_schedule(&packing, threads) + in_groups + list_schedule(&step.summing, threads)
        };
        let most_blocks = blocks(usize::MAX);
        let chain = step.stretches.iter().map(|pieces| longest(pieces)).sum::<f64>() * left(most_blocks);
        let shared = longest(&step.packing) / most_blocks as f64 + longest(&step.summing);
        Work {
            longest_chain_seconds: serial_seconds + chain + shared,
            speed_up: THREADS.map(|threads| SpeedUp { threads, at_most: total_seconds / on(threads) }).to_vec(),
            stretches,
            serial_seconds,
            total_seconds,
        }
    }
}

/// What is left of a group's time, of 1, where its layers are shared by so many blocks as [`Layer::sharing`] says, each part
/// in equal pieces; `seconds` are those of all groups, unshared, by layer and direction as in [`Step::layers`].
pub(super) fn left_when_shared(layers: &[Layer], step: &Step, blocks: usize) -> f64 {
    let saved = |layer: &Layer, [forward, again, _, parameters, backward]: [f64; 5]| {
        let Sharing { forward: f, parameters: p, backward: b } = layer.sharing(blocks);
        let saved = |seconds: f64, by: usize| seconds * (1.0 - 1.0 / by as f64);
        saved(forward + again, f) + saved(parameters, p) + saved(backward, b)
    };
    let saved: f64 = layers.iter().zip(&step.layers).map(|(layer, &seconds)| saved(layer, seconds)).sum();
    1.0 - saved / step.in_stretches().max(f64::MIN_POSITIVE)
}

/// Seconds until all pieces are done, each in turn taken by the thread that is free first.
fn list_schedule(pieces: &[f64], threads: usize) -> f64 {
    let mut busy_until = vec![0.0f64; threads];
    for piece in pieces {
        let first_free = busy_until.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("at least one thread");
        *first_free += piece;
    }
    busy_until.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::{SpeedUp, Step, Work, left_when_shared, list_schedule};
    use longhand_nn::{Initialisation, LayerSpec, Network, NetworkSpec, StretchItems};

    #[test]
    fn the_next_piece_goes_to_whoever_is_free_first() {
        let pieces = [3.0, 1.0, 1.0, 4.0, 2.0];
        assert_eq!(list_schedule(&pieces, 1), 11.0);
        // 3 and then 2; 1, 1, 4: the third thread's work goes to the second.
        assert_eq!(list_schedule(&pieces, 2), 6.0);
        assert_eq!(list_schedule(&pieces, 3), 5.0);
        assert_eq!(list_schedule(&pieces, 16), 4.0);
        assert_eq!(list_schedule(&[], 2), 0.0);
    }

    #[test]
    fn meetings_and_long_pieces_limit_the_speed_up() {
        let items = ["there", "back"].map(|name| StretchItems { name: name.into(), items: 4 });
        // Four lane groups, and nothing but work that up to four blocks could share.
        let (blocks, left) = (|threads: usize| (threads / 4).clamp(1, 4), |blocks: usize| 1.0 / blocks as f64);
        let stretches = vec![vec![1.0; 4], vec![1.0, 1.0, 1.0, 3.0]];
        let step = Step { stretches: stretches.clone(), ..Step::default() };
        let work = Work::of(&items, &step, 2.0, blocks, left);
        assert_eq!((work.total_seconds, work.longest_chain_seconds), (12.0, 2.0 + 1.0));
        assert_eq!((work.stretches[2].seconds, work.stretches[2].longest_seconds), (6.0, 3.0));
        // On 8 threads two blocks each, on 16 four.
        at_most(&work, [1.0, 12.0 / 8.0, 2.0, 12.0 / 4.0, 12.0 / 3.0]);

        // Two seconds of packing in pieces that blocks cut, and two of sums in pieces that nothing cuts.
        let step = Step { stretches, packing: vec![1.0; 2], summing: vec![0.5; 4], ..Step::default() };
        let work = Work::of(&items, &step, 2.0, blocks, left);
        assert_eq!((work.total_seconds, work.longest_chain_seconds), (16.0, 2.0 + 1.0 + 0.25 + 0.5));
        let on_4 = 6.0 + 1.0 + 0.5;
        let on_8 = 4.0 + 0.5 + 0.5;
        at_most(&work, [1.0, 16.0 / (8.0 + 1.0 + 1.0), 16.0 / on_4, 16.0 / on_8, 16.0 / (3.0 + 0.25 + 0.5)]);
    }

    fn at_most(work: &Work, expected: [f64; 5]) {
        for (SpeedUp { threads, at_most }, expected) in work.speed_up.iter().zip(expected) {
            assert!((at_most - expected).abs() < 1e-12, "{threads}: {at_most}, not {expected}");
        }
    }

    /// A second of each part of each layer: what is shared takes half of it or a quarter, the rest all of it.
    #[test]
    fn only_what_is_shared_is_left_in_part() {
        let conv = |channels, kernel| LayerSpec::Conv { channels, kernel, padding: kernel / 2, bias: true };
        let end = [LayerSpec::GlobalAveragePool {}, LayerSpec::LogSoftmax {}];
        let layers = [vec![conv(10, 1), conv(20, 3)], end.to_vec()].concat();
        let network = Network::new(&NetworkSpec { input: [1, 8, 8], layers }, Initialisation::default(), 0).unwrap();
        let layers = vec![[1.0, 1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0, 1.0], [1.0; 5], [1.0; 5]];
        let step = Step { layers, stretches: vec![vec![9.0, 9.0]], ..Step::default() };
        let left = |blocks| left_when_shared(network.layers(), &step, blocks) * 18.0;
        assert_eq!(left(1), 18.0);
        // Forward, forward again and the weight gradient of the second by 4 of 20 channels, back to its 10 inputs by 2.
        assert!((left(4) - (18.0 - 3.0 * 0.75 - 0.5)).abs() < 1e-12, "{}", left(4));
    }
}
