//! Downloading, against servers that behave and servers that do not.

mod local_server;

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use local_server::{LocalServer, Reply, Request};
use longhand_data::fetch::{FetchError, FetchOptions, Progress, fetch_files};
use longhand_data::mnist::{MnistFile, md5_hex};
use longhand_data::{DataError, idx};

/// Two small files in place of MNIST's four: what is downloaded, and its description.
struct Library {
    files: Vec<MnistFile>,
    compressed: Vec<(String, Vec<u8>)>,
}

impl Library {
    fn new() -> Self {
        // Pixels without pattern, so that the compressed file is long enough to be cut.
        let pixels: Vec<u8> = (0_u32..200 * 784).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let labels: Vec<u8> = (0..200).map(|i| i % 10).collect();
        let contents = [
            ("train-images-idx3-ubyte", "training images", idx::write_images(28, 28, &pixels)),
            ("train-labels-idx1-ubyte", "training labels", idx::write_labels(&labels)),
        ];
        let files = contents
            .iter()
            .map(|(name, contents, bytes)| MnistFile { name, contents, md5: md5_hex(bytes).leak(), bytes: bytes.len() })
            .collect();
        let compressed = contents.iter().map(|(name, _, bytes)| (format!("{name}.gz"), gzip(bytes))).collect();
        Self { files, compressed }
    }

    fn images(&self) -> &[u8] {
        &self.compressed[0].1
    }

    /// A reply that keeps to the rules, ranges included.
    fn good(&self) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
        let compressed = self.compressed.clone();
        move |request| {
            let (_, bytes) = compressed.iter().find(|(name, _)| *name == request.file).expect("an unknown file");
            match request.range_start {
                None => Reply::Whole(bytes.clone()),
                Some(start) if start < bytes.len() => {
                    Reply::Part { start, bytes: bytes[start..].to_vec(), total: bytes.len() }
                }
                Some(_) => Reply::Status("416 Range Not Satisfiable"),
            }
        }
    }

    fn fetch(&self, folder: &Path, servers: &[&LocalServer]) -> Result<(), DataError> {
        self.fetch_with(folder, &options(servers))
    }

    fn fetch_with(&self, folder: &Path, options: &FetchOptions) -> Result<(), DataError> {
        fetch_files(&self.files, folder, options, &mut |_| ControlFlow::Continue(()))
    }

    fn assert_complete(&self, folder: &Path) {
        for (file, (name, _)) in self.files.iter().zip(&self.compressed) {
            file.read(&folder.join(name)).unwrap();
        }
        let parts: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().ends_with(".part"))
            .collect();
        assert!(parts.is_empty(), "left over: {parts:?}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn options(servers: &[&LocalServer]) -> FetchOptions {
    FetchOptions {
        mirrors: servers.iter().map(|server| server.url.clone()).collect(),
        connect_timeout: Duration::from_secs(2),
        // Long enough for a busy computer; nothing waits for them but the tests of hanging servers, which wait less.
        response_timeout: Duration::from_secs(20),
        stall_timeout: Duration::from_secs(20),
        proxy_from_environment: false,
    }
}

fn impatient(servers: &[&LocalServer]) -> FetchOptions {
    let short = Duration::from_secs(2);
    FetchOptions { response_timeout: short, stall_timeout: short, ..options(servers) }
}

fn asked(file: &str, range_start: Option<usize>) -> Request {
    Request { file: file.to_owned(), range_start }
}

const IMAGES: &str = "train-images-idx3-ubyte.gz";
const LABELS: &str = "train-labels-idx1-ubyte.gz";
const IMAGES_PART: &str = "train-images-idx3-ubyte.gz.part";

