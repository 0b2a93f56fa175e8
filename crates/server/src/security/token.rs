//! What whoever asks must show where the app listens to more than this computer.

use std::fmt;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE};
use axum::response::Response;
use sha2::{Digest, Sha256};

/// A secret of 128 bits, in hexadecimal, and the cookie that holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    secret: String,
    cookie: String,
}

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
        let secret = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Token { secret, cookie: "longhand_token".to_owned() })
    }

    /// Names the cookie after the port: cookies know none, and another app on this computer would overwrite it.
    pub(crate) fn is_of_port(&mut self, port: u16) {
        self.cookie = format!("longhand_token_{port}");
    }

    /// The token as it stands in an address.
    pub fn as_str(&self) -> &str {
        &self.secret
    }

    pub(crate) fn check(&self, request: &Request) -> Shown {
        let texts = |name| request.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
        let in_header = texts(AUTHORIZATION).filter_map(|value| value.strip_prefix("Bearer "));
        let in_cookie = texts(COOKIE)
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().strip_prefix(self.cookie.as_str())?.strip_prefix('='));
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
        // Lax: whoever follows the address from a mail or a chat comes from elsewhere, and a strict cookie would not be sent
        // along. What changes something is checked by its origin.
        let answer = Response::builder()
            .status(StatusCode::SEE_OTHER)
            .header(LOCATION, address)
            .header(
                SET_COOKIE,
                format!("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000", self.cookie, self.secret),
            )
            .body(Body::empty());
        match answer {
            Ok(answer) => Shown::InAddress(Box::new(answer)),
            Err(_) => Shown::No,
        }
    }

    /// Compares digests, so that how long it takes says nothing about how much of a guess was right.
    fn is(&self, shown: &str) -> bool {
        Sha256::digest(shown.as_bytes()) == Sha256::digest(self.secret.as_bytes())
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
        assert!(is_shown(&asked("/", &[("cookie", format!("a=b; {}={right}", token.cookie))])));
        for shown in [&wrong, "", &right[..31], &format!("{right}0")] {
            assert!(!is_shown(&asked("/", &[("authorization", format!("Bearer {shown}"))])), "{shown}");
            assert!(!is_shown(&asked("/", &[("cookie", format!("{}={shown}", token.cookie))])), "{shown}");
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
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}
