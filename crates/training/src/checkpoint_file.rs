//! `checkpoint.safetensors`: a [`Checkpoint`] as a file, exact to the bit.
//!
//! The lists of numbers are tensors, the rest is JSON under one key of the metadata, floats as the integers that their
//! bits are. A checksum over all of it is there too: a bit that fell over in a weight would else be trained on.

use std::collections::{BTreeMap, HashMap};

use longhand_model_files::{MAX_HEADER_BYTES, read_safetensors};
use longhand_nn::{Network, NetworkState, OptimiserState};
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::checkpoint::{AverageState, BITS, Checkpoint, CheckpointFault, EpochSoFar, hex};

/// The metadata key under which [`Numbers`] are kept.
const METADATA_KEY: &str = "longhand_checkpoint";

/// The layout that is written.
pub(crate) const FORMAT: u32 = 1;

/// What is no tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    format: u32,
    /// Those that the writer's trainings come to.
    bits: u32,
    /// The writer, for people.
    version: String,
    run: String,
    initial_weights_sha256: String,
    epoch: usize,
    steps: usize,
    images: usize,
    correct: usize,
    loss_sum_bits: u64,
    seconds_bits: u64,
    network_batches_tracked: u64,
    good_batches_tracked: u64,
    average: Option<AverageNumbers>,
    /// AdamW's β₁ᵗ and β₂ᵗ.
    optimiser_powers_bits: Option<[u64; 2]>,
    /// Over everything else.
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AverageNumbers {
    batches_tracked: u64,
    updates: u64,
}

/// Whether a wrong checksum is a fault.
#[derive(Clone, Copy, PartialEq)]
enum Checksum {
    AsItSays,
    Ignored,
}

/// The tensors by name.
type Lists<'a> = BTreeMap<String, &'a [f32]>;

