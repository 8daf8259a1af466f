//! Sends requests to a host process, over its socket or over TCP with a token.
//!
//! Opens a connection for each request, because a command sends only one or two.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/serving.rs`.

mod form;

use std::convert::Infallible;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Builder;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

pub(crate) use form::MultipartForm;

use crate::api::{Problem, kinds};
use crate::lines::lines;
use crate::output::show_spinner;
use crate::paths::read_token;

/// The body of a request.
type RequestBody = UnsyncBoxBody<Bytes, Infallible>;

/// A client of a host process.
#[derive(Clone, Debug)]
pub(crate) struct Client(HostAddress);

/// The address of a host process.
#[derive(Clone, Debug)]
enum HostAddress {
    Socket(PathBuf),
    /// A TCP address, and the value of the `authorization` header with the token.
    Tcp(SocketAddr, HeaderValue),
}

impl Client {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self(HostAddress::Socket(socket))
    }

    /// Creates a client that connects over TCP and authenticates with the token in a file.
    ///
    /// Fails if the address is not a loopback address, since the token is sent unencrypted.
    pub(crate) fn with_tcp(address: SocketAddr, token_file: &Path) -> Result<Self, Problem> {
        if !address.ip().is_loopback() {
            let message = format!(
                "`{address}` is not a loopback address, and the token would be sent unencrypted; forward the port with `ssh -L 7070:localhost:7070`"
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
        let token = format!("Bearer {}", read_token(token_file)?);
        let mut token = HeaderValue::try_from(token).map_err(|error| {
            let message = format!(
                "the token in `{}` has characters that an HTTP header cannot carry",
                token_file.display()
            );
            Problem::new(kinds::USAGE, message).with_cause(error)
        })?;
        token.set_sensitive(true);
        Ok(Self(HostAddress::Tcp(address, token)))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.request(Method::GET, path, None).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.request(Method::DELETE, path, None).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        request: &impl Serialize,
    ) -> Result<T, Problem> {
        let json = serde_json::to_vec(request).map_err(|error| protocol_error(&error))?;
        self.request(
            Method::POST,
            path,
            Some(("application/json".into(), json.into())),
        )
        .await
    }

    /// Posts a spec, along with the bytes of a component unless the host process already has it.
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        spec: &impl Serialize,
        component: Option<Vec<u8>>,
    ) -> Result<T, Problem> {
        let component = component.map(|bytes| ("component".to_owned(), bytes));
        self.upload_parts(path, spec, component).await
    }

    /// Posts a spec and components, each under the name of its part.
    pub(crate) async fn upload_parts<T: DeserializeOwned>(
        &self,
        path: &str,
        spec: &impl Serialize,
        components: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<T, Problem> {
        self.send_parts(Method::POST, path, spec, components).await
    }

    /// Puts a desired state and components, each under the name of its part.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        spec: &impl Serialize,
        components: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<T, Problem> {
        self.send_parts(Method::PUT, path, spec, components).await
    }

    async fn send_parts<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        spec: &impl Serialize,
        components: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<T, Problem> {
        let spec = serde_json::to_vec(spec).map_err(|error| protocol_error(&error))?;
        let form = MultipartForm::new().with_part("spec", "application/json", &spec);
        let form = components.into_iter().fold(form, |form, (part, bytes)| {
            form.with_part(&part, "application/wasm", &bytes)
        });
        self.request(method, path, Some(form.encode())).await
    }

    /// Sends lines until the stream ends, and calls `each` for every line of the response
    /// meanwhile.
    pub(crate) async fn exchange(
        &self,
        path: &str,
        lines: impl Stream<Item = String> + Send + 'static,
        each: impl FnMut(&str),
    ) -> Result<(), Problem> {
        let frames = lines.map(|line| Ok(Frame::data(Bytes::from(line + "\n"))));
        let body = StreamBody::new(frames).boxed_unsync();
        let head = Request::builder().method(Method::POST).uri(path);
        read_lines(
            self.send(head.header(CONTENT_TYPE, "text/plain"), body)
                .await?,
            each,
        )
        .await
    }

    /// Fetches the body at a path.
    pub(crate) async fn fetch(&self, path: &str) -> Result<Bytes, Problem> {
        read_body(
            self.send(Request::builder().uri(path), empty_body())
                .await?,
        )
        .await
    }

    /// Calls `each` for every line of the response until it ends.
    pub(crate) async fn watch(&self, path: &str, each: impl FnMut(&str)) -> Result<(), Problem> {
        read_lines(
            self.send(Request::builder().uri(path), empty_body())
                .await?,
            each,
        )
        .await
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<(String, Bytes)>,
    ) -> Result<T, Problem> {
        let head = Request::builder().method(method).uri(path);
        let (head, body) = match body {
            Some((content_type, bytes)) => {
                (head.header(CONTENT_TYPE, content_type), full_body(bytes))
            }
            None => (head, empty_body()),
        };
        let _waiting = show_spinner("waiting for the host process");
        let bytes = read_body(self.send(head, body).await?).await?;
        serde_json::from_slice(&bytes).map_err(|error| protocol_error(&error))
    }

    /// Sends a request. Returns the response if its status is a success.
    async fn send(&self, head: Builder, body: RequestBody) -> Result<Response<Incoming>, Problem> {
        let (head, mut sender) = match &self.0 {
            HostAddress::Socket(socket) => {
                let stream = UnixStream::connect(socket).await;
                (
                    head,
                    handshake(stream.map_err(|error| connect_failed(&socket.display(), &error))?)
                        .await?,
                )
            }
            HostAddress::Tcp(address, token) => {
                let stream = TcpStream::connect(address).await;
                let sender =
                    handshake(stream.map_err(|error| connect_failed(address, &error))?).await?;
                (head.header(AUTHORIZATION, token), sender)
            }
        };
        let request = head
            .header(HOST, "localhost")
            .body(body)
            .map_err(|error| protocol_error(&error))?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(connection_failed)?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(read_problem(answer).await)
        }
    }
}

