//! MNIST from a folder: its four files, in either spelling, gzipped or plain, verified.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use crate::{DataError, Dataset, ImageSet, idx};

/// One of MNIST's four files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MnistFile {
    /// The usual name, without `.gz`.
    pub name: &'static str,
    /// What it holds, such as "training images".
    pub contents: &'static str,
    /// The MD5 of its uncompressed bytes, in hexadecimal.
    pub md5: &'static str,
    /// The number of its uncompressed bytes.
    pub bytes: usize,
}

/// The four files: training images and labels, test images and labels.
pub const FILES: [MnistFile; 4] = [
    MnistFile {
        name: "train-images-idx3-ubyte",
        contents: "training images",
        md5: "6bbc9ace898e44ae57da46a324031adb",
        bytes: 16 + 60_000 * 28 * 28,
    },
    MnistFile {
        name: "train-labels-idx1-ubyte",
        contents: "training labels",
        md5: "a25bea736e30d166cdddb491f175f624",
        bytes: 8 + 60_000,
    },
    MnistFile {
        name: "t10k-images-idx3-ubyte",
        contents: "test images",
        md5: "2646ac647ad5339dbf082846283269ea",
        bytes: 16 + 10_000 * 28 * 28,
    },
    MnistFile {
        name: "t10k-labels-idx1-ubyte",
        contents: "test labels",
        md5: "27ae3e4e09519cfbb04c329615203637",
        bytes: 8 + 10_000,
    },
];

impl MnistFile {
    /// The file in `folder`, if it is there: gzipped before plain, `train-images-idx3-ubyte` before
    /// `train-images.idx3-ubyte`.
    pub fn find(&self, folder: &Path) -> Option<PathBuf> {
        let dotted = self.name.replace("-idx", ".idx");
        [format!("{}.gz", self.name), format!("{dotted}.gz"), self.name.to_owned(), dotted]
            .into_iter()
            .map(|name| folder.join(name))
            .find(|path| path.is_file())
    }

    /// Reads and uncompresses the file at `path` and verifies that it is this one.
    ///
    /// # Errors
    /// When it cannot be read, is no sound IDX file, is another of the four, or has other bytes.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, DataError> {
        let bytes = idx::read_file(path)?;
        self.verify(&bytes, path)?;
        Ok(bytes)
    }

    /// Verifies that these uncompressed bytes are this file; `path` is for the message only.
    ///
    /// # Errors
    /// When they are another of the four, are no sound IDX file, or have another fingerprint.
    pub fn verify(&self, bytes: &[u8], path: &Path) -> Result<(), DataError> {
        let found = md5_hex(bytes);
        if found == self.md5 {
            return Ok(());
        }
        if let Some(other) = FILES.iter().find(|file| file.md5 == found) {
            return Err(DataError::Swapped { path: path.to_owned(), expected: self.contents, found: other.contents });
        }
        // Where the header shows what is wrong, that says more than a fingerprint.
        let sound = if self.name.contains("images") {
            idx::parse_images(bytes).map(drop)
        } else {
            idx::parse_labels(bytes).map(drop)
        };
        sound.map_err(|source| DataError::Idx { path: path.to_owned(), source })?;
        Err(DataError::Fingerprint { path: path.to_owned(), contents: self.contents, expected: self.md5, found })
    }
}

/// Loads and verifies MNIST from the folder that holds its four files.
///
/// # Errors
/// When the folder or a file is missing, cannot be read, is no sound IDX file, was swapped with another, or has
/// another fingerprint than MNIST's.
pub fn load_folder(folder: &Path) -> Result<Dataset, DataError> {
    let paths = find_files(folder)?;
    let [train_images, train_labels, test_images, test_labels] = FILES;
    let (train, test) = rayon::join(
        || load_set(train_images, &paths[0], train_labels, &paths[1]),
        || load_set(test_images, &paths[2], test_labels, &paths[3]),
    );
    Ok(Dataset {
        name: "mnist".to_owned(),
        train: train?,
        test: test?,
        fingerprint: fingerprint(),
        source: folder.display().to_string(),
    })
}

/// Where the four files are in `folder`, in the order of [`FILES`]; they are not opened.
///
/// # Errors
/// When the folder or one of the files is not there.
pub fn find_files(folder: &Path) -> Result<[PathBuf; 4], DataError> {
    if !folder.is_dir() {
        return Err(DataError::MissingFolder { folder: folder.to_owned() });
    }
    let mut paths: [PathBuf; 4] = Default::default();
    for (path, file) in paths.iter_mut().zip(&FILES) {
        *path =
            file.find(folder).ok_or_else(|| DataError::MissingFile { folder: folder.to_owned(), file: file.name })?;
    }
    Ok(paths)
}

/// Reads a file of images and a file of labels that belong together, of any origin: nothing is verified but that
/// both are sound and of the same number.
///
/// # Errors
/// When a file cannot be read or is no sound IDX file, or when the counts differ.
pub fn load_pair(images_path: &Path, labels_path: &Path) -> Result<ImageSet, DataError> {
    join_set(&idx::read_file(images_path)?, images_path, &idx::read_file(labels_path)?, labels_path)
}

/// The fingerprint of MNIST as a whole: the MD5 of the four files' MD5s, in hexadecimal and in the order of
/// [`FILES`], each followed by a line feed.
pub fn fingerprint() -> String {
    let mut hasher = Md5::new();
    for file in FILES {
        hasher.update(file.md5);
        hasher.update("\n");
    }
    hex(&hasher.finalize())
}

/// The MD5 of `bytes` in hexadecimal: a fingerprint against accidents, no protection against an adversary.
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn load_set(
    images: MnistFile,
    images_path: &Path,
    labels: MnistFile,
    labels_path: &Path,
) -> Result<ImageSet, DataError> {
    join_set(&images.read(images_path)?, images_path, &labels.read(labels_path)?, labels_path)
}

fn join_set(images: &[u8], images_path: &Path, labels: &[u8], labels_path: &Path) -> Result<ImageSet, DataError> {
    let unsound = |path: &Path| {
        let path = path.to_owned();
        move |source| DataError::Idx { path, source }
    };
    let images = idx::parse_images(images).map_err(unsound(images_path))?;
    let labels = idx::parse_labels(labels).map_err(unsound(labels_path))?;
    if images.count != labels.len() {
        return Err(DataError::CountsDiffer {
            images_path: images_path.to_owned(),
            images: images.count,
            labels_path: labels_path.to_owned(),
            labels: labels.len(),
        });
    }
    ImageSet::new(images.height, images.width, images.pixels.to_vec(), labels.to_vec())
}
