//! The program under everything at once, for as long as is wanted: the web app with pages that come and go, runs that are
//! queued, stopped and resumed, a suite that is killed and begun again, and a disk that somebody else keeps busy. What must
//! not grow does not: memory, open files, threads.
//!
//! `LONGHAND_SOAK_MINUTES=60 cargo test --workspace --release --test soak -- --nocapture` is the long one; without the
//! variable it takes some twenty seconds.
#![cfg(target_os = "linux")]

mod program;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use program::{command, longhand};
use serde_json::{Value, json};

/// The shortest soak: long enough to meet every part of it.
const SHORT: Duration = Duration::from_secs(20);
/// Between two looks at the server's memory, files and threads.
const LOOK: Duration = Duration::from_millis(500);
/// What memory may grow by from the second quarter to the last: caches fill, allocators keep pages.
const MOST_GROWTH: u64 = 48 << 20;
/// Bytes that the busy disk is given at once.
const BLOCK: usize = 1 << 20;
/// Between two of them: others on this machine want the disk too.
const PAUSE: Duration = Duration::from_millis(20);

/// The server as the operating system sees it.
#[derive(Clone, Copy, Debug)]
struct Look {
    memory: u64,
    files: u64,
    threads: u64,
}

impl Look {
    fn at(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the server runs");
        let number = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key)).expect("Linux says so");
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let files = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, |entries| entries.count() as u64);
        Look { memory: number("VmRSS:") << 10, files, threads: number("Threads:") }
    }
}

/// Counts of what was done, to be told at the end.
#[derive(Default)]
struct Counts {
    queued: AtomicU64,
    stopped: AtomicU64,
    resumed: AtomicU64,
    pages: AtomicU64,
    kills: AtomicU64,
    suites: AtomicU64,
    written: AtomicU64,
}

struct Soak<'a> {
    host: String,
    folder: &'a Path,
    end: AtomicBool,
    counts: Counts,
}