fn full_body(bytes: Bytes) -> RequestBody {
    Full::new(bytes).boxed_unsync()
}

fn empty_body() -> RequestBody {
    full_body(Bytes::new())
}

async fn read_lines(answer: Response<Incoming>, mut each: impl FnMut(&str)) -> Result<(), Problem> {
    let mut lines = pin!(lines(answer.into_body().into_data_stream()));
    while let Some(line) = lines.next().await {
        each(&line?);
    }
    Ok(())
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<SendRequest<RequestBody>, Problem> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(connection_failed)?;
    // The connection task ends with the response, or when the sender is dropped.
    tokio::spawn(connection);
    Ok(sender)
}

fn connection_failed(error: hyper::Error) -> Problem {
    Problem::new(
        kinds::NO_HOST,
        "the host process closed the connection before it responded",
    )
    .with_cause(error)
}

async fn read_body(answer: Response<Incoming>) -> Result<Bytes, Problem> {
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| protocol_error(&error))?;
    Ok(body.to_bytes())
}

async fn read_problem(answer: Response<Incoming>) -> Problem {
    let status = answer.status();
    match read_body(answer).await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Problem::new(
                kinds::PROTOCOL,
                format!("the host process responded with {status}"),
            )
            .with_cause(text)
        }),
        Err(problem) => problem,
    }
}

fn connect_failed(place: &dyn Display, error: &io::Error) -> Problem {
    let what = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "no host process is running; start one with `airssys-wasm serve`, or set its address with `--socket` or `--tcp-address`"
        }
        io::ErrorKind::PermissionDenied => {
            "the host process belongs to another user; run this command as that user"
        }
        _ => "the host process cannot be reached",
    };
    Problem::new(kinds::NO_HOST, format!("{what} (`{place}`)")).with_cause(error)
}

fn protocol_error(error: &dyn std::fmt::Display) -> Problem {
    let message = "the messages of the host process cannot be understood; check that it has the same version as this command";
    Problem::new(kinds::PROTOCOL, message).with_cause(error)
}

/// Percent-encodes text as a single segment of a path.
pub(crate) fn encode_segment(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b':' | b'@' => {
                segment.push(char::from(byte))
            }
            other => segment.push_str(&format!("%{other:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_segment_is_percent_encoded() {
        assert_eq!(super::encode_segment("demo:greeter"), "demo:greeter");
        assert_eq!(super::encode_segment("../a b?#é"), "..%2Fa%20b%3F%23%C3%A9");
    }
}
