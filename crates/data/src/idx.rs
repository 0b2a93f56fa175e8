//! Reading IDX, the format of MNIST's files, gzipped or plain.
//!
//! An IDX file is a header of big-endian 32-bit words and then bytes: the magic number (2051 for images, 2049 for
//! labels), the count, for images also rows and columns, then one byte for each pixel or label. Every field may lie,
//! so nothing is allocated from a claim: a file is read up to a limit, and its header is then held against what is
//! there.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::{CLASSES, DataError};

/// The most uncompressed bytes that [`read_file`] takes from one file: 128 MiB, nearly three times MNIST's largest.
pub const MAX_BYTES: usize = 128 << 20;

/// The longest side of an image that is believed.
pub const MAX_SIDE: usize = 4096;

const IMAGES_MAGIC: u32 = 2051;
const LABELS_MAGIC: u32 = 2049;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The ways an IDX file can be unsound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The compressed stream ends early.
    #[error("the gzip stream is cut short after {read} uncompressed bytes")]
    GzipTruncated {
        /// Uncompressed bytes before the end.
        read: usize,
    },
    /// The compressed stream is damaged.
    #[error("the gzip stream is damaged after {read} uncompressed bytes: {reason}")]
    GzipDamaged {
        /// Uncompressed bytes before the damage.
        read: usize,
        /// What the decoder says.
        reason: String,
    },
    /// Something follows the compressed stream.
    #[error("other bytes follow the end of the gzip stream")]
    GzipTrailing,
    /// More uncompressed bytes than any file of this kind has.
    #[error("it holds more than {limit} uncompressed bytes, the most that is read")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The header itself is incomplete.
    #[error("its {found} bytes are too few for the header of {needed}")]
    ShortHeader {
        /// Bytes in the header of such a file.
        needed: usize,
        /// Bytes there are.
        found: usize,
    },
    /// Another kind of file.
    #[error("its magic number is {found}, expected {expected} ({kind}){}", magic_hint(*found))]
    Magic {
        /// The number found.
        found: u32,
        /// The number of such a file.
        expected: u32,
        /// "images" or "labels".
        kind: &'static str,
    },
    /// A side of zero, or beyond [`MAX_SIDE`].
    #[error("its header says images of {height}×{width}, but a side is from 1 to {MAX_SIDE} pixels")]
    Sides {
        /// Rows claimed.
        height: u32,
        /// Columns claimed.
        width: u32,
    },
    /// Fewer bytes than the header promises.
    #[error("its header promises {promised} bytes, but only {found} are there")]
    Short {
        /// Bytes after the header by its own account.
        promised: u64,
        /// Bytes after the header.
        found: usize,
    },
    /// More bytes than the header promises.
    #[error("its header promises {promised} bytes, but {found} are there")]
    Long {
        /// Bytes after the header by its own account.
        promised: u64,
        /// Bytes after the header.
        found: usize,
    },
    /// A label that is no digit.
    #[error("label {index} is {label}, but labels are the digits 0 to 9")]
    Label {
        /// Which label.
        index: usize,
        /// Its value.
        label: u8,
    },
}

fn magic_hint(found: u32) -> &'static str {
    match found {
        IMAGES_MAGIC => ": this is a file of images",
        LABELS_MAGIC => ": this is a file of labels",
        _ => "",
    }
}

/// The images of an IDX file, still where they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdxImages<'a> {
    /// How many images.
    pub count: usize,
    /// Rows of an image, 1 to [`MAX_SIDE`].
    pub height: usize,
    /// Columns of an image, 1 to [`MAX_SIDE`].
    pub width: usize,
    /// `count * height * width` bytes, `[image][row][column]`.
    pub pixels: &'a [u8],
}

/// Reads a whole file and uncompresses it if it begins as gzip does, whatever its name; takes at most
/// [`MAX_BYTES`] uncompressed bytes.
///
/// # Errors
/// When the file cannot be read, when its gzip stream is cut short, damaged or followed by other bytes, or when it
/// is longer than the limit.
pub fn read_file(path: &Path) -> Result<Vec<u8>, DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    read_from(BufReader::with_capacity(1 << 16, file), MAX_BYTES).map_err(|failure| match failure {
        ReadFailure::Io(source) => DataError::Io { action: "read", path: path.to_owned(), source },
        ReadFailure::Idx(source) => DataError::Idx { path: path.to_owned(), source },
    })
}

/// Uncompresses `bytes` if they begin as gzip does, otherwise copies them; takes at most `limit` uncompressed bytes.
///
/// # Errors
/// As [`read_file`], for what bytes in memory can suffer.
pub fn uncompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, IdxError> {
    read_from(bytes, limit).map_err(|failure| match failure {
        ReadFailure::Idx(error) => error,
        ReadFailure::Io(error) => unreachable!("reading from memory failed: {error}"),
    })
}

