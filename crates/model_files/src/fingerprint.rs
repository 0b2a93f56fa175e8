//! What names the very weights of a network.

use longhand_nn::Network;
use sha2::{Digest, Sha256};

/// SHA-256, in hexadecimal, over all parameters and running statistics, little-endian, in the order of the state.
pub fn weights_sha256(network: &Network) -> String {
    let mut hash = Sha256::new();
    for (_, _, values) in network.state() {
        hash.update(little_endian(values));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The values as bytes, lowest first.
pub(crate) fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
