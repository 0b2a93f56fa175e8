//! What a run trains on, and what it is judged on.

use std::borrow::Cow;

use longhand_data::{DataError, Dataset, ImageSet};
use serde::{Deserialize, Serialize};

/// How many training images `--validation` holds out.
pub const HELD_OUT: usize = 10_000;

/// Which images a run is judged on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluatedOn {
    /// The test images, which nothing may be chosen by.
    Test,
    /// Training images held out of training: what choices are made by.
    Validation,
}

impl EvaluatedOn {
    /// `test` or `validation`.
    pub fn name(self) -> &'static str {
        match self {
            EvaluatedOn::Test => "test",
            EvaluatedOn::Validation => "validation",
        }
    }
}

/// The images of one run: those it trains on and those it is judged on after each epoch.
///
/// A split for validation does not hold the test images at all.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    /// The data set all come from.
    pub data: &'a Dataset,
    /// The images trained on.
    pub train: Cow<'a, ImageSet>,
    /// The images judged on.
    pub evaluation: Cow<'a, ImageSet>,
    /// Which ones those are.
    pub evaluated_on: EvaluatedOn,
}

impl<'a> Split<'a> {
    /// The split that is judged on `evaluated_on`: all training images and the test images, or [`HELD_OUT`] of the
    /// training images held out.
    ///
    /// # Errors
    /// As [`Split::validating`].
    pub fn new(data: &'a Dataset, evaluated_on: EvaluatedOn) -> Result<Self, DataError> {
        match evaluated_on {
            EvaluatedOn::Test => Ok(Split::testing(data)),
            EvaluatedOn::Validation => Split::validating(data, HELD_OUT),
        }
    }

    /// Trains on all training images and is judged on the test images.
    pub fn testing(data: &'a Dataset) -> Self {
        Split {
            data,
            train: Cow::Borrowed(&data.train),
            evaluation: Cow::Borrowed(&data.test),
            evaluated_on: EvaluatedOn::Test,
        }
    }

    /// Is judged on the last `held_out` training images and trains on the others; the same ones in every run.
    ///
    /// # Errors
    /// When nothing would be left to train on.
    pub fn validating(data: &'a Dataset, held_out: usize) -> Result<Self, DataError> {
        let (train, evaluation) = data.train.split(held_out)?;
        Ok(Split {
            data,
            train: Cow::Owned(train),
            evaluation: Cow::Owned(evaluation),
            evaluated_on: EvaluatedOn::Validation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_split_shares_no_image_with_its_training_images_and_holds_no_test_image() {
        let image_set = |first: u8, n: u8| {
            ImageSet::new(1, 1, (first..first + n).collect(), vec![0; n as usize]).expect("images and labels agree")
        };
        let data = Dataset {
            name: "counted".into(),
            train: image_set(0, 10),
            test: image_set(100, 5),
            fingerprint: "0".into(),
            source: "made here".into(),
        };
        let split = Split::validating(&data, 3).unwrap();
        assert_eq!(split.train.pixels(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(split.evaluation.pixels(), [7, 8, 9]);
        assert_eq!(Split::testing(&data).evaluation.pixels(), [100, 101, 102, 103, 104]);
        assert!(Split::validating(&data, 10).is_err(), "nothing left to train on");
    }
}