/// Reads an IDX file of images.
///
/// # Errors
/// When `bytes` are not one: see [`IdxError`].
pub fn parse_images(bytes: &[u8]) -> Result<IdxImages<'_>, IdxError> {
    let ([count, height, width], pixels) = split_header(bytes, IMAGES_MAGIC, "images")?;
    let side = 1..=MAX_SIDE as u32;
    if !side.contains(&height) || !side.contains(&width) {
        return Err(IdxError::Sides { height, width });
    }
    // At most 2³² × 2¹² × 2¹², which 64 bits hold.
    check_length(u64::from(count) * u64::from(height) * u64::from(width), pixels.len())?;
    Ok(IdxImages { count: count as usize, height: height as usize, width: width as usize, pixels })
}

/// Reads an IDX file of labels: one byte each, 0 to 9.
///
/// # Errors
/// When `bytes` are not one: see [`IdxError`].
pub fn parse_labels(bytes: &[u8]) -> Result<&[u8], IdxError> {
    let ([count], labels) = split_header(bytes, LABELS_MAGIC, "labels")?;
    check_length(u64::from(count), labels.len())?;
    match labels.iter().enumerate().find(|&(_, &label)| usize::from(label) >= CLASSES) {
        Some((index, &label)) => Err(IdxError::Label { index, label }),
        None => Ok(labels),
    }
}

/// Writes an IDX file of images; the inverse of [`parse_images`].
///
/// # Panics
/// When the pixels are not a whole number of images, or are more images than 32 bits count.
pub fn write_images(height: usize, width: usize, pixels: &[u8]) -> Vec<u8> {
    assert!((1..=MAX_SIDE).contains(&height) && (1..=MAX_SIDE).contains(&width), "sides {height}×{width}");
    assert_eq!(pixels.len() % (height * width), 0, "{} pixels are no whole number of images", pixels.len());
    let count = pixels.len() / (height * width);
    let words = [IMAGES_MAGIC, u32::try_from(count).expect("more than 2³² images"), height as u32, width as u32];
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    bytes.extend_from_slice(pixels);
    bytes
}

/// Writes an IDX file of labels; the inverse of [`parse_labels`].
///
/// # Panics
/// When there are more labels than 32 bits count.
pub fn write_labels(labels: &[u8]) -> Vec<u8> {
    let words = [LABELS_MAGIC, u32::try_from(labels.len()).expect("more than 2³² labels")];
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    bytes.extend_from_slice(labels);
    bytes
}

/// Checks the magic number and parts the `FIELDS` words after it from the rest.
fn split_header<'a, const FIELDS: usize>(
    bytes: &'a [u8],
    magic: u32,
    kind: &'static str,
) -> Result<([u32; FIELDS], &'a [u8]), IdxError> {
    let needed = 4 * (1 + FIELDS);
    let word = |index: usize| bytes.get(4 * index..4 * index + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let short = IdxError::ShortHeader { needed, found: bytes.len() };
    // The magic number first: a short file of the wrong kind is better called the wrong kind.
    let found = word(0).ok_or_else(|| short.clone())?;
    if found != magic {
        return Err(IdxError::Magic { found, expected: magic, kind });
    }
    let rest = bytes.get(needed..).ok_or(short)?;
    Ok((std::array::from_fn(|field| word(1 + field).expect("the header is complete")), rest))
}

fn check_length(promised: u64, found: usize) -> Result<(), IdxError> {
    match promised.cmp(&(found as u64)) {
        std::cmp::Ordering::Greater => Err(IdxError::Short { promised, found }),
        std::cmp::Ordering::Less => Err(IdxError::Long { promised, found }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

enum ReadFailure {
    Io(io::Error),
    Idx(IdxError),
}

/// Reads everything from `source`, through gzip if it begins so; the vector grows with what arrives, up to `limit`.
fn read_from(mut source: impl BufRead, limit: usize) -> Result<Vec<u8>, ReadFailure> {
    let mut bytes = Vec::new();
    if !begins_as_gzip(&mut source).map_err(ReadFailure::Io)? {
        source.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(ReadFailure::Io)?;
    } else {
        loop {
            let room = (limit + 1 - bytes.len()) as u64;
            GzDecoder::new(&mut source).take(room).read_to_end(&mut bytes).map_err(|e| gzip_failure(e, bytes.len()))?;
            if bytes.len() > limit || source.fill_buf().map_err(ReadFailure::Io)?.is_empty() {
                break;
            }
            // Gzip allows several streams in a row; anything else does not belong here. (The buffer may hold one byte.)
            if source.fill_buf().map_err(ReadFailure::Io)?[0] != GZIP_MAGIC[0] {
                return Err(ReadFailure::Idx(IdxError::GzipTrailing));
            }
        }
    }
    if bytes.len() > limit {
        return Err(ReadFailure::Idx(IdxError::TooLarge { limit }));
    }
    Ok(bytes)
}

fn begins_as_gzip(source: &mut impl BufRead) -> io::Result<bool> {
    Ok(source.fill_buf()?.starts_with(&GZIP_MAGIC))
}

fn gzip_failure(error: io::Error, read: usize) -> ReadFailure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadFailure::Idx(IdxError::GzipTruncated { read }),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            ReadFailure::Idx(IdxError::GzipDamaged { read, reason: error.to_string() })
        }
        _ => ReadFailure::Io(error),
    }
}
