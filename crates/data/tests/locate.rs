//! Where data are looked for, in which order, and what happens where there are none.

// The bad manners that only tests/fetch.rs asks for are no concern here.
#[allow(dead_code)]
mod local_server;
mod shared_data;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use local_server::{LocalServer, Reply};
use longhand_data::fetch::{FetchError, FetchOptions};
use longhand_data::locate::Origin;
use longhand_data::{DataChoice, DataError, DataRequest, Located, locate, mnist};

/// A request that may use `cache` and `mirrors` and nothing of this computer's own.
fn request(choice: DataChoice, cache: Option<&Path>, mirrors: &[&str]) -> DataRequest {
    DataRequest {
        choice,
        environment_folder: None,
        cache_folder: cache.map(Path::to_owned),
        download: Some(FetchOptions {
            mirrors: mirrors.iter().map(|&mirror| mirror.to_owned()).collect(),
            proxy_from_environment: false,
            ..FetchOptions::default()
        }),
    }
}

fn find(request: &DataRequest) -> Result<Located, DataError> {
    locate(request, &mut |_| ControlFlow::Continue(()))
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/";

#[test]
fn choices_are_read_from_words() {
    let choice = |text: &str| text.parse::<DataChoice>().unwrap();
    assert_eq!(
        [choice("auto"), choice("mnist"), choice("strokes")],
        [DataChoice::Auto, DataChoice::Mnist, DataChoice::Strokes]
    );
    assert_eq!(choice("./mnist"), DataChoice::Folder("./mnist".into()));
}

#[test]
fn without_files_or_network_the_strokes_stand_in_and_say_why() {
    let cache = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let located = find(&request(DataChoice::Auto, Some(cache.path()), &[NOWHERE])).unwrap();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!((located.origin, located.dataset.name.as_str()), (Origin::Strokes, "strokes"));
    assert_eq!((located.dataset.train.len(), located.dataset.test.len()), (60_000, 10_000));
    let reason = located.fallback.unwrap();
    assert!(reason.contains("stroke digits stand in") && reason.contains(NOWHERE), "{reason}");

    let located = find(&request(DataChoice::Auto, None, &[])).unwrap();
    assert!(located.fallback.unwrap().contains("no cache folder"));
}

#[test]
fn whoever_insists_on_mnist_gets_no_substitute() {
    let cache = tempfile::tempdir().unwrap();
    let text = find(&request(DataChoice::Mnist, Some(cache.path()), &[NOWHERE])).unwrap_err().to_string();
    assert!(text.contains("MNIST cannot be had") && text.contains(NOWHERE), "{text}");
    let mut offline = request(DataChoice::Mnist, Some(cache.path()), &[]);
    offline.download = None;
    let text = find(&offline).unwrap_err().to_string();
    assert!(text.contains("has no train-images-idx3-ubyte.gz"), "{text}");
}

#[test]
fn whoever_wants_strokes_gets_them_without_an_excuse() {
    let located = find(&request(DataChoice::Strokes, None, &[])).unwrap();
    assert_eq!((located.origin, located.fallback), (Origin::Strokes, None));
}

#[test]
fn a_named_folder_must_hold_mnist() {
    let empty = tempfile::tempdir().unwrap();
    let named = request(DataChoice::Folder(empty.path().to_owned()), None, &[]);
    assert!(matches!(find(&named).unwrap_err(), DataError::MissingFile { .. }));
    let mut by_environment = request(DataChoice::Auto, None, &[]);
    by_environment.environment_folder = Some(empty.path().join("nowhere"));
    assert!(matches!(find(&by_environment).unwrap_err(), DataError::MissingFolder { .. }));
    // A variable set to nothing counts as unset.
    by_environment.environment_folder = Some(PathBuf::new());
    assert_eq!(find(&by_environment).unwrap().origin, Origin::Strokes);
}

#[test]
fn a_stopped_download_is_no_reason_for_strokes() {
    let cache = tempfile::tempdir().unwrap();
    let server = LocalServer::start(|_| Reply::Whole(vec![0; 100]));
    let request = request(DataChoice::Auto, Some(cache.path()), &[&server.url]);
    let error = locate(&request, &mut |_| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(error, DataError::Fetch(FetchError::Cancelled)), "{error}");
}

#[test]
fn an_unsound_cache_is_part_of_the_reason() {
    let cache = tempfile::tempdir().unwrap();
    for file in mnist::FILES {
        fs::write(cache.path().join(file.name), b"nothing like it").unwrap();
    }
    let reason = find(&request(DataChoice::Auto, Some(cache.path()), &[NOWHERE])).unwrap().fallback.unwrap();
    assert!(reason.contains("magic number") && reason.contains(NOWHERE), "{reason}");
}

#[test]
fn real_files_are_found_in_folder_environment_mirror_and_cache() {
    let Some(real) = shared_data::mnist_folder() else { return };
    let located = find(&request(DataChoice::Folder(real.clone()), None, &[])).unwrap();
    assert_eq!((located.origin, located.fallback), (Origin::Folder(real.clone()), None));
    let mut by_environment = request(DataChoice::Mnist, None, &[]);
    by_environment.environment_folder = Some(real.clone());
    assert_eq!(find(&by_environment).unwrap().origin, Origin::Environment(real.clone()));

    let server = LocalServer::start({
        let real = real.clone();
        move |request| Reply::Whole(fs::read(real.join(&request.file)).unwrap())
    });
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("longhand").join("mnist");
    let request = request(DataChoice::Auto, Some(&folder), &[NOWHERE, &server.url]);
    let downloaded = find(&request).unwrap();
    assert_eq!((downloaded.origin, downloaded.fallback), (Origin::Download(folder.clone()), None));
    assert_eq!(find(&request).unwrap().origin, Origin::Cache(folder.clone()));
    assert_eq!(server.requests().len(), 4);

    // One file lost its end: that file alone is fetched again.
    let labels = folder.join("t10k-labels-idx1-ubyte.gz");
    fs::write(&labels, &fs::read(&labels).unwrap()[..100]).unwrap();
    assert_eq!(find(&request).unwrap().origin, Origin::Download(folder));
    assert_eq!(server.requests().len(), 5);
}