#[test]
fn a_whole_download_reports_progress_and_is_not_repeated() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let folder = folder.path().join("cache").join("mnist");
    let server = LocalServer::start(library.good());
    let mut seen: Vec<(String, u64, Option<u64>)> = Vec::new();
    fetch_files(&library.files, &folder, &options(&[&server]), &mut |Progress { file, bytes, total }| {
        seen.push((file.to_owned(), bytes, total));
        ControlFlow::Continue(())
    })
    .unwrap();
    library.assert_complete(&folder);
    assert_eq!(server.requests(), [asked(IMAGES, None), asked(LABELS, None)]);
    let length = library.images().len() as u64;
    let of_images: Vec<_> = seen.iter().filter(|(file, ..)| file == IMAGES).collect();
    assert_eq!((of_images[0].1, of_images[0].2), (0, Some(length)));
    assert!(of_images.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    assert_eq!(of_images.last().unwrap().1, length);

    library.fetch(&folder, &[&server]).unwrap();
    assert_eq!(server.requests().len(), 2, "what is there and sound is not asked for again");
}

#[test]
fn an_unsound_file_is_fetched_again() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let server = LocalServer::start(library.good());
    fs::write(folder.path().join(IMAGES), &library.images()[..5000]).unwrap();
    library.fetch(folder.path(), &[&server]).unwrap();
    library.assert_complete(folder.path());
}

#[test]
fn a_part_is_continued() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let server = LocalServer::start(library.good());
    fs::write(folder.path().join(IMAGES_PART), &library.images()[..5000]).unwrap();
    library.fetch(folder.path(), &[&server]).unwrap();
    library.assert_complete(folder.path());
    assert_eq!(server.requests()[0], asked(IMAGES, Some(5000)));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_complete_part_is_verified_and_kept() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let server = LocalServer::start(library.good());
    fs::write(folder.path().join(IMAGES_PART), library.images()).unwrap();
    library.fetch(folder.path(), &[&server]).unwrap();
    library.assert_complete(folder.path());
}

#[test]
fn a_wrong_part_is_thrown_away_and_the_file_fetched_afresh() {
    for length in [5000, 10_000_000] {
        let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
        let server = LocalServer::start(library.good());
        fs::write(folder.path().join(IMAGES_PART), vec![7; length]).unwrap();
        library.fetch(folder.path(), &[&server]).unwrap();
        library.assert_complete(folder.path());
        assert_eq!(server.requests()[..2], [asked(IMAGES, Some(length)), asked(IMAGES, None)]);
    }
}

#[test]
fn a_server_that_knows_no_ranges_is_good_enough() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let good = library.good();
    let server = LocalServer::start(move |request| good(&Request { range_start: None, ..request.clone() }));
    fs::write(folder.path().join(IMAGES_PART), &library.images()[..5000]).unwrap();
    library.fetch(folder.path(), &[&server]).unwrap();
    library.assert_complete(folder.path());
}

#[test]
fn a_range_not_asked_for_is_refused() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let images = library.images().to_vec();
    let server = LocalServer::start(move |_| Reply::Part { start: 0, bytes: images.clone(), total: images.len() });
    fs::write(folder.path().join(IMAGES_PART), &library.images()[..5000]).unwrap();
    let error = library.fetch(folder.path(), &[&server]).unwrap_err().to_string();
    assert!(error.contains("another range"), "{error}");
}

#[test]
fn an_interrupted_transfer_is_resumed_at_once() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let (good, images) = (library.good(), library.images().to_vec());
    let server = LocalServer::start(move |request| match request {
        Request { file, range_start: None } if file == IMAGES => {
            Reply::CutShort { bytes: images[..9000].to_vec(), promised: images.len() }
        }
        request => good(request),
    });
    library.fetch(folder.path(), &[&server]).unwrap();
    library.assert_complete(folder.path());
    assert_eq!(server.requests(), [asked(IMAGES, None), asked(IMAGES, Some(9000)), asked(LABELS, None)]);
}

#[test]
fn what_arrived_is_kept_where_the_rest_never_comes() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let images = library.images().to_vec();
    let server = LocalServer::start(move |request| {
        let start = request.range_start.unwrap_or(0);
        Reply::Stall { start, bytes: images[start..9000].to_vec(), total: images.len() }
    });
    let start = Instant::now();
    let error = library.fetch_with(folder.path(), &impatient(&[&server])).unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(error.contains("broke off after 9000 bytes"), "{error}");
    assert_eq!(fs::read(folder.path().join(IMAGES_PART)).unwrap(), library.images()[..9000]);
    assert!(!folder.path().join(IMAGES).exists());
}

