//! The app, served by the real program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that goes on until it is dropped.
pub struct App {
    server: Child,
    host: String,
    /// What stands for a run in an example, and what the app calls that run.
    names: Vec<(&'static str, String)>,
}

impl App {
    /// Serves the runs of `folder` and waits until the data are there.
    pub fn start(folder: &Path) -> Self {
        let arguments = [
            "serve",
            "--port",
            "0",
            "--data",
            "strokes",
            "--runs",
            "of-the-app",
            "--also",
            "done",
            "--also",
            "no-epoch",
        ];
        let mut server =
            program::command(&arguments, folder).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let host = first.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {first:?}"));
        let host = host.trim().trim_end_matches('/').to_owned();
        let mut app = App { server, host, names: Vec::new() };
        let began = Instant::now();
        while app.json("/api/state")["data"]["state"] != "ready" {
            assert!(began.elapsed() < PATIENCE, "the data never came: {}", app.json("/api/state"));
            std::thread::sleep(Duration::from_millis(50));
        }
        let runs = app.json("/api/runs");
        let text = runs.to_string();
        let id = |folder: &str| id_of(&runs, folder).unwrap_or_else(|| panic!("no run {folder} in {text}"));
        app.names = vec![("NO-EPOCH", id("no-epoch")), ("DONE", id("done"))];
        app
    }

    /// Status and sentence of what the example is answered with: `METHOD PATH`, and behind a blank a body, or behind ` + `
    /// a header.
    pub fn ask(&self, example: &str) -> Result<(u16, String), String> {
        let example = self.names.iter().fold(example.to_owned(), |text, (name, id)| text.replace(name, id));
        let (request, header) = example.split_once(" + ").unwrap_or((&example, ""));
        let mut parts = request.splitn(3, ' ');
        let (method, path) = (parts.next().ok_or("no method")?, parts.next().ok_or("no path")?);
        let (status, body) = self.request(method, path, header, parts.next().unwrap_or_default());
        let answer: Value = serde_json::from_str(&body).map_err(|_| format!("{status} and no JSON: {body}"))?;
        let message = answer["error"]["message"].as_str().ok_or_else(|| format!("{status} and no error: {body}"))?;
        Ok((status, message.to_owned()))
    }

    fn json(&self, path: &str) -> Value {
        let (_, body) = self.request("GET", path, "", "");
        serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path}: {e}: {body}"))
    }

    fn request(&self, method: &str, path: &str, header: &str, body: &str) -> (u16, String) {
        let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !header.starts_with("Host: ") {
            text += &format!("host: {}\r\n", self.host);
        }
        if !header.is_empty() {
            text += &format!("{header}\r\n");
        }
        if body.starts_with('{') {
            text += "content-type: application/json\r\n";
        }
        text += &format!("content-length: {}\r\n\r\n{body}", body.len());
        let mut connection = TcpStream::connect(&self.host).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        // Short answers come in one piece; one in several has their lengths before them.
        let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if is_chunked {
            body.split_once("\r\n").map_or("", |(_, rest)| rest.trim_end_matches("\r\n0\r\n\r\n"))
        } else {
            body
        };
        (status, body.to_owned())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What the app calls the run in that folder.
fn id_of(listing: &Value, folder: &str) -> Option<String> {
    match listing {
        Value::Object(fields) => {
            let is_it =
                fields.values().any(|value| value.as_str().is_some_and(|text| Path::new(text).ends_with(folder)));
            let own = fields.get("id").filter(|_| is_it).and_then(|id| Some(id.as_str()?.to_owned()));
            own.or_else(|| fields.values().find_map(|value| id_of(value, folder)))
        }
        Value::Array(items) => items.iter().find_map(|item| id_of(item, folder)),
        _ => None,
    }
}
