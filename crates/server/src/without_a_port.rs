//! The app without a port and without threads of its own: requests go in, answers come out. For fuzz targets.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use longhand_data::{DataChoice, Dataset};
use longhand_kernels::Isa;
use tower::ServiceExt as _;

use crate::house::State;
use crate::routes::routes;
use crate::security::{Guard, Hosts};

/// The app on `data`, with its runs in a folder; nothing that is queued is trained.
pub struct Offline {
    runtime: tokio::runtime::Runtime,
    app: Router,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content security policy.
    pub policy: Option<String>,
    /// The type of what was answered.
    pub content_type: Option<String>,
    /// What was answered; nothing of a stream.
    pub body: Vec<u8>,
}

impl Offline {
    /// The app.
    ///
    /// # Panics
    /// When there are no threads to be had.
    pub fn new(runs: &Path, data: Dataset) -> Self {
        let house = State::new(Isa::detect(), 1, DataChoice::Auto, runs.to_owned(), Vec::new());
        house.data.put(data, None);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let app = routes(Arc::new(house), Guard { hosts: Hosts::loopback(), token: None });
        Offline { runtime, app }
    }

    /// The answer to a request from this computer; `None` where what was given is no request.
    ///
    /// # Panics
    /// When the app does.
    pub fn ask(&self, method: &str, address: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(address).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).ok()?;
        Some(self.runtime.block_on(async {
            let answer = self.app.clone().oneshot(request).await.expect("the app answers everything");
            let header =
                |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let (status, policy, content_type) =
                (answer.status().as_u16(), header("content-security-policy"), header("content-type"));
            let is_stream = content_type.as_deref() == Some("text/event-stream");
            let body = if is_stream {
                Vec::new()
            } else {
                to_bytes(answer.into_body(), usize::MAX).await.expect("whole").to_vec()
            };
            Answer { status, policy, content_type, body }
        }))
    }
}
