//! The app from its start to its end.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use longhand_data::{DataChoice, Dataset};
use longhand_kernels::Isa;

use crate::connections::answer;
use crate::house::{House, State};
use crate::routes::routes;
use crate::security::{Guard, Hosts, Token};
use crate::training::queue::LeftWaiting;
use crate::training::worker;

/// Threads that answer requests; what takes a while goes elsewhere, and training has its own.
const ANSWERING: usize = 2;
/// How often it is looked at whether the program is to end.
const LOOK: Duration = Duration::from_millis(50);

/// How the app is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A name or address of this computer to listen at, for more than this computer; a token is then asked for.
    pub host: Option<String>,
    /// The port; 0 for any that is free.
    pub port: u16,
    /// Which data are looked for, as the command lines that pages show must say too.
    pub data: DataChoice,
    /// Where new runs go.
    pub runs: PathBuf,
    /// Other folders whose runs are shown.
    pub more_runs: Vec<PathBuf>,
    /// Instruction set.
    pub isa: Isa,
    /// Threads that training takes.
    pub threads: usize,
}

/// Why the app could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no such host.
    #[error("cannot find the host {host}: {source}; give a name or an address of this computer")]
    Host {
        /// As it was given.
        host: String,
        /// Why not.
        source: io::Error,
    },
    /// The port is taken, or may not be.
    #[error("cannot listen at {address}: {source}; choose another port with --port, or 0 for any that is free")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// No random numbers for a token.
    #[error("the operating system gives no random numbers for a token: {0}")]
    Token(getrandom::Error),
    /// A thread or the like could not be had.
    #[error("the app cannot begin: {0}")]
    Start(io::Error),
}

/// How data are found: tells how far it has come, and gives the data with, where they are not what was asked for, why; or why
/// there are none. It should give up soon once its flag is set.
pub type LoadData = Box<dyn FnOnce(&dyn Fn(String), &AtomicBool) -> Result<(Dataset, Option<String>), String> + Send>;

/// The app, listening, but not answering yet.
pub struct Server {
    listener: TcpListener,
    address: String,
    guard: Guard,
    house: House,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// When the host is not this computer's, the port cannot be had, or there are no random numbers for a token.
    pub fn bind(settings: Settings) -> Result<Self, ServeError> {
        let Settings { host, port, data, runs, more_runs, isa, threads } = settings;
        let (ip, mut guard) = match &host {
            None => (IpAddr::V4(Ipv4Addr::LOCALHOST), Guard { hosts: Hosts::loopback(), token: None }),
            Some(host) => {
                let token = Some(Token::new().map_err(ServeError::Token)?);
                (resolved(host)?, Guard { hosts: Hosts::reachable_as(host), token })
            }
        };
        let asked = SocketAddr::new(ip, port);
        let listen = |source| ServeError::Listen { address: asked, source };
        let listener = TcpListener::bind(asked).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        if let Some(token) = &mut guard.token {
            token.is_of_port(port);
        }
        let name = match &host {
            None => "127.0.0.1".to_owned(),
            Some(host) if host.parse::<std::net::Ipv6Addr>().is_ok() => format!("[{host}]"),
            Some(_) if ip.is_unspecified() => own_address().map_or_else(|| ip.to_string(), |own| own.to_string()),
            Some(host) => host.clone(),
        };
        let token = guard.token.as_ref().map_or(String::new(), |token| format!("?token={}", token.as_str()));
        let house = Arc::new(State::new(isa, threads, data, runs, more_runs));
        Ok(Server { listener, address: format!("http://{name}:{port}/{token}"), guard, house })
    }

    /// What to open in a browser, token included.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Answers requests until `stop` is set; a run that goes on is then stopped after its step and kept, and so are those
    /// that still waited.
    ///
    /// # Errors
    /// When threads cannot be had.
    pub fn run(self, load: LoadData, stop: &AtomicBool) -> Result<LeftWaiting, ServeError> {
        let Server { listener, guard, house, .. } = self;
        let loading = house.clone();
        let ending = Arc::new(AtomicBool::new(false));
        let seen = ending.clone();
        std::thread::Builder::new()
            .name("longhand-data".to_owned())
            .spawn(move || {
                let tell = |words| loading.data.loading(words);
                match catch_unwind(AssertUnwindSafe(|| load(&tell, &seen))) {
                    Ok(Ok((data, fallback))) => loading.data.put(data, fallback),
                    Ok(Err(why)) => loading.data.fail(why),
                    Err(_) => loading.data.fail("looking for them ended in a fault of the program".to_owned()),
                }
            })
            .map_err(ServeError::Start)?;
        let trainer = worker::spawn(house.clone()).map_err(ServeError::Start)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(ANSWERING)
            .thread_name("longhand-answers")
            .enable_all()
            .build()
            .map_err(ServeError::Start)?;
        let app = routes(house.clone(), guard);
        let served: io::Result<()> = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let stopped = async {
                while !stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(LOOK).await;
                }
            };
            tokio::select! {
                () = answer(listener, app) => {}
                () = stopped => {}
            }
            Ok(())
        });
        ending.store(true, Ordering::Relaxed);
        let left_waiting = house.queue.close();
        // Open streams would be waited for without end; pages connect again by themselves when the app is back.
        runtime.shutdown_background();
        // Whatever became of it is in the run's folder.
        let _ = trainer.join();
        served.map_err(ServeError::Start)?;
        Ok(left_waiting)
    }
}

/// The address that others reach this computer by: the one that it would send from. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address kept for documentation: it is nobody's.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

fn resolved(host: &str) -> Result<IpAddr, ServeError> {
    let failed = |source| ServeError::Host { host: host.to_owned(), source };
    let mut found = (host, 0).to_socket_addrs().map_err(failed)?;
    let first = found.next().ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))?;
    Ok(first.ip())
}
