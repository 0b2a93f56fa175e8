//! By what names the app may be called.
//!
//! A page elsewhere can have its own name resolve to 127.0.0.1 once it is loaded (DNS rebinding): to the browser the app is
//! then part of that page. The browser still says the name it called in `Host`, and that name is not one of ours.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;

use crate::failure::Failure;

/// The names that the app may be called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// Names in lower case, without port.
    names: Vec<String>,
    /// Whether any address in numbers will do: no name can be made to resolve to somewhere else there.
    any_address: bool,
}

impl Hosts {
    /// This computer by its usual names.
    pub fn loopback() -> Self {
        Hosts { names: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec(), any_address: false }
    }

    /// This computer by its usual names, by `name`, and by any address in numbers.
    pub fn reachable_as(name: &str) -> Self {
        let mut hosts = Hosts::loopback();
        hosts.names.push(name.to_ascii_lowercase());
        hosts.any_address = true;
        hosts
    }

    /// Refuses a request that calls the app by a name that is not its own.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Failure> {
        let refused = |named: &str| Failure {
            status: StatusCode::MISDIRECTED_REQUEST,
            message: format!("`{named}` is no name of this app; open the address that `longhand serve` printed"),
            field: None,
        };
        let mut named = request.headers().get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return Err(refused("")) };
        let host = host.to_str().map_err(|_| refused("?"))?;
        // A request may name its host in the first line too, which then counts; both must be ours.
        let in_line = request.uri().authority().map(|authority| authority.as_str());
        match [Some(host), in_line].into_iter().flatten().find(|host| !self.is_ours(host)) {
            Some(other) => Err(refused(other)),
            None => Ok(()),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = name_of(host).to_ascii_lowercase();
        let is_address = || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        self.names.contains(&name) || (self.any_address && is_address())
    }
}

/// `name` of `name` and of `name:port`; an address in brackets keeps them.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn asked(host: &str) -> Request {
        Request::builder().uri("/").header(HOST, host).body(Body::empty()).unwrap()
    }

    #[test]
    fn only_own_names_are_answered_to() {
        let hosts = Hosts::loopback();
        for name in ["localhost:8080", "127.0.0.1:9", "127.0.0.1", "[::1]:8080", "LOCALHOST:1", "[::1]"] {
            assert!(hosts.check(&asked(name)).is_ok(), "{name}");
        }
        for name in
            ["evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example:80", "192.168.1.2:80", "", "::1"]
        {
            assert!(hosts.check(&asked(name)).is_err(), "{name}");
        }
        assert!(hosts.check(&Request::builder().uri("/").body(Body::empty()).unwrap()).is_err(), "no name at all");
        let two = Request::builder().uri("/").header(HOST, "localhost").header(HOST, "evil.example");
        assert!(hosts.check(&two.body(Body::empty()).unwrap()).is_err());
        let in_line = Request::builder().uri("http://evil.example/").header(HOST, "localhost");
        assert!(hosts.check(&in_line.body(Body::empty()).unwrap()).is_err());
    }

    #[test]
    fn reachable_from_elsewhere_it_answers_to_its_name_and_to_addresses() {
        let hosts = Hosts::reachable_as("Desk.local");
        for name in ["desk.local:8080", "192.168.1.2:8080", "[fe80::1]:8080", "localhost"] {
            assert!(hosts.check(&asked(name)).is_ok(), "{name}");
        }
        assert!(hosts.check(&asked("evil.example")).is_err());
    }
}
