//! Who may call: every route but health and the API description wants the configured bearer token.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::config::Secret;

/// The token's digest. Comparing digests takes the same time wherever a guess goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer([u8; 32]);

impl Bearer {
    #[must_use]
    pub(crate) fn new(token: &Secret) -> Self {
        Self(Sha256::digest(token.expose()).into())
    }

    fn admits(&self, header: Option<&HeaderValue>) -> bool {
        // The scheme is of any case (RFC 9110, 11.1), the token is not.
        let credentials = header.and_then(|value| value.to_str().ok()).and_then(|text| text.split_once(' '));
        let token = credentials.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        token.is_some_and(|token| self.0 == <[u8; 32]>::from(Sha256::digest(token)))
    }
}

pub(crate) async fn require(State(bearer): State<Bearer>, request: Request, next: Next) -> Response {
    if bearer.admits(request.headers().get(AUTHORIZATION)) {
        return next.run(request).await;
    }
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "expected `Authorization: Bearer <token>`");
    let mut response = problem.into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_admitted() {
        let secret: Secret = toml::Value::String("0123456789abcdef".to_owned()).try_into().unwrap();
        let bearer = Bearer::new(&secret);
        let header = |text: &str| HeaderValue::from_str(text).unwrap();
        for right in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef", "BEARER 0123456789abcdef"] {
            assert!(bearer.admits(Some(&header(right))), "{right}");
        }
        for wrong in [
            "Bearer 0123456789abcde",
            "Bearer 0123456789ABCDEF",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
            "Bearer ",
        ] {
            assert!(!bearer.admits(Some(&header(wrong))), "{wrong}");
        }
        assert!(!bearer.admits(None));
    }
}
