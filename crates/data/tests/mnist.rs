//! MNIST folders: the real one, and folders that are not what they say.

mod shared_data;

use std::fs;
use std::path::Path;

use longhand_data::idx::IdxError;
use longhand_data::{DataError, idx, mnist};

/// A folder of sound IDX files that are not MNIST's.
fn foreign_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in mnist::FILES {
        let bytes = if file.name.contains("images") {
            idx::write_images(2, 2, &[9; 12])
        } else {
            idx::write_labels(&[1, 2, 3])
        };
        fs::write(folder.path().join(file.name), bytes).unwrap();
    }
    folder
}

fn error_of(folder: &Path) -> DataError {
    mnist::load_folder(folder).expect_err("the folder is unsound")
}

#[test]
fn missing_folders_and_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    assert!(matches!(error_of(&nowhere), DataError::MissingFolder { folder } if folder == nowhere));
    let text = error_of(folder.path()).to_string();
    assert!(text.contains("has no train-images-idx3-ubyte.gz (nor train-images-idx3-ubyte)"), "{text}");
    let folder = foreign_folder();
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    assert!(matches!(error_of(folder.path()), DataError::MissingFile { file: "t10k-labels-idx1-ubyte", .. }));
}

#[test]
fn other_data_of_the_same_format_are_refused_with_both_fingerprints() {
    let folder = foreign_folder();
    let DataError::Fingerprint { path, contents, expected, found } = error_of(folder.path()) else {
        panic!("{}", error_of(folder.path()))
    };
    assert_eq!(path, folder.path().join("train-images-idx3-ubyte"));
    assert_eq!((contents, expected), ("training images", "6bbc9ace898e44ae57da46a324031adb"));
    assert_eq!(found, mnist::md5_hex(&idx::write_images(2, 2, &[9; 12])));
}

#[test]
fn unsound_files_are_told_by_what_is_wrong_with_them() {
    let folder = foreign_folder();
    let path = folder.path().join("train-images-idx3-ubyte");
    fs::write(&path, &idx::write_images(2, 2, &[9; 12])[..20]).unwrap();
    let error = error_of(folder.path());
    let short = IdxError::Short { promised: 12, found: 4 };
    assert!(matches!(&error, DataError::Idx { path: found, source } if *found == path && *source == short), "{error}");

    // Labels where images should be.
    fs::copy(folder.path().join("train-labels-idx1-ubyte"), &path).unwrap();
    let text = error_of(folder.path()).to_string();
    assert!(text.contains("this is a file of labels"), "{text}");
}

#[test]
fn pairs_of_any_origin_load_if_they_fit() {
    let folder = foreign_folder();
    let (images, labels) = (folder.path().join("t10k-images-idx3-ubyte"), folder.path().join("t10k-labels-idx1-ubyte"));
    let set = mnist::load_pair(&images, &labels).unwrap();
    assert_eq!((set.len(), set.height(), set.label(2)), (3, 2, 3));
    fs::write(&labels, idx::write_labels(&[1, 2])).unwrap();
    let text = mnist::load_pair(&images, &labels).unwrap_err().to_string();
    assert!(text.contains("3 images") && text.contains("2 labels"), "{text}");
}

#[test]
fn the_real_files_load_in_either_spelling_gzipped_or_plain() {
    let Some(real) = shared_data::mnist_folder() else { return };
    let dataset = mnist::load_folder(&real).unwrap();
    assert_eq!((dataset.name.as_str(), dataset.fingerprint), ("mnist", mnist::fingerprint()));
    assert_eq!((dataset.train.len(), dataset.test.len()), (60_000, 10_000));
    assert_eq!((dataset.train.height(), dataset.train.width()), (28, 28));
    assert_eq!(dataset.train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(dataset.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let sum: u64 = dataset.train.pixels().iter().map(|&pixel| u64::from(pixel)).sum();
    let mean = sum as f64 / 255.0 / dataset.train.pixels().len() as f64;
    assert!((mean - 0.1307).abs() < 5e-5, "mean {mean}");

    let plain = tempfile::tempdir().unwrap();
    for file in mnist::FILES {
        let bytes = file.read(&file.find(&real).unwrap()).unwrap();
        assert_eq!(bytes.len(), file.bytes);
        fs::write(plain.path().join(file.name.replace("-idx", ".idx")), bytes).unwrap();
    }
    assert_eq!(mnist::load_folder(plain.path()).unwrap().train, dataset.train);
}

#[test]
fn swapped_and_truncated_real_files_are_called_so() {
    let Some(real) = shared_data::mnist_folder() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [_, train_labels, test_images, test_labels] = mnist::FILES;
    let [train_images_path, train_labels_path, test_images_path, test_labels_path] =
        mnist::FILES.map(|file| folder.path().join(format!("{}.gz", file.name)));
    fs::copy(test_images.find(&real).unwrap(), &train_images_path).unwrap();
    fs::copy(train_labels.find(&real).unwrap(), &train_labels_path).unwrap();
    fs::copy(test_images.find(&real).unwrap(), &test_images_path).unwrap();
    fs::copy(test_labels.find(&real).unwrap(), &test_labels_path).unwrap();
    let text = error_of(folder.path()).to_string();
    assert!(text.contains("should hold the training images but holds the test images"), "{text}");

    fs::copy(test_labels.find(&real).unwrap(), &train_images_path).unwrap();
    let text = error_of(folder.path()).to_string();
    assert!(text.contains("should hold the training images but holds the test labels"), "{text}");

    let bytes = fs::read(&test_images_path).unwrap();
    fs::write(&train_images_path, &bytes[..bytes.len() / 2]).unwrap();
    let text = error_of(folder.path()).to_string();
    assert!(text.contains("gzip stream is cut short"), "{text}");
}
