//! Downloading MNIST into a folder: resumable, verified, and never half-written.
//!
//! Each file is written to `NAME.gz.part`; an interrupted download goes on from there. Only a file whose uncompressed
//! bytes have MNIST's fingerprint is synced and renamed to its final name, so what bears that name is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use crate::DataError;
use crate::mnist::{FILES, MnistFile};

/// The public mirrors, in the order in which they are tried.
pub const MIRRORS: [&str; 2] =
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"];

/// From where to download, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOptions {
    /// Addresses of folders that hold the four `.gz` files, tried in this order; by default [`MIRRORS`].
    pub mirrors: Vec<String>,
    /// The longest wait for a name to be resolved, and again for a connection; by default 2 s.
    pub connect_timeout: Duration,
    /// The longest wait for the answer to begin; by default 4 s.
    pub response_timeout: Duration,
    /// The longest wait for the next bytes once the answer has begun; by default 15 s.
    pub stall_timeout: Duration,
    /// Whether `HTTPS_PROXY` and its like are obeyed; by default they are.
    pub proxy_from_environment: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            mirrors: MIRRORS.map(str::to_owned).to_vec(),
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(4),
            stall_timeout: Duration::from_secs(15),
            proxy_from_environment: true,
        }
    }
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file being downloaded, such as `train-images-idx3-ubyte.gz`.
    pub file: &'a str,
    /// Bytes of it there are, those of an earlier attempt included.
    pub bytes: u64,
    /// Bytes it will have, where the server says.
    pub total: Option<u64>,
}

/// Told of every piece that arrives; [`ControlFlow::Break`] ends the download, keeping what arrived for the next one.
pub type OnProgress<'a> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'a;

/// Why a download failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No mirror gave the file.
    #[error("cannot download {file}: {}", list(attempts))]
    Failed {
        /// The file.
        file: String,
        /// Each mirror tried, and why it did not serve.
        attempts: Vec<(String, String)>,
    },
    /// The caller stopped it.
    #[error("the download was stopped; what had arrived is kept, and the next one goes on from there")]
    Cancelled,
}

fn list(attempts: &[(String, String)]) -> String {
    if attempts.is_empty() {
        return "no mirror is named".to_owned();
    }
    let attempts: Vec<String> = attempts.iter().map(|(mirror, reason)| format!("{mirror} {reason}")).collect();
    attempts.join("; ")
}

/// Downloads those of the four files that `folder` does not hold sound already; makes the folder if need be.
///
/// Another process that downloads into the same folder is waited for.
///
/// # Errors
/// When the folder cannot be written, when no mirror gives a sound file, or when `on_progress` stops it.
pub fn fetch(folder: &Path, options: &FetchOptions, on_progress: &mut OnProgress<'_>) -> Result<(), DataError> {
    fetch_files(&FILES, folder, options, on_progress)
}

/// [`fetch`] for a data set kept in other files than MNIST's, on mirrors of its own.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_files(
    files: &[MnistFile],
    folder: &Path,
    options: &FetchOptions,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), DataError> {
    fs::create_dir_all(folder).map_err(DataError::io("make the folder", folder))?;
    let _lock = lock(folder)?;
    let agent = agent(options);
    let mut mirrors: Vec<Mirror> = options.mirrors.iter().map(|url| Mirror { url, unreachable: None }).collect();
    for &file in files {
        if file.find(folder).is_some_and(|path| file.read(&path).is_ok()) {
            continue;
        }
        fetch_file(&agent, &mut mirrors, file, folder, on_progress)?;
    }
    Ok(())
}

/// A mirror, and why it could not be reached when it was last tried: it is not asked again in the same download, so
/// that having no network is known after one wait each.
struct Mirror<'a> {
    url: &'a str,
    unreachable: Option<String>,
}

/// Why one transfer did not bring the file.
enum Trouble {
    /// This computer's fault, or the caller's wish: no other mirror would help.
    Fatal(DataError),
    /// The mirror cannot be reached at all.
    Unreachable(String),
    /// The transfer broke off; what arrived is kept.
    Interrupted(String),
    /// The mirror answers, but not with this file.
    Refused(String),
}

