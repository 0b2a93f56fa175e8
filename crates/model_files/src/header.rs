//! The header of a safetensors file: bounded, checked, and its lies told by name.

use std::collections::HashMap;

use safetensors::SafeTensorError;
use safetensors::tensor::{SafeTensors, TensorInfo};
use serde_json::{Map, Value};

use crate::foreign_text::shown;

/// The largest header that is read, in bytes: room for some ten thousand tensors. A network's spec is in it.
pub const MAX_HEADER_BYTES: u64 = 1 << 20;

/// Bytes before the header: its length.
const LENGTH_BYTES: u64 = 8;

/// Why a header is not one, or says what is not so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The file ends before its header does.
    #[error("it is cut short: it has {found} bytes, and its header alone ends at byte {wanted}; get the file again")]
    CutShort {
        /// Bytes there are.
        found: u64,
        /// Bytes up to the header's end.
        wanted: u64,
    },
    /// The length it begins with is none that a header has.
    #[error(
        "it is no safetensors file: one begins with the length of its header, from 2 to {MAX_HEADER_BYTES} bytes, and \
         this one with {0}"
    )]
    Length(u64),
    /// The header is not the JSON that belongs there.
    #[error("its header is not that of a safetensors file: {0}")]
    Json(String),
    /// The data are longer or shorter than the tensors together.
    #[error(
        "its header speaks of {wanted} bytes of tensors and {found} follow: {}",
        if found < wanted { "it is cut short; get the file again" } else { "something is appended to it" }
    )]
    DataLength {
        /// Bytes of all tensors.
        wanted: u64,
        /// Bytes behind the header.
        found: u64,
    },
    /// A tensor begins inside another one or leaves a gap before it.
    #[error(
        "its header puts tensor `{name}` at bytes {begin} to {end} of the data where {wanted} is the next free one: \
         tensors may neither overlap nor leave gaps"
    )]
    Offsets {
        /// The tensor.
        name: String,
        /// Where it is said to begin.
        begin: u64,
        /// Where it is said to end.
        end: u64,
        /// Where it must begin.
        wanted: u64,
    },
    /// A tensor's shape does not go with the bytes it is given.
    #[error("its header gives tensor `{name}` the shape {shape} of {dtype}, and {bytes} bytes, which do not agree")]
    Size {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: String,
        /// Its element type.
        dtype: String,
        /// Bytes between its offsets.
        bytes: u64,
    },
    /// Something else that the format forbids.
    #[error("its header is not that of a safetensors file: {0}")]
    Other(String),
}

/// The length of the header that `beginning`, the first bytes of a file or all of it, announces.
pub(crate) fn announced_length(beginning: &[u8]) -> Result<u64, HeaderFault> {
    let Some(length) = beginning.first_chunk::<8>() else {
        return Err(HeaderFault::CutShort { found: beginning.len() as u64, wanted: LENGTH_BYTES });
    };
    match u64::from_le_bytes(*length) {
        length @ 2..=MAX_HEADER_BYTES => Ok(length),
        length => Err(HeaderFault::Length(length)),
    }
}

/// The tensors of the file that `bytes` are, and the strings of its metadata.
///
/// # Errors
/// When the header is none, or a claim of it is not so.
pub fn read(bytes: &[u8]) -> Result<(SafeTensors<'_>, HashMap<String, String>), HeaderFault> {
    let wanted = LENGTH_BYTES + announced_length(bytes)?;
    if wanted > bytes.len() as u64 {
        return Err(HeaderFault::CutShort { found: bytes.len() as u64, wanted });
    }
    let (header, data) = bytes[LENGTH_BYTES as usize..].split_at((wanted - LENGTH_BYTES) as usize);
    let fault = |error| fault(error, header, data.len() as u64);
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(fault)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(fault)?;
    Ok((tensors, metadata.metadata().clone().unwrap_or_default()))
}

/// What `error` means for this header, which `data` bytes follow.
fn fault(error: SafeTensorError, header: &[u8], data: u64) -> HeaderFault {
    match error {
        SafeTensorError::InvalidHeader(error) => HeaderFault::Json(error.to_string()),
        SafeTensorError::InvalidHeaderDeserialization(error) | SafeTensorError::JsonError(error) => {
            HeaderFault::Json(shown(&error.to_string()))
        }
        other => lie(header, data).unwrap_or_else(|| HeaderFault::Other(shown(&other.to_string()))),
    }
}

/// The first tensor, in the order of the data, of which the header says what cannot be.
fn lie(header: &[u8], data: u64) -> Option<HeaderFault> {
    let claims: Map<String, Value> = serde_json::from_slice(header).ok()?;
    let claims = claims.into_iter().filter(|(name, _)| name != "__metadata__");
    let mut claims: Vec<(String, TensorInfo)> =
        claims.map(|(name, claim)| Some((name, serde_json::from_value(claim).ok()?))).collect::<Option<_>>()?;
    claims.sort_by_key(|(_, claim)| claim.data_offsets);
    let mut free = 0;
    for (name, TensorInfo { dtype, shape, data_offsets: (begin, end) }) in &claims {
        let (begin, end) = (*begin as u64, *end as u64);
        if begin != free || end < begin {
            return Some(HeaderFault::Offsets { name: shown(name), begin, end, wanted: free });
        }
        let elements = shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side as u64));
        let bits = elements.and_then(|n| n.checked_mul(dtype.bitsize() as u64));
        if bits.is_none_or(|bits| bits % 8 != 0 || bits / 8 != end - begin) {
            let (name, shape) = (shown(name), shown(&format!("{shape:?}")));
            return Some(HeaderFault::Size { name, shape, dtype: format!("{dtype:?}"), bytes: end - begin });
        }
        free = end;
    }
    (free != data).then_some(HeaderFault::DataLength { wanted: free, found: data })
}