#[test]
fn a_corrupt_file_is_refused_and_the_next_mirror_asked() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let mut corrupt = library.images().to_vec();
    corrupt[6000] ^= 1;
    let bad = LocalServer::start(move |_| Reply::Whole(corrupt.clone()));
    let error = library.fetch(folder.path(), &[&bad]).unwrap_err().to_string();
    assert!(error.contains("wrong file") && error.contains(&bad.url), "{error}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [".lock"], "nothing of it is kept");

    let good = LocalServer::start(library.good());
    library.fetch(folder.path(), &[&bad, &good]).unwrap();
    library.assert_complete(folder.path());
}

#[test]
fn a_missing_file_is_looked_for_on_the_next_mirror() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let (none, good) = (LocalServer::start(|_| Reply::Status("404 Not Found")), LocalServer::start(library.good()));
    let error = library.fetch(folder.path(), &[&none]).unwrap_err().to_string();
    assert!(error.contains("404 Not Found") && error.contains(IMAGES), "{error}");
    library.fetch(folder.path(), &[&none, &good]).unwrap();
    library.assert_complete(folder.path());
}

#[test]
fn endless_and_overlong_answers_are_refused() {
    let library = Library::new();
    let endless = LocalServer::start(|_| Reply::Endless);
    let overlong = LocalServer::start(|_| Reply::CutShort { bytes: vec![], promised: 1 << 40 });
    for server in [endless, overlong] {
        let folder = tempfile::tempdir().unwrap();
        let error = library.fetch(folder.path(), &[&server]).unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
        assert!(!folder.path().join(IMAGES_PART).exists());
    }
}

#[test]
fn a_silent_mirror_is_given_up_soon_and_asked_once() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let (silent, good) = (LocalServer::start(|_| Reply::Silence), LocalServer::start(library.good()));
    let start = Instant::now();
    library.fetch_with(folder.path(), &impatient(&[&silent, &good])).unwrap();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    library.assert_complete(folder.path());
    assert_eq!(silent.requests().len(), 1, "once it did not answer it is not asked for the next file");
}

#[test]
fn without_a_network_the_answer_comes_soon_and_names_every_mirror() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let options = FetchOptions {
        // Nobody listens on port 1; the domain never exists; nobody answers from the address, or there is no route.
        mirrors: ["http://127.0.0.1:1/", "http://mirror.invalid/", "http://192.0.2.1/"].map(str::to_owned).to_vec(),
        proxy_from_environment: false,
        ..FetchOptions::default()
    };
    let start = Instant::now();
    let error = library.fetch_with(folder.path(), &options).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let text = error.to_string();
    assert!(options.mirrors.iter().all(|mirror| text.contains(mirror)), "{text}");
    assert!(matches!(error, DataError::Fetch(FetchError::Failed { attempts, .. }) if attempts.len() == 3));
}

#[test]
fn a_stopped_download_keeps_its_part_and_goes_on_from_it() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let server = LocalServer::start(library.good());
    let stop = |progress: Progress<'_>| match progress.bytes {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let error = fetch_files(&library.files, folder.path(), &options(&[&server]), &mut { stop }).unwrap_err();
    assert!(matches!(error, DataError::Fetch(FetchError::Cancelled)), "{error}");
    let kept = fs::metadata(folder.path().join(IMAGES_PART)).unwrap().len() as usize;
    assert!(kept > 0);
    library.fetch(folder.path(), &[&server]).unwrap();
    library.assert_complete(folder.path());
    assert_eq!(server.requests()[1], asked(IMAGES, Some(kept)));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = library.fetch(&file.join("cache"), &[]).unwrap_err();
    assert!(matches!(&error, DataError::Io { path, .. } if *path == file.join("cache")), "{error}");
}

#[test]
fn two_downloads_at_once_do_not_disturb_each_other() {
    let (library, folder) = (Library::new(), tempfile::tempdir().unwrap());
    let server = LocalServer::start(library.good());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| library.fetch(folder.path(), &[&server]).unwrap());
        }
    });
    library.assert_complete(folder.path());
    assert_eq!(server.requests().len(), 2, "the later ones find everything there");
}
