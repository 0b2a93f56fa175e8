//! Data sets: MNIST as the program finds it, stroke digits, or a caller's own images.

use std::ops::ControlFlow;
use std::path::Path;

use longhand_data::{DataChoice, DataError, DataRequest, Dataset, Located, locate, strokes};

use crate::error::{Error, ErrorKind};
use crate::images::Images;

/// Training images and test images.
///
/// ```
/// // Digits drawn from pen strokes, for which no file is needed; the same ones every time.
/// let data = longhand::Data::strokes(600, 100);
/// assert_eq!((data.train().len(), data.test().len(), data.name()), (600, 100, "strokes"));
/// ```
#[derive(Clone, Debug)]
pub struct Data {
    train: Images,
    test: Images,
    name: String,
    source: String,
    fingerprint: String,
    substitute: Option<String>,
}

impl Data {
    /// MNIST from the folder that `$LONGHAND_DATA` names, from the user's cache folder or, downloaded into it, from the
    /// public mirrors; where it cannot be had, 70,000 stroke digits in its place, and [`Data::substitute`] says why.
    ///
    /// # Errors
    /// When the folder that `$LONGHAND_DATA` names does not hold MNIST whole and sound.
    pub fn find() -> Result<Self, Error> {
        Data::locate(DataChoice::Auto)
    }

    /// MNIST as [`Data::find`] finds it, and nothing in its place.
    ///
    /// # Errors
    /// When MNIST cannot be had.
    pub fn mnist() -> Result<Self, Error> {
        Data::locate(DataChoice::Mnist)
    }

    /// MNIST from the folder that holds its four IDX files, plain or with `.gz`.
    ///
    /// # Errors
    /// When a file is missing or is not MNIST's.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Data::locate(DataChoice::Folder(folder.as_ref().to_owned()))
    }

    /// The first `train` and `test` of the built-in stroke digits, 28×28; the program's own data set has 60,000 and
    /// 10,000 of them.
    pub fn strokes(train: usize, test: usize) -> Self {
        Data::of(strokes::generate(strokes::SEED, train, test), None)
    }

    /// A caller's own images: those to train on and those to judge by, of which there may be none where a training holds
    /// images out ([`Training::hold_out`](crate::Training::hold_out)).
    ///
    /// # Errors
    /// When there are no training images, or the two differ in size.
    pub fn new(train: Images, test: Images) -> Result<Self, Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Images, message));
        if train.is_empty() {
            return wrong("there are no images to train on; give at least one".to_owned());
        }
        let sides = |set: &Images| (set.height(), set.width());
        if sides(&train) != sides(&test) {
            let ((rows, columns), (test_rows, test_columns)) = (sides(&train), sides(&test));
            return wrong(format!(
                "training images are {rows}×{columns} and test images {test_rows}×{test_columns}; give both one size"
            ));
        }
        Ok(Data {
            train,
            test,
            name: "own".to_owned(),
            source: "given by the caller".to_owned(),
            fingerprint: String::new(),
            substitute: None,
        })
    }

    /// The training images.
    pub fn train(&self) -> &Images {
        &self.train
    }

    /// The test images; never used to choose anything.
    pub fn test(&self) -> &Images {
        &self.test
    }

    /// `mnist`, `strokes`, or `own`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where they came from, for people.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where stroke digits stand in for MNIST, a sentence that says why. A program that goes on with them must say so.
    pub fn substitute(&self) -> Option<&str> {
        self.substitute.as_deref()
    }

    fn locate(choice: DataChoice) -> Result<Self, Error> {
        let environment_folder = std::env::var_os("LONGHAND_DATA").map(Into::into);
        let request = DataRequest { choice, environment_folder, ..DataRequest::default() };
        let Located { dataset, fallback, .. } = locate(&request, &mut |_| ControlFlow::Continue(()))
            .map_err(|e: DataError| Error::new(ErrorKind::Data, e))?;
        Ok(Data::of(dataset, fallback))
    }

    fn of(dataset: Dataset, substitute: Option<String>) -> Self {
        let Dataset { name, train, test, fingerprint, source } = dataset;
        Data { train: Images::of(train), test: Images::of(test), name, source, fingerprint, substitute }
    }

    /// The data set without its images, which a split names beside those that it trains on.
    pub(crate) fn described(&self) -> Dataset {
        Dataset {
            name: self.name.clone(),
            train: self.train.set().subset(0..0),
            test: self.test.set().subset(0..0),
            fingerprint: self.fingerprint.clone(),
            source: self.source.clone(),
        }
    }
}
