//! The moving average of the weights in the training loop: what is judged, what is kept, what goes on untouched.

use std::ops::ControlFlow;

use longhand_data::{Dataset, strokes};
use longhand_kernels::Isa;
use longhand_model_files::weights_sha256;
use longhand_nn::Network;
use longhand_training::{
    Ended, EpochDone, Observer, Override, Progress, Recipe, Split, Trained, built_in, evaluate, train,
};

/// Keeps every epoch's network, and stops after so many steps.
struct Keeper {
    networks: Vec<Network>,
    steps_left: usize,
}

impl Observer for Keeper {
    fn step(&mut self, _: Progress) -> ControlFlow<()> {
        self.steps_left -= 1;
        if self.steps_left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn epoch(&mut self, done: &EpochDone<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.networks.push(done.network.clone());
        Ok(())
    }
}

fn recipe(set: &[&str]) -> Recipe {
    // An epoch is one step, so that every step's weights are seen.
    let mut all = vec!["epochs=4", "batch_size=120"];
    all.extend(set);
    let overrides: Vec<Override> = all.iter().map(|s| s.parse().unwrap()).collect();
    Recipe::from_toml("seed", built_in("seed").unwrap(), &overrides).unwrap()
}

fn trained(recipe: &Recipe, data: &Dataset, steps: usize) -> (Trained, Vec<Network>) {
    let mut keeper = Keeper { networks: Vec::new(), steps_left: steps };
    let trained = train(recipe, &Split::testing(data), Isa::detect(), 2, &mut keeper).unwrap();
    (trained, keeper.networks)
}

fn elements(network: &Network) -> Vec<f32> {
    network.state().into_iter().flat_map(|(_, _, values)| values.to_vec()).collect()
}

#[test]
fn the_average_is_judged_and_kept_and_training_goes_on_from_the_raw_weights() {
    let data = strokes::generate(1, 120, 50);
    let (raw, raw_networks) = trained(&recipe(&[]), &data, usize::MAX);
    let averaging = recipe(&["averaging.decay=0.2"]);
    let (averaged, averaged_networks) = trained(&averaging, &data, usize::MAX);
    let train_losses = |trained: &Trained| trained.epochs.iter().map(|e| e.train_loss).collect::<Vec<_>>();
    assert_eq!(train_losses(&averaged), train_losses(&raw), "training noticed the average");

    let mut wanted = elements(&raw_networks[0]);
    for (t, (raw, averaged)) in raw_networks.iter().zip(&averaged_networks).enumerate() {
        if t > 0 {
            let share = (1.0 - f64::min(0.2, (1.0 + t as f64) / (10.0 + t as f64))) as f32;
            wanted.iter_mut().zip(elements(raw)).for_each(|(a, w)| *a += share * (w - *a));
        }
        assert_eq!(elements(averaged), wanted, "after step {}", t + 1);
    }
    assert_eq!(elements(&averaged.network), wanted);
    let last = evaluate(&averaged.network, Isa::detect(), &data.test, &averaging.normalisation);
    assert_eq!(averaged.epochs[3].scores.loss(), last.loss);
    assert_ne!(averaged.epochs[3].scores.loss(), raw.epochs[3].scores.loss());
}

/// Only what is judged and kept at the end has them, and training notices nothing.
#[test]
fn precise_statistics_replace_the_running_ones_behind_the_last_step() {
    let data = strokes::generate(1, 120, 50);
    for averaging in ["averaging.decay=0", "averaging.decay=0.2"] {
        let (plain, plain_networks) = trained(&recipe(&[averaging]), &data, usize::MAX);
        let precise = recipe(&[averaging, "precise_batch_norm=true"]);
        let (taken, taken_networks) = trained(&precise, &data, usize::MAX);
        let mut wanted = plain.network.clone();
        let table = precise.normalisation.table();
        wanted.take_precise_statistics(Isa::detect(), 120, |g, group| {
            for lane in 0..group.active() {
                group.set_image(lane, data.train.image(16 * g + lane).iter().map(|&p| table[p as usize]));
            }
        });
        assert_ne!(elements(&wanted), elements(&plain.network));
        assert_eq!(elements(&taken.network), elements(&wanted), "{averaging}");
        assert_eq!(elements(&taken_networks[3]), elements(&wanted), "{averaging}");
        for epoch in 0..3 {
            assert_eq!(elements(&taken_networks[epoch]), elements(&plain_networks[epoch]), "{averaging}");
        }
        let last = evaluate(&taken.network, Isa::detect(), &data.test, &precise.normalisation);
        assert_eq!(taken.epochs[3].scores.loss(), last.loss);
        assert_eq!(taken.epochs[3].train_loss, plain.epochs[3].train_loss);
    }
}

#[test]
fn an_interrupted_training_hands_out_its_average() {
    let data = strokes::generate(1, 120, 50);
    let (stopped, _) = trained(&recipe(&["averaging.decay=0.2"]), &data, 2);
    assert_eq!(stopped.ended, Ended::Interrupted { epoch: 2, step: 1 });
    let (whole, _) = trained(&recipe(&["averaging.decay=0.2", "epochs=2"]), &data, usize::MAX);
    assert_eq!(weights_sha256(&stopped.network), weights_sha256(&whole.network));
}

#[test]
fn a_diverged_training_hands_out_the_average_of_before() {
    let data = strokes::generate(1, 120, 50);
    // A rate a thousand times higher each step, until some loss is no number.
    let wild =
        ["averaging.decay=0.9", "epochs=20", r#"schedule={type="step", learning_rate=1e3, every=1, factor=1e3}"#];
    let wild = recipe(&wild);
    let (diverged, networks) = trained(&wild, &data, usize::MAX);
    let Ended::Diverged { epoch, .. } = diverged.ended else { panic!("{:?}", diverged.ended) };
    assert!(elements(&diverged.network).iter().all(|w| w.is_finite()));
    // Epoch e fails on what step e − 1 left: kept is what was judged before that step.
    assert!(epoch > 2, "epoch {epoch}");
    assert_eq!(elements(&diverged.network), elements(&networks[epoch - 3]));
}
