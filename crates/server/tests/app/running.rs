//! An app that runs, and what a program says to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use longhand_data::{DataChoice, strokes};
use longhand_kernels::Isa;
use longhand_server::{LeftWaiting, LoadData, Server, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// An app on stroke digits, with a folder of its own; ends when dropped.
pub struct App {
    pub address: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<LeftWaiting>>,
    folder: Arc<TempDir>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The sentence of a refusal.
    pub fn refusal(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_else(|| panic!("no refusal: {}", self.text())).to_owned()
    }
}

impl App {
    pub fn start() -> Self {
        Self::start_with(None, Arc::new(tempfile::tempdir().unwrap()))
    }

    /// Another app on the folder of this one, which must have ended.
    pub fn start_again(folder: Arc<TempDir>) -> Self {
        Self::start_with(None, folder)
    }

    /// An app whose data are looked for without end.
    pub fn start_loading(folder: Arc<TempDir>) -> Self {
        let load = |_: &dyn Fn(String), stop: &AtomicBool| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err("stopped".to_owned())
        };
        Self::serve(None, folder, Box::new(load))
    }

    pub fn start_with(host: Option<&str>, folder: Arc<TempDir>) -> Self {
        let load = |_: &dyn Fn(String), _: &AtomicBool| Ok((strokes::generate(1, 600, 200), None));
        let app = Self::serve(host, folder, Box::new(load));
        if host.is_none() {
            app.until("the data are there", |app| app.get("/api/state").json()["data"]["state"] == "ready");
        }
        app
    }

    fn serve(host: Option<&str>, folder: Arc<TempDir>, load: LoadData) -> Self {
        let settings = Settings {
            host: host.map(str::to_owned),
            port: 0,
            data: DataChoice::Mnist,
            runs: folder.path().join("runs"),
            more_runs: Vec::new(),
            isa: Isa::detect(),
            threads: 2,
        };
        let server = Server::bind(settings).unwrap();
        let address = server.address().to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let thread = std::thread::spawn(move || server.run(load, &seen).unwrap());
        App { address, stop, thread: Some(thread), folder }
    }

    /// Ends it as Ctrl-C does; gives its folder, and the runs that were waiting.
    pub fn end(mut self) -> (Arc<TempDir>, LeftWaiting) {
        let left = self.finish().expect("it has not ended yet");
        (self.folder.clone(), left)
    }

    fn finish(&mut self) -> Option<LeftWaiting> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(|thread| thread.join().unwrap())
    }

    pub fn shared_folder(&self) -> Arc<TempDir> {
        self.folder.clone()
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn runs(&self) -> Vec<PathBuf> {
        run_folders(self.folder.path())
    }

    /// Where it listens: name and port.
    pub fn host(&self) -> &str {
        self.address.trim_start_matches("http://").split('/').next().unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    pub fn post_bytes(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.request("POST", path, &[("content-type", content_type)], Some(body))
    }

    /// A whole request in one connection, the host's name in it unless `headers` have one.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            text.push_str(&format!("host: {}\r\n", self.host()));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        self.raw(&bytes)
    }

    /// Sends bytes as they are and reads what is answered until the connection closes.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut connection = self.connect();
        // A refusal may come before all was sent: what could not be sent does not matter then.
        let _ = connection.write_all(bytes);
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        parsed(&answer)
    }

    pub fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(self.host()).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection
    }

    /// Waits until something holds.
    pub fn until(&self, what: &str, holds: impl Fn(&App) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "never: {what}; {}", self.get("/api/state").text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Queues a run of a recipe small enough for a test.
    pub fn train(&self, changes: Value) -> Value {
        let answer = self.post("/api/queue", small(changes));
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// The job as the queue shows it, wherever it is in it.
    pub fn job(&self, id: &Value) -> Value {
        let queue = self.get("/api/state").json()["queue"].take();
        let all = queue["waiting"].as_array().unwrap().iter().chain(queue["ended"].as_array().unwrap());
        all.chain([&queue["running"]]).find(|job| job["id"] == *id).cloned().unwrap_or(Value::Null)
    }

    /// Waits until the job has that status.
    pub fn until_status(&self, id: &Value, status: &str) -> Value {
        self.until(&format!("job {id} is {status}"), |app| app.job(id)["status"] == status);
        self.job(id)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The folder of the three student workbooks, in `$LONGHAND_SHARED`, else in `../shared` beside the workspace; where it is not
/// there, says so.
pub fn workbooks() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let books = std::env::var_os("LONGHAND_SHARED").map_or_else(beside, PathBuf::from).join("data").join("workbooks");
    if !books.is_dir() {
        eprintln!("skipped: the three workbooks are not there");
        return None;
    }
    Some(books)
}

/// The runs in a folder; what begins with a dot is none.
pub fn run_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("runs")).into_iter().flatten().map(|entry| entry.unwrap());
    let is_run = |entry: &std::fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    let mut folders: Vec<PathBuf> = entries.filter(is_run).map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

/// A request for a run of a second or so: one layer of few channels on 600 images.
pub fn small(mut changes: Value) -> Value {
    let layers = "{ type = \"conv\", channels = 4, kernel = 3, padding = 1 }\n{ type = \"relu\" }\n{ type = \"max_pool\" }\n\
                  { type = \"global_average_pool\" }\n{ type = \"linear\", features = 10 }\n{ type = \"log_softmax\" }";
    let usual = json!({ "epochs": 2, "batch_size": 50, "network.layers": layers });
    for (key, value) in usual.as_object().unwrap() {
        changes.as_object_mut().unwrap().entry(key).or_insert(value.clone());
    }
    json!({ "recipe": "seed", "changes": changes })
}

fn parsed(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let body = bytes.get(end + 4..).unwrap_or_default();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Answer { status, headers, body: if is_chunked { unchunked(body) } else { body.to_vec() } }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or(0);
        let Some(chunk) = rest.get(end + 2..end + 2 + size).filter(|_| size > 0) else { break };
        body.extend_from_slice(chunk);
        rest = &rest[end + 4 + size..];
    }
    body
}
