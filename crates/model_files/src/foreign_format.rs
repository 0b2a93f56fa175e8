//! Files that people hand over in the place of safetensors, known by their first bytes.

use std::fmt;

use crate::header::MAX_HEADER_BYTES;

/// How many bytes of a file [`recognise`] looks at, at most.
pub(crate) const LOOKED_AT: usize = 512;

/// What a file is instead of safetensors; displayed as a sentence that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignFormat {
    /// Nothing at all.
    Empty,
    /// What `torch.save` writes: a zip of pickles.
    Torch,
    /// What `torch.save` wrote before PyTorch 1.6, or any other pickle.
    Pickle,
    /// A protobuf that begins as an ONNX model does.
    Onnx,
    /// A zip of something else: a workbook, `.npz`, `.keras`.
    Zip,
    /// gzip.
    Gzip,
    /// HDF5, in which Keras used to keep weights.
    Hdf5,
    /// An array of NumPy.
    Npy,
    /// A page or other markup: often what a server said instead of the file.
    Markup,
    /// JSON: a run's record, or the answer of a server.
    Json,
    /// The note that Git LFS leaves in the place of a large file.
    GitLfs,
}

const IN_PYTHON: &str = "Turn it into one in Python:
    import torch, safetensors.torch
    state = torch.load(\"model.pth\", map_location=\"cpu\", weights_only=True)
    safetensors.torch.save_file(state, \"model.safetensors\")
where the file holds more than the weights, take them out of it: state[\"model\"], or whatever it calls them";

impl fmt::Display for ForeignFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, advice) = match self {
            Self::Empty => ("an empty file", "it was not written or downloaded whole; get it again"),
            Self::Torch => ("a file of torch.save (a zip of pickles)", IN_PYTHON),
            Self::Pickle => ("a pickle, such as torch.save wrote before PyTorch 1.6", IN_PYTHON),
            Self::Onnx => (
                "an ONNX model",
                "ONNX is written here and not read; give the safetensors file that the ONNX model was made from",
            ),
            Self::Zip => ("a zip archive", "if there is a safetensors file in it, unpack that first"),
            Self::Gzip => ("compressed by gzip", "unpack it first: gunzip FILE"),
            Self::Hdf5 => ("an HDF5 file", "save the weights as safetensors, under PyTorch's names and in its layouts"),
            Self::Npy => ("an array of NumPy", "save the weights with safetensors.numpy.save_file"),
            Self::Markup => (
                "a page of HTML or other markup, perhaps what a server said in the place of a file",
                "download the file itself",
            ),
            Self::Json => {
                ("JSON, perhaps the record of a run", "give the run's folder, or the model.safetensors in it")
            }
            Self::GitLfs => {
                ("the note that Git LFS leaves in the place of a large file", "fetch the file: git lfs pull")
            }
        };
        write!(f, "it is {what}, and safetensors is wanted. {advice}")
    }
}

/// What `bytes`, the beginning of a file or all of it, are of if they are not safetensors; `None` where they may be that
/// or are nothing known.
pub(crate) fn recognise(bytes: &[u8]) -> Option<ForeignFormat> {
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    if let (Some(length), Some(b'{')) = (head.first_chunk::<8>(), head.get(8))
        && u64::from_le_bytes(*length) <= MAX_HEADER_BYTES
    {
        return None;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let found = match head {
        [] => ForeignFormat::Empty,
        [b'P', b'K', 3, 4, ..] => match holds(head, b"/data.pkl") || holds(head, b"/.data/") {
            true => ForeignFormat::Torch,
            false => ForeignFormat::Zip,
        },
        [0x80, 2..=5, ..] => ForeignFormat::Pickle,
        // `ir_version`, a small number, and then one of the fields that follow it in any model.
        [0x08, 1..=40, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..] => ForeignFormat::Onnx,
        [0x1f, 0x8b, ..] => ForeignFormat::Gzip,
        [0x89, b'H', b'D', b'F', ..] => ForeignFormat::Hdf5,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => ForeignFormat::Npy,
        _ if text.starts_with(b"version https://git-lfs") => ForeignFormat::GitLfs,
        _ => match text {
            [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..] => ForeignFormat::Markup,
            [b'{', b'"' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..] | [b'[', b'{' | b'"' | b'[' | b'\n', ..] => {
                ForeignFormat::Json
            }
            _ => return None,
        },
    };
    Some(found)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
