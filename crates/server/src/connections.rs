//! Connections: not more than there is room for, and none that says nothing for long.
//!
//! Whoever can reach the port can open connections before any token is asked for, and each is a file to the operating
//! system, which a run in progress needs too.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; more wait to be taken.
const MOST: usize = 256;
/// How long a request's head may take to arrive, and a connection without a request stays open.
const HEAD: Duration = Duration::from_secs(10);
/// The largest head of a request.
const MOST_HEAD: usize = 64 << 10;
/// Before the next try, where the operating system gives no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers connections for ever.
pub(crate) async fn answer(listener: TcpListener, app: Router) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MOST_HEAD);
    loop {
        let place = places.clone().acquire_owned().await.expect("never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Strokes and their answers are small and must not wait to be sent together.
        let _ = stream.set_nodelay(true);
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()));
        tokio::spawn(async move {
            // What a client does wrong is answered to it; nobody else need know.
            let _ = connection.await;
            drop(place);
        });
    }
}
