//! What whoever asks must show where the app listens to more than this computer.

use std::fmt;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE};
use axum::response::Response;
use sha2::{Digest, Sha256};

/// The cookie that holds the token.
const NAME: &str = "longhand_token";

/// A secret of 128 bits, in hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Whether a request showed the token.
pub(crate) enum Shown {
    /// In a cookie or a header.
    Yes,
    /// In its address: the answer puts it into a cookie and leads to the address without it.
    InAddress(Box<Response>),
    /// Not at all, or a wrong one.
    No,
}

impl Token {
    /// A new one, from the operating system's random numbers.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The token as it stands in an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn check(&self, request: &Request) -> Shown {
        let texts = |name| request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        let in_header = texts(AUTHORIZATION).filter_map(|value| value.strip_prefix("Bearer "));
        let in_cookie = texts(COOKIE)
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().strip_prefix(NAME)?.strip_prefix('='));
        if in_header.chain(in_cookie).any(|shown| self.is(shown)) {
            return Shown::Yes;
        }
        let query = request.uri().query().unwrap_or_default();
        let (tokens, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|part| part.starts_with("token="));
        let is_shown = tokens.iter().any(|part| self.is(&part["token=".len()..]));
        if !is_shown || !request.method().is_safe() {
            return Shown::No;
        }
        // One slash, whatever was asked for: two would name another host.
        let path = request.uri().path().trim_start_matches('/');
        let others = others.join("&");
        let address = if others.is_empty() { format!("/{path}") } else { format!("/{path}?{others}") };
        let answer = Response::builder()
            .status(StatusCode::SEE_OTHER)
            .header(LOCATION, address)
            .header(SET_COOKIE, format!("{NAME}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000", self.0))
            .body(Body::empty());
        match answer {
            Ok(answer) => Shown::InAddress(Box::new(answer)),
            Err(_) => Shown::No,
        }
    }

    /// Compares digests, so that how long it takes says nothing about how much of a guess was right.
    fn is(&self, shown: &str) -> bool {
        Sha256::digest(shown.as_bytes()) == Sha256::digest(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, headers: &[(&str, String)]) -> Request {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn it_is_shown_by_cookie_header_or_address_and_no_other_will_do() {
        let token = Token::new().unwrap();
        let (right, wrong) = (token.as_str().to_owned(), Token::new().unwrap().as_str().to_owned());
        assert_ne!(right, wrong);
        let is_shown = |request: &Request| matches!(token.check(request), Shown::Yes);
        assert!(is_shown(&asked("/", &[("authorization", format!("Bearer {right}"))])));
        assert!(is_shown(&asked("/", &[("cookie", format!("a=b; {NAME}={right}"))])));
        for shown in [&wrong, "", &right[..31], &format!("{right}0")] {
            assert!(!is_shown(&asked("/", &[("authorization", format!("Bearer {shown}"))])), "{shown}");
            assert!(!is_shown(&asked("/", &[("cookie", format!("{NAME}={shown}"))])), "{shown}");
            assert!(matches!(token.check(&asked(&format!("/?token={shown}"), &[])), Shown::No), "{shown}");
        }
    }

    #[test]
    fn shown_in_the_address_it_goes_into_a_cookie_and_out_of_the_address() {
        let token = Token::new().unwrap();
        let uri = format!("//evil.example/?a=1&token={}&b=2", token.as_str());
        let Shown::InAddress(answer) = token.check(&asked(&uri, &[])) else { panic!("it was shown") };
        assert_eq!(answer.headers()[LOCATION], "/evil.example/?a=1&b=2");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    }
}