impl Soak<'_> {
    fn goes_on(&self) -> bool {
        !self.end.load(Ordering::Relaxed)
    }

    /// One request, its connection closed behind it; `None` where the server refused or was busy.
    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Option<Vec<u8>> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut stream = TcpStream::connect(&self.host).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        )
        .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let is_done = answer.starts_with(b"HTTP/1.1 2");
        is_done.then(|| answer[end + 4..].to_vec())
    }

    fn json(&self, method: &str, path: &str, body: Option<Value>) -> Option<Value> {
        serde_json::from_slice(&self.ask(method, path, body)?).ok()
    }

    /// Queues runs, stops some of them, and has those go on.
    fn train(&self) {
        let layers = "{ type = \"max_pool\" }\n{ type = \"max_pool\" }\n{ type = \"linear\", features = 10 }\n{ type = \"log_softmax\" }";
        let mut seed = 0;
        while self.goes_on() {
            seed += 1;
            let changes = json!({ "epochs": 6, "batch_size": 500, "seed": seed, "network.layers": layers });
            let asked = json!({ "recipe": "seed", "changes": changes });
            let Some(job) = self.json("POST", "/api/queue", Some(asked)) else { continue };
            self.counts.queued.fetch_add(1, Ordering::Relaxed);
            let id = job["id"].as_str().unwrap_or_default().to_owned();
            if seed % 2 == 0 {
                thread::sleep(Duration::from_millis(300));
                self.json("POST", &format!("/api/jobs/{id}/stop"), Some(json!({})));
                self.counts.stopped.fetch_add(1, Ordering::Relaxed);
            }
            self.until_idle();
            let runs = self.json("GET", "/api/runs", None).unwrap_or_default();
            let resumable = runs["runs"].as_array().into_iter().flatten().find(|run| run["resumable"] == true);
            if let Some(run) = resumable {
                let resumed = self.json("POST", "/api/queue/resume", Some(json!({ "run": run["id"] })));
                self.counts.resumed.fetch_add(u64::from(resumed.is_some()), Ordering::Relaxed);
                self.until_idle();
            }
            // An hour's worth of runs is no leak of the server's: their folders make way.
            self.tidy();
        }
    }

    fn until_idle(&self) {
        while self.goes_on() {
            let state = self.json("GET", "/api/state", None).unwrap_or_default();
            if state["queue"]["running"].is_null() && state["queue"]["waiting"] == json!([]) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn tidy(&self) {
        let Ok(entries) = fs::read_dir(self.folder.join("runs")) else { return };
        let mut runs: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        runs.sort();
        for run in runs.iter().rev().skip(40) {
            let _ = fs::remove_dir_all(run);
        }
    }

    /// A page that is opened, listens for a while, looks at everything, and is closed.
    fn watch(&self) {
        while self.goes_on() {
            self.counts.pages.fetch_add(1, Ordering::Relaxed);
            let state = self.json("GET", "/api/state", None).unwrap_or_default();
            let job = state["queue"]["running"]["id"].as_str().map(str::to_owned);
            let query = job.as_ref().map_or(String::new(), |job| format!("?job={job}"));
            if let Ok(mut stream) = TcpStream::connect(&self.host) {
                let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
                let _ = write!(stream, "GET /api/events{query} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
                let mut some = [0; 4096];
                for _ in 0..4 {
                    let _ = stream.read(&mut some);
                }
                if let Some(job) = &job {
                    for piece in ["curves", "classes", "mistakes"] {
                        self.ask("GET", &format!("/api/jobs/{job}/{piece}"), None);
                    }
                }
            }
            for path in ["/by-hand", "/train", "/runs", "/draw", "/api/runs", "/api/leaderboard", "/api/models"] {
                self.ask("GET", path, None);
            }
            self.ask("GET", "/by-hand/worksheet.xlsx?rows=20", None);
            self.ask("GET", "/api/models/built-in/images/7", None);
        }
    }

    /// A suite that is killed at random moments and begun again until it is done, and then another.
    fn experiment(&self) {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let mut number = 0;
        while self.goes_on() {
            number += 1;
            let name = format!("soak-{number}");
            let suite =
                format!("name = \"{name}\"\nseeds = 2\nvalidation = true\n\n[[entry]]\nrecipe = \"example/plain\"\n");
            let file = format!("{name}.toml");
            fs::write(self.folder.join(&file), suite).unwrap();
            loop {
                let arguments = ["experiment", &file, "--data", "strokes", "--threads", "1", "--at-once", "1"];
                let mut child =
                    command(&arguments, self.folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
                let until = Instant::now() + Duration::from_millis(1500 + random(6000));
                let ended = loop {
                    match child.try_wait().unwrap() {
                        Some(status) => break Some(status),
                        None if Instant::now() > until || !self.goes_on() => break None,
                        None => thread::sleep(Duration::from_millis(50)),
                    }
                };
                match ended {
                    Some(status) => {
                        assert!(status.success(), "{name}: {status}");
                        self.counts.suites.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                    None => {
                        child.kill().unwrap();
                        child.wait().unwrap();
                        self.counts.kills.fetch_add(1, Ordering::Relaxed);
                        if !self.goes_on() {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Keeps the disk busy that everything else waits for.
    fn slow_the_disk(&self) {
        let path = self.folder.join("busy");
        let block = vec![7; BLOCK];
        while self.goes_on() {
            let mut file = fs::File::create(&path).unwrap();
            for _ in 0..16 {
                file.write_all(&block).unwrap();
                file.sync_all().unwrap();
                self.counts.written.fetch_add(BLOCK as u64 >> 20, Ordering::Relaxed);
                thread::sleep(PAUSE);
                if !self.goes_on() {
                    return;
                }
            }
        }
    }
}

fn serve(folder: &Path) -> (Child, String) {
    let arguments = ["serve", "--data", "strokes", "--port", "0", "--threads", "1", "--also", "experiments"];
    let mut child = command(&arguments, folder).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let host =
        line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("it says where it is").to_owned();
    // What it says at its end must not be met by a closed pipe.
    thread::spawn(move || lines.for_each(drop));
    (child, host)
}

/// The middle of a figure over some looks.
fn median(looks: &[Look], of: fn(&Look) -> u64) -> u64 {
    let mut values: Vec<u64> = looks.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn nothing_grows_under_everything_at_once() {
    let minutes =
        std::env::var("LONGHAND_SOAK_MINUTES").ok().map(|text| text.parse::<f64>().expect("a number of minutes"));
    let duration = minutes.map_or(SHORT, |minutes| Duration::from_secs_f64(60.0 * minutes));
    let folder = tempfile::tempdir().unwrap();
    let (mut server, host) = serve(folder.path());
    let soak = Soak { host, folder: folder.path(), end: AtomicBool::new(false), counts: Counts::default() };
    while soak.json("GET", "/api/state", None).is_none_or(|state| state["data"]["state"] != "ready") {
        thread::sleep(Duration::from_millis(100));
    }
    let began = Instant::now();
    let mut looks = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| soak.train());
        scope.spawn(|| soak.watch());
        scope.spawn(|| soak.watch());
        scope.spawn(|| soak.experiment());
        scope.spawn(|| soak.slow_the_disk());
        while began.elapsed() < duration {
            thread::sleep(LOOK);
            looks.push(Look::at(server.id()));
        }
        soak.end.store(true, Ordering::Relaxed);
    });

    let quarter = looks.len() / 4;
    let (early, late) = (&looks[quarter..2 * quarter], &looks[3 * quarter..]);
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counts = &soak.counts;
    eprintln!(
        "soak of {:.1} minutes: {} runs queued, {} stopped, {} resumed; {} pages opened and closed; {} suites done, {} kills; \
         {} MB kept the disk busy",
        began.elapsed().as_secs_f64() / 60.0,
        of(&counts.queued),
        of(&counts.stopped),
        of(&counts.resumed),
        of(&counts.pages),
        of(&counts.suites),
        of(&counts.kills),
        of(&counts.written)
    );
    for (name, of, unit) in [
        ("memory", (|look: &Look| look.memory >> 20) as fn(&Look) -> u64, " MB"),
        ("open files", |look: &Look| look.files, ""),
        ("threads", |look: &Look| look.threads, ""),
    ] {
        eprintln!(
            "{name}: {}{unit} in the second quarter, {}{unit} in the last (medians)",
            median(early, of),
            median(late, of)
        );
    }
    assert!(of(&counts.queued) > 0 && of(&counts.pages) > 0 && of(&counts.kills) + of(&counts.suites) > 0);
    let growth = median(late, |look| look.memory).saturating_sub(median(early, |look| look.memory));
    assert!(growth <= MOST_GROWTH, "memory grew by {} MB", growth >> 20);
    assert!(median(late, |look| look.files) <= median(early, |look| look.files) + 4, "files are left open");
    assert!(median(late, |look| look.threads) <= median(early, |look| look.threads) + 4, "threads are left");

    // Ctrl-C ends it, and what it leaves can be read.
    let sent = std::process::Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        match server.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                server.kill().unwrap();
                panic!("Ctrl-C does not end it");
            }
            None => thread::sleep(Duration::from_millis(50)),
        }
    };
    assert!(status.success(), "{status}");
    let list = longhand(&["runs", "list", "--json"], folder.path());
    assert_eq!(list.code, 0, "{}", list.stderr);
    let runs: Value = serde_json::from_str(&list.stdout).unwrap();
    let unreadable: Vec<&Value> = runs.as_array().unwrap().iter().filter(|run| !run["unreadable"].is_null()).collect();
    assert!(unreadable.is_empty(), "{unreadable:?}");
}
