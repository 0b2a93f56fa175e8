//! A web server on this computer for tests of downloading: it serves what it is told to, badly if so told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came: the path without its leading slash, and where its range begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub file: String,
    pub range_start: Option<usize>,
}

/// What to do with a request.
pub enum Reply {
    /// 200 and these bytes.
    Whole(Vec<u8>),
    /// 206 and these bytes of a file of the given length, from the given place on.
    Part { start: usize, bytes: Vec<u8>, total: usize },
    /// 200, a length, and only the bytes given; then the connection is closed.
    CutShort { bytes: Vec<u8>, promised: usize },
    /// 206 from the given place on (200 from 0), and only the bytes given of a file of the given length; then silence.
    Stall { start: usize, bytes: Vec<u8>, total: usize },
    /// 200 and zeros without end and without a length.
    Endless,
    /// A status line such as `404 Not Found`, with an empty body.
    Status(&'static str),
    /// Not a word.
    Silence,
}

/// A running server; its threads end with the test program.
pub struct LocalServer {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl LocalServer {
    /// Starts a server that answers as `reply` says.
    pub fn start(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (reply, log) = (Arc::new(reply), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (reply, log) = (Arc::clone(&reply), Arc::clone(&log));
                thread::spawn(move || answer(stream.unwrap(), &*reply, &log));
            }
        });
        Self { url, requests }
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, reply: &dyn Fn(&Request) -> Reply, log: &Mutex<Vec<Request>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap();
    let file = path.strip_prefix("/mnist/").unwrap_or_else(|| panic!("asked for {path}")).to_owned();
    let mut range_start = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range_start = Some(range.strip_suffix('-').unwrap().parse().unwrap());
        }
    }
    let request = Request { file, range_start };
    log.lock().unwrap().push(request.clone());
    // The client may hang up at any time: that is no failure of the server's.
    let _ = send(&mut stream, reply(&request));
}

fn send(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    let close = "Connection: close\r\n\r\n";
    match reply {
        Reply::Whole(bytes) => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}", bytes.len())?;
            stream.write_all(&bytes)
        }
        Reply::Part { start, bytes, total } => {
            let (length, last) = (bytes.len(), start + bytes.len() - 1);
            write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n")?;
            write!(stream, "Content-Range: bytes {start}-{last}/{total}\r\n{close}")?;
            stream.write_all(&bytes)
        }
        Reply::CutShort { bytes, promised } => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\n{close}")?;
            stream.write_all(&bytes)
        }
        Reply::Stall { start, bytes, total } => {
            let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n", total - start)?;
            write!(stream, "Content-Range: bytes {start}-{}/{total}\r\n{close}", total - 1)?;
            stream.write_all(&bytes)?;
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Reply::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\n{close}")?;
            loop {
                stream.write_all(&[0; 4096])?;
            }
        }
        Reply::Status(status) => write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n{close}"),
        Reply::Silence => {
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    }
}
