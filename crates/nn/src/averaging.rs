//! The exponential moving average of a network over its training steps, which is judged and kept in its place.
//!
//! At a high learning rate the weights wander about the bottom of the loss; their average lies nearer to it than any of
//! them (Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging"). Training itself goes on
//! from the raw weights and notices nothing.

use serde::{Deserialize, Serialize};

use crate::network::Network;

/// Settings of [`WeightAverage`]; off by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AveragingSpec {
    /// The share of the average that each step keeps: 0.999 averages over about the last 1,000 steps. 0 is off.
    pub decay: f64,
    /// Whether the decay grows to its value over the first steps: min(decay, (1 + t)/(10 + t)) after t earlier updates,
    /// the rule of TensorFlow's `ExponentialMovingAverage(num_updates)`. Without it the first weights linger.
    pub warm_up: bool,
}

impl Default for AveragingSpec {
    fn default() -> Self {
        AveragingSpec { decay: 0.0, warm_up: true }
    }
}

impl AveragingSpec {
    /// Whether the raw weights are judged and kept.
    pub fn is_off(&self) -> bool {
        self.decay == 0.0
    }

    /// Checks the decay.
    ///
    /// # Errors
    /// A sentence naming the key, what was found and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        if (0.0..1.0).contains(&self.decay) {
            Ok(())
        } else {
            Err(format!("decay = {} cannot be: it must be at least 0 (no averaging) and below 1", self.decay))
        }
    }

    /// The decay of an update that `updates` others came before.
    pub fn decay_after(&self, updates: u64) -> f64 {
        let t = updates as f64;
        if self.warm_up { self.decay.min((1.0 + t) / (10.0 + t)) } else { self.decay }
    }
}

/// The average of a network's parameters and of its running statistics alike.
#[derive(Clone, Debug)]
pub struct WeightAverage {
    spec: AveragingSpec,
    average: Network,
    updates: u64,
}

impl WeightAverage {
    /// An average for `network` that holds its present state; `None` when `spec` is off.
    pub fn new(spec: &AveragingSpec, network: &Network) -> Option<Self> {
        (!spec.is_off()).then(|| WeightAverage { spec: spec.clone(), average: network.clone(), updates: 0 })
    }

    /// The average of `spec` that has taken in `updates` states and holds `average`; `None` when `spec` is off.
    pub fn resumed(spec: &AveragingSpec, average: Network, updates: u64) -> Option<Self> {
        (!spec.is_off()).then(|| WeightAverage { spec: spec.clone(), average, updates })
    }

    /// How many states it has taken in.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Takes in the state of `network` after an optimiser's step.
    ///
    /// The first update copies; later ones move every element a ← a + (1 − d)·(w − a), PyTorch's
    /// `get_ema_multi_avg_fn` in an `AveragedModel` with `use_buffers=True`.
    ///
    /// # Panics
    /// When `network` is not of the spec that the average was made for.
    pub fn update(&mut self, network: &Network) {
        if self.updates == 0 {
            self.average.copy_state_from(network);
        } else {
            let share = (1.0 - self.spec.decay_after(self.updates)) as f32;
            let average = &mut self.average;
            for (average, new) in [
                (&mut average.parameters, &network.parameters),
                (&mut average.running_mean, &network.running_mean),
                (&mut average.running_var, &network.running_var),
            ] {
                assert_eq!(average.len(), new.len(), "the average of another network");
                for (a, w) in average.iter_mut().zip(new) {
                    *a += share * (w - *a);
                }
            }
            average.batches_tracked = network.batches_tracked;
        }
        self.updates += 1;
    }

    /// The averaged network: the state it was made with until the first update.
    pub fn network(&self) -> &Network {
        &self.average
    }

    /// The averaged network, for whoever is to take its statistics anew behind the last update.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.average
    }

    /// The averaged network, kept.
    pub fn into_network(self) -> Network {
        self.average
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Initialisation, NetworkSpec};

    fn network(seed: u64) -> Network {
        let spec: NetworkSpec = toml::from_str(
            r#"
            input = [1, 4, 4]
            layers = [
                { type = "conv", channels = 3, kernel = 3 },
                { type = "batch_norm" },
                { type = "linear", features = 2 },
                { type = "log_softmax" },
            ]"#,
        )
        .unwrap();
        let mut network = Network::new(&spec, Initialisation::He, seed).unwrap();
        network.running_mean.iter_mut().enumerate().for_each(|(i, m)| *m = (seed as f32 + i as f32).sqrt());
        network.batches_tracked = 10 * seed;
        network
    }

    fn elements(network: &Network) -> Vec<f64> {
        network.state().into_iter().flat_map(|(_, _, values)| values).map(|&v| f64::from(v)).collect()
    }

    /// By hand in double precision: a₁ = w₁, then aₜ₊₁ = d·aₜ + (1 − d)·w with d = min(decay, (1 + t)/(10 + t)).
    #[test]
    fn parameters_and_running_statistics_follow_the_formula() {
        for (warm_up, decays) in [(true, [2.0 / 11.0, 3.0 / 12.0, 0.3]), (false, [0.3; 3])] {
            let spec = AveragingSpec { decay: 0.3, warm_up };
            let networks: Vec<Network> = (1..=4).map(network).collect();
            let mut average = WeightAverage::new(&spec, &network(9)).unwrap();
            assert_eq!(elements(average.network()), elements(&network(9)), "before the first update");
            average.update(&networks[0]);
            assert_eq!(elements(average.network()), elements(&networks[0]), "the first update copies");
            let mut wanted = elements(&networks[0]);
            for (network, d) in networks[1..].iter().zip(decays) {
                average.update(network);
                wanted.iter_mut().zip(elements(network)).for_each(|(a, w)| *a = d * *a + (1.0 - d) * w);
            }
            for (found, wanted) in elements(average.network()).iter().zip(&wanted) {
                assert!((found - wanted).abs() <= 2e-7 * wanted.abs().max(1.0), "{found}, wanted {wanted}");
            }
            assert_eq!(average.network().batches_tracked(), 40);
        }
    }

    #[test]
    fn what_does_not_move_stays_to_the_bit() {
        let still = network(3);
        let mut average = WeightAverage::new(&AveragingSpec { decay: 0.999, warm_up: true }, &still).unwrap();
        (0..100).for_each(|_| average.update(&still));
        assert_eq!(average.network().state(), still.state());
    }

    #[test]
    fn nothing_is_averaged_unless_asked_and_a_decay_that_cannot_be_is_named() {
        assert!(WeightAverage::new(&AveragingSpec::default(), &network(1)).is_none());
        for decay in [1.0, -0.1, f64::NAN, f64::INFINITY] {
            let message = AveragingSpec { decay, warm_up: true }.validate().unwrap_err();
            assert!(message.starts_with(&format!("decay = {decay} cannot be")), "{message}");
        }
        assert_eq!(AveragingSpec { decay: 0.999, warm_up: true }.decay_after(1_000_000), 0.999);
    }
}
