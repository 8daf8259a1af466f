//! The API over TCP, for clients that cannot reach the socket: only on this machine, and only with
//! a token. Connections are not encrypted.
//!
//! Tests: in this file, and `airssys-wasm-cli/tests/cli/serving.rs`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use airssys_wasm_core::Digest;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE};
use tokio::net::TcpListener;

use crate::api::{Problem, kinds};

/// Minimum length of a token, in bytes.
const TOKEN_BYTES_MIN: usize = 16;

/// Maximum time a client may take to send the head of a request, and with it the token.
const CLIENT_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// The address of the TCP listener, and the token that requests must carry.
pub(crate) struct TcpEndpoint {
    address: SocketAddr,
    token: ApiToken,
}

/// The token that authorizes a request. Only its digest is stored.
#[derive(Clone, Copy)]
struct ApiToken(Digest);

impl TcpEndpoint {
    /// Reads the token.
    ///
    /// # Errors
    ///
    /// Fails if the address is not a loopback address, or if the token cannot be read or is too
    /// short.
    pub(crate) fn new(address: SocketAddr, token_file: &Path) -> Result<Self, Problem> {
        if !address.ip().is_loopback() {
            let message = format!(
                "`{address}` is reachable from other machines, and the connection is not encrypted: use a loopback address such as `127.0.0.1:7070`; other machines can connect through `ssh -L` or a proxy with TLS"
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
        Ok(Self {
            address,
            token: ApiToken::read(token_file)?,
        })
    }

    pub(super) async fn bind(&self) -> Result<TcpListener, Problem> {
        TcpListener::bind(self.address).await.map_err(|error| {
            Problem::new(kinds::IO, format!("cannot listen on `{}`", self.address))
                .with_cause(error)
        })
    }

    /// Returns the time a client may take to send the head of a request. Limited over TCP, where
    /// any user of this machine may connect.
    pub(super) fn client_timeout(client_timeout: Duration) -> Duration {
        client_timeout.min(CLIENT_TIMEOUT_MAX)
    }

    /// Returns the API with a check of the token before it.
    pub(super) fn require_token(&self, router: Router) -> Router {
        let token = self.token;
        router.layer(from_fn(move |request: Request, next: Next| async move {
            if token.authorizes(&request) {
                next.run(request).await
            } else {
                unauthorized()
            }
        }))
    }
}

impl ApiToken {
    /// Reads the token from the first line of a file that only its owner may read.
    fn read(path: &Path) -> Result<Self, Problem> {
        let token = crate::paths::read_token(path)?;
        if token.len() < TOKEN_BYTES_MIN {
            let message = format!(
                "the token in `{}` is shorter than {TOKEN_BYTES_MIN} bytes; create one with `openssl rand -hex 32`",
                path.display()
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
        Ok(Self::from_text(&token))
    }

    fn from_text(token: &str) -> Self {
        Self(Digest::compute(token.as_bytes()))
    }

    /// Returns `true` if the request carries the token. Compares digests, so that the time this
    /// takes reveals nothing about the token.
    fn authorizes(self, request: &Request) -> bool {
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|header| header.to_str().ok());
        header
            .and_then(|header| header.strip_prefix("Bearer "))
            .is_some_and(|token| Self::from_text(token).0 == self.0)
    }
}

fn unauthorized() -> Response {
    let message = "this request needs the token of the host process: `Authorization: Bearer TOKEN`";
    let problem = Problem::new(kinds::NOT_PERMITTED, message);
    // A client without the token must not hold the connection.
    let headers = [(WWW_AUTHENTICATE, "Bearer"), (CONNECTION, "close")];
    (StatusCode::UNAUTHORIZED, headers, axum::Json(problem)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request_with(header: Option<&str>) -> Request {
        let mut request = Request::new(axum::body::Body::empty());
        request
            .headers_mut()
            .extend(header.map(|header| (AUTHORIZATION, header.parse().expect("a header"))));
        request
    }

    #[test]
    fn only_the_token_is_accepted() {
        let token = ApiToken::from_text("0123456789abcdef");
        assert!(token.authorizes(&request_with(Some("Bearer 0123456789abcdef"))));
        for header in [
            None,
            Some(""),
            Some("Bearer "),
            Some("Bearer 0123456789abcdeF"),
            Some("0123456789abcdef"),
        ] {
            assert!(!token.authorizes(&request_with(header)), "{header:?}");
        }
    }

    #[test]
    fn public_addresses_and_short_tokens_are_rejected() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("token");
        let write = |token: &str, mode: u32| {
            std::fs::write(&path, token).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        };
        let new =
            |address: &str| TcpEndpoint::new(address.parse().expect("an address"), &path).map(drop);
        write("0123456789abcdef\n", 0o600);
        new("127.0.0.1:0").expect("it is accepted");
        assert!(
            new("0.0.0.0:0")
                .expect_err("others reach it")
                .message
                .contains("proxy with TLS")
        );
        write("0123456789abcdef", 0o640);
        assert!(
            new("127.0.0.1:0")
                .expect_err("others read it")
                .message
                .contains("chmod 600")
        );
        write("short", 0o600);
        assert!(
            new("127.0.0.1:0")
                .expect_err("it is short")
                .message
                .contains("openssl")
        );
    }
}