fn fetch_file(
    agent: &Agent,
    mirrors: &mut [Mirror<'_>],
    file: MnistFile,
    folder: &Path,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), DataError> {
    let mut attempts = Vec::new();
    for mirror in mirrors {
        let reason = match &mirror.unreachable {
            Some(reason) => reason.clone(),
            None => match fetch_from(agent, mirror.url, file, folder, on_progress) {
                Ok(()) => return Ok(()),
                Err(Trouble::Fatal(error)) => return Err(error),
                Err(Trouble::Unreachable(reason)) => mirror.unreachable.insert(reason).clone(),
                Err(Trouble::Interrupted(reason) | Trouble::Refused(reason)) => reason,
            },
        };
        attempts.push((mirror.url.to_owned(), reason));
    }
    Err(FetchError::Failed { file: compressed_name(file), attempts }.into())
}

/// Downloads one file from one mirror, in up to three transfers: an interrupted one is resumed as long as it brings
/// something, and an unsound result that began with bytes of an earlier download is fetched afresh.
fn fetch_from(
    agent: &Agent,
    mirror: &str,
    file: MnistFile,
    folder: &Path,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), Trouble> {
    let name = compressed_name(file);
    let url = format!("{}/{name}", mirror.trim_end_matches('/'));
    let (part, whole) = (folder.join(format!("{name}.part")), folder.join(&name));
    let mut transfers_left = 3;
    loop {
        transfers_left -= 1;
        let start = fs::metadata(&part).map_or(0, |metadata| metadata.len());
        match transfer(agent, &url, &part, start, file, on_progress) {
            Ok(()) => match file.read(&part) {
                Ok(_) => {
                    return fs::rename(&part, &whole).map_err(fatal("rename", &part)).map(|()| sync_folder(folder));
                }
                Err(error @ DataError::Io { .. }) => return Err(Trouble::Fatal(error)),
                Err(error) => {
                    fs::remove_file(&part).map_err(fatal("remove", &part))?;
                    if start == 0 || transfers_left == 0 {
                        return Err(Trouble::Refused(format!("sent a wrong file: {error}")));
                    }
                }
            },
            Err(Trouble::Interrupted(reason)) => {
                let grew = fs::metadata(&part).map_or(0, |metadata| metadata.len()) > start;
                if !grew || transfers_left == 0 {
                    return Err(Trouble::Interrupted(reason));
                }
            }
            Err(trouble) => return Err(trouble),
        }
    }
}

/// One request: asks for the bytes from `start` on and writes what comes to `part`, from wherever the answer begins.
fn transfer(
    agent: &Agent,
    url: &str,
    part: &Path,
    start: u64,
    file: MnistFile,
    on_progress: &mut OnProgress<'_>,
) -> Result<(), Trouble> {
    let mut request = agent.get(url);
    if start > 0 {
        request = request.header(header::RANGE, format!("bytes={start}-"));
    }
    let mut response = request.call().map_err(call_trouble)?;
    let offset = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(start) => start,
        // The range asked for begins at or past the end: the part is whole, or wrong, which verifying it will tell.
        StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => return Ok(()),
        StatusCode::PARTIAL_CONTENT => {
            return Err(Trouble::Refused("answers with another range of bytes than asked for".to_owned()));
        }
        status => return Err(Trouble::Refused(format!("answers {status}"))),
    };
    let total = response.body().content_length().map(|length| offset + length);
    let name = compressed_name(file);
    // Gzip never grows a file by more than this, so a longer answer is something else, perhaps endless.
    let limit = (file.bytes + file.bytes / 1000 + 1024) as u64;
    let too_long = || Trouble::Refused(format!("sends more than the {limit} bytes the file can have"));
    if total.is_some_and(|total| total > limit) {
        return Err(too_long());
    }

    let mut output = OpenOptions::new()
        .create(true)
        .write(true)
        .append(offset > 0)
        .truncate(offset == 0)
        .open(part)
        .map_err(fatal("write", part))?;
    let mut bytes = offset;
    let mut buffer = vec![0; 1 << 16];
    let mut body = response.body_mut().as_reader();
    loop {
        if on_progress(Progress { file: &name, bytes, total }).is_break() {
            output.sync_all().map_err(fatal("write", part))?;
            return Err(Trouble::Fatal(FetchError::Cancelled.into()));
        }
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                bytes += count as u64;
                if bytes > limit {
                    drop(output);
                    fs::remove_file(part).map_err(fatal("remove", part))?;
                    return Err(too_long());
                }
                output.write_all(&buffer[..count]).map_err(fatal("write", part))?;
            }
            Err(error) => return Err(Trouble::Interrupted(format!("broke off after {bytes} bytes: {error}"))),
        }
    }
    output.sync_all().map_err(fatal("write", part))
}

/// The first byte that a `Content-Range: bytes 5-9/10` header names.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.parse().ok()
}

/// What kind of trouble a failed request is: whatever happens before an answer arrives counts as unreachable.
fn call_trouble(error: ureq::Error) -> Trouble {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve) => {
            Trouble::Unreachable("cannot be reached: its name is not resolved in time".to_owned())
        }
        ureq::Error::Timeout(ureq::Timeout::Connect) => {
            Trouble::Unreachable("cannot be reached: no connection in time".to_owned())
        }
        ureq::Error::Timeout(_) => Trouble::Unreachable("does not answer in time".to_owned()),
        ureq::Error::Io(error) => Trouble::Unreachable(format!("cannot be reached: {error}")),
        error => Trouble::Unreachable(format!("cannot be used: {error}")),
    }
}

fn agent(options: &FetchOptions) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("longhand/", env!("CARGO_PKG_VERSION")))
        // The files are gzip already, and a range of a file re-encoded on the way would mean other bytes.
        .accept_encoding("identity")
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_send_request(Some(options.response_timeout))
        .timeout_recv_response(Some(options.response_timeout))
        .timeout_per_read(Some(options.stall_timeout));
    if !options.proxy_from_environment {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// Holds the folder for this process until dropped; waits while another process holds it.
fn lock(folder: &Path) -> Result<Option<File>, DataError> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(DataError::io("write", &path))?;
    // Some network file systems know no locks; then two downloads at once may waste each other's work, but the
    // fingerprint still guards what is kept.
    Ok(file.lock().is_ok().then_some(file))
}

/// Makes a rename last through a loss of power, where the system can: the file itself is synced already, so a
/// failure here is no reason to give it up.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

fn compressed_name(file: MnistFile) -> String {
    format!("{}.gz", file.name)
}

fn fatal(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let path: PathBuf = path.to_owned();
    move |source| Trouble::Fatal(DataError::Io { action, path, source })
}