impl Checkpoint {
    /// The checkpoint as the bytes of a safetensors file; the same checkpoint always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut lists = Lists::new();
        insert_network(&mut lists, "network", &self.network);
        insert_network(&mut lists, "good", &self.good);
        if let Some(average) = &self.average {
            insert_network(&mut lists, "average", &average.network);
        }
        let powers = match &self.optimiser {
            OptimiserState::Sgd { velocity } => {
                lists.insert("optimiser.velocity".into(), velocity);
                None
            }
            OptimiserState::AdamW { mean, mean_square, powers } => {
                lists.insert("optimiser.mean".into(), mean);
                lists.insert("optimiser.mean_square".into(), mean_square);
                Some(powers.map(f64::to_bits))
            }
        };
        let EpochSoFar { steps, images, correct, loss_sum, seconds } = self.so_far;
        let mut numbers = Numbers {
            format: FORMAT,
            bits: BITS,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run.clone(),
            initial_weights_sha256: self.initial_weights_sha256.clone(),
            epoch: self.epoch,
            steps,
            images,
            correct,
            loss_sum_bits: loss_sum.to_bits(),
            seconds_bits: seconds.to_bits(),
            network_batches_tracked: self.network.batches_tracked,
            good_batches_tracked: self.good.batches_tracked,
            average: self.average.as_ref().map(|average| AverageNumbers {
                batches_tracked: average.network.batches_tracked,
                updates: average.updates,
            }),
            optimiser_powers_bits: powers,
            sha256: String::new(),
        };
        let bytes: BTreeMap<&str, Vec<u8>> = lists.iter().map(|(name, values)| (&name[..], bytes_of(values))).collect();
        numbers.sha256 = checksum(&numbers, bytes.iter().map(|(name, bytes)| (*name, &bytes[..])));
        let views = bytes.iter().map(|(name, bytes)| {
            (*name, TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).expect("four bytes each"))
        });
        let metadata = serde_json::to_string(&numbers).expect("plain data");
        safetensors::serialize(views, Some(HashMap::from([(METADATA_KEY.to_owned(), metadata)])))
            .expect("names are unique and lengths right")
    }

    /// The checkpoint that [`Checkpoint::to_bytes`] made `bytes` of; whether it is one of a certain run,
    /// [`Checkpoint::check`] says.
    ///
    /// # Errors
    /// When they are none, or are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointFault> {
        Self::read(bytes, Checksum::AsItSays)
    }

    /// The file `bytes` with the checksum in the place of whatever it holds; `None` where it is not even so far a
    /// checkpoint that it has one. For fuzzing, which would find no way past the checksum.
    #[doc(hidden)]
    pub fn with_right_checksum(bytes: &[u8]) -> Option<Vec<u8>> {
        Self::read(bytes, Checksum::Ignored).ok().map(|checkpoint| checkpoint.to_bytes())
    }

    fn read(bytes: &[u8], trust: Checksum) -> Result<Self, CheckpointFault> {
        let (file, metadata) = read_safetensors(bytes)?;
        let text = metadata.get(METADATA_KEY).ok_or_else(|| {
            CheckpointFault::Metadata(format!(
                "they have no `{METADATA_KEY}`, so it is a safetensors file of another kind"
            ))
        })?;
        let unreadable = |e: serde_json::Error| CheckpointFault::Metadata(bounded(&e.to_string()));
        #[derive(Deserialize)]
        struct Writer {
            format: u32,
            #[serde(default)]
            bits: u32,
            #[serde(default)]
            version: String,
        }
        // Before the rest, which another layout has otherwise.
        let Writer { format, bits, version } = serde_json::from_str(text).map_err(unreadable)?;
        if format != FORMAT {
            return Err(CheckpointFault::Format(format));
        }
        if bits != BITS {
            return Err(CheckpointFault::OtherBits { version: bounded(&version) });
        }
        let mut numbers: Numbers = serde_json::from_str(text).map_err(unreadable)?;
        let said = std::mem::take(&mut numbers.sha256);
        let views: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
        if trust == Checksum::AsItSays
            && said != checksum(&numbers, views.iter().map(|(name, view)| (&name[..], view.data())))
        {
            return Err(CheckpointFault::Damaged);
        }
        let mut tensors = Tensors(views);
        let network = tensors.take_network("network", numbers.network_batches_tracked)?;
        let good = tensors.take_network("good", numbers.good_batches_tracked)?;
        let average = match numbers.average {
            None => None,
            Some(AverageNumbers { batches_tracked, updates }) => {
                Some(AverageState { network: tensors.take_network("average", batches_tracked)?, updates })
            }
        };
        let optimiser = match numbers.optimiser_powers_bits {
            None => OptimiserState::Sgd { velocity: tensors.take("optimiser.velocity")? },
            Some(powers) => OptimiserState::AdamW {
                mean: tensors.take("optimiser.mean")?,
                mean_square: tensors.take("optimiser.mean_square")?,
                powers: powers.map(f64::from_bits),
            },
        };
        if let Some((name, _)) = tensors.0.pop_first() {
            return Err(CheckpointFault::Tensor { name: bounded(&name), what: "is none that a checkpoint has" });
        }
        Ok(Checkpoint {
            run: numbers.run,
            initial_weights_sha256: numbers.initial_weights_sha256,
            epoch: numbers.epoch,
            so_far: EpochSoFar {
                steps: numbers.steps,
                images: numbers.images,
                correct: numbers.correct,
                loss_sum: f64::from_bits(numbers.loss_sum_bits),
                seconds: f64::from_bits(numbers.seconds_bits),
            },
            network,
            good,
            average,
            optimiser,
        })
    }

    /// The most bytes that a checkpoint of a training of `network` has.
    pub fn most_bytes(network: &Network) -> u64 {
        let running = network.layout().batch_norm_channels();
        // Three networks and two lists of the optimiser's, four bytes a number.
        let numbers = 3 * (network.parameters().len() + 2 * running) + 2 * network.parameters().len();
        8 + MAX_HEADER_BYTES + 4 * numbers as u64
    }
}

fn insert_network<'a>(lists: &mut Lists<'a>, of: &str, state: &'a NetworkState) {
    lists.insert(format!("{of}.parameters"), &state.parameters);
    lists.insert(format!("{of}.running_mean"), &state.running_mean);
    lists.insert(format!("{of}.running_var"), &state.running_var);
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// SHA-256 over `numbers`, whose own checksum is empty, and every tensor's name and bytes, in the order of the names.
fn checksum<'a>(numbers: &Numbers, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(numbers).expect("plain data"));
    for (name, bytes) in tensors {
        hash.update(format!("\n{name} {}\n", bytes.len()));
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

/// What a file says, fit to be shown: no longer than a line or two, and no control characters.
fn bounded(text: &str) -> String {
    text.chars().take(160).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The tensors that nobody has taken yet.
struct Tensors<'a>(BTreeMap<String, TensorView<'a>>);

impl Tensors<'_> {
    fn take(&mut self, name: &str) -> Result<Vec<f32>, CheckpointFault> {
        let wrong = |what| CheckpointFault::Tensor { name: name.to_owned(), what };
        let view = self.0.remove(name).ok_or_else(|| wrong("is missing"))?;
        if view.dtype() != Dtype::F32 || view.shape().len() != 1 {
            return Err(wrong("is no list of 32-bit floats"));
        }
        Ok(view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn take_network(&mut self, of: &str, batches_tracked: u64) -> Result<NetworkState, CheckpointFault> {
        Ok(NetworkState {
            parameters: self.take(&format!("{of}.parameters"))?,
            running_mean: self.take(&format!("{of}.running_mean"))?,
            running_var: self.take(&format!("{of}.running_var"))?,
            batches_tracked,
        })
    }
}
