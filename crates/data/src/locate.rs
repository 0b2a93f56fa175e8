//! Finding data: a named folder, `$LONGHAND_DATA`, the cache, a download, else the built-in stroke digits.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::fetch::{FetchError, FetchOptions, OnProgress, fetch};
use crate::{DataError, Dataset, cache, mnist, strokes};

/// Which data are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum DataChoice {
    /// MNIST from wherever it can be had, else stroke digits.
    #[default]
    Auto,
    /// MNIST from this folder and nowhere else.
    Folder(PathBuf),
    /// MNIST from wherever it can be had, and no substitute.
    Mnist,
    /// The built-in stroke digits, even where MNIST is at hand.
    Strokes,
}

impl FromStr for DataChoice {
    type Err = Infallible;

    /// `auto`, `mnist` and `strokes` are those choices, anything else names a folder (so `./mnist` is one).
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "mnist" => Self::Mnist,
            "strokes" => Self::Strokes,
            folder => Self::Folder(folder.into()),
        })
    }
}

/// Which data are wanted and where they may be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRequest {
    /// Which data.
    pub choice: DataChoice,
    /// The value of `$LONGHAND_DATA`, if it is set; it must then hold MNIST.
    pub environment_folder: Option<PathBuf>,
    /// Where downloads are kept; by default [`cache::mnist_folder`]. Without one nothing is downloaded.
    pub cache_folder: Option<PathBuf>,
    /// How to download; without it nothing is.
    pub download: Option<FetchOptions>,
}

impl Default for DataRequest {
    /// Any data, from the user's cache or the public mirrors.
    fn default() -> Self {
        Self {
            choice: DataChoice::Auto,
            environment_folder: None,
            cache_folder: cache::mnist_folder(),
            download: Some(FetchOptions::default()),
        }
    }
}

/// Where the data came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The folder that was asked for.
    Folder(PathBuf),
    /// The folder that `$LONGHAND_DATA` names.
    Environment(PathBuf),
    /// The cache folder, which had them already.
    Cache(PathBuf),
    /// A mirror; they are now in this cache folder.
    Download(PathBuf),
    /// They were drawn.
    Strokes,
}

/// Data, and how they were found.
#[derive(Clone, Debug)]
pub struct Located {
    /// The data.
    pub dataset: Dataset,
    /// Where they came from.
    pub origin: Origin,
    /// Where the stroke digits stand in for MNIST: a sentence that says why.
    pub fallback: Option<String>,
}

/// Finds the data asked for, downloading or drawing them if need be; `on_progress` hears of a download.
///
/// # Errors
/// When the folder asked for, or the one that `$LONGHAND_DATA` names, does not hold MNIST whole and sound; when
/// MNIST was insisted on and cannot be had; or when `on_progress` stopped the download.
pub fn locate(request: &DataRequest, on_progress: &mut OnProgress<'_>) -> Result<Located, DataError> {
    let found = |dataset, origin| Ok(Located { dataset, origin, fallback: None });
    match &request.choice {
        DataChoice::Folder(folder) => return found(mnist::load_folder(folder)?, Origin::Folder(folder.clone())),
        DataChoice::Strokes => return found(strokes::built_in(), Origin::Strokes),
        DataChoice::Auto | DataChoice::Mnist => {}
    }
    if let Some(folder) = request.environment_folder.as_deref().filter(|folder| !folder.as_os_str().is_empty()) {
        return found(mnist::load_folder(folder)?, Origin::Environment(folder.to_owned()));
    }
    match from_cache_or_mirror(request, on_progress) {
        Ok((dataset, origin)) => found(dataset, origin),
        Err(error @ DataError::Fetch(FetchError::Cancelled)) => Err(error),
        Err(error) if request.choice == DataChoice::Mnist => Err(DataError::NoMnist(format!(
            "MNIST cannot be had: {error}. Copy its four files into a folder and name it, or accept the built-in \
             stroke digits"
        ))),
        Err(error) => Ok(Located {
            dataset: strokes::built_in(),
            origin: Origin::Strokes,
            fallback: Some(format!("MNIST cannot be had, so the built-in stroke digits stand in for it: {error}")),
        }),
    }
}

fn from_cache_or_mirror(
    request: &DataRequest,
    on_progress: &mut OnProgress<'_>,
) -> Result<(Dataset, Origin), DataError> {
    let Some(folder) = request.cache_folder.as_deref() else {
        return Err(DataError::NoMnist("there is no cache folder to look in or to download to".to_owned()));
    };
    let cached = mnist::load_folder(folder);
    let Some(options) = &request.download else {
        return cached.map(|dataset| (dataset, Origin::Cache(folder.to_owned())));
    };
    match cached {
        Ok(dataset) => Ok((dataset, Origin::Cache(folder.to_owned()))),
        Err(in_cache) => {
            fetch(folder, options, on_progress).map_err(|error| with_cache_trouble(error, &in_cache, folder))?;
            Ok((mnist::load_folder(folder)?, Origin::Download(folder.to_owned())))
        }
    }
}

/// Where the cache held something unsound, a failed download is only half of the story.
fn with_cache_trouble(error: DataError, in_cache: &DataError, folder: &Path) -> DataError {
    match (&error, in_cache) {
        (DataError::Fetch(FetchError::Cancelled), _) => error,
        (_, DataError::MissingFolder { .. } | DataError::MissingFile { .. }) => error,
        _ => DataError::NoMnist(format!("the cache {} is unsound ({in_cache}), and {error}", folder.display())),
    }
}
