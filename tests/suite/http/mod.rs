//! Components that answer HTTP requests, asked by clients over sockets.

mod answers;
mod bodies;
mod browser;
mod clients;
mod outgoing;
mod patience;
mod refused;
mod server;
mod service;
mod smuggling;
mod updates;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::http::{Access, AccessLog, HttpServer};
use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Deployment, Host, Instancing, Limits};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{guest, host};

/// A host that serves one component, and what its log was told.
struct Site {
    host: Host,
    web: Deployment,
    address: SocketAddr,
    told: Told,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Access>>>);

impl AccessLog for Told {
    fn record(&self, access: Access) {
        self.0.lock().push(access);
    }
}

impl Told {
    /// The next of what is told, when it comes.
    async fn next(&self) -> Access {
        loop {
            if let Some(access) = self.0.lock().pop() {
                return access;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Told {
    /// What is told of a path, when it comes.
    async fn of(&self, path: &str) -> Access {
        let path = path.split('?').next().unwrap_or_default();
        loop {
            let access = self.next().await;
            if access.path == path {
                return access;
            }
        }
    }
}

impl Site {
    async fn of(limits: Limits, instancing: Instancing) -> Self {
        Self::serving("http-v1", limits, instancing).await
    }

    async fn serving(guest_name: &str, limits: Limits, instancing: Instancing) -> Self {
        let host = host();
        let web = guest(guest_name).with_name("web").expect("a name");
        let web = host.deploy(web).limits(limits).instancing(instancing).await.expect("deployed");
        host.route("/", "web").await.expect("a route");
        let told = Told::default();
        let server = HttpServer::new(&host).access_log(told.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.serve(listener, async { drop(stopped.await) }));
        Self { host, web, address, told, stop: Some(stop), server }
    }

    async fn new() -> Self {
        Self::of(Limits::default(), Instancing::PerCall).await
    }

    async fn with(limits: Limits) -> Self {
        Self::of(limits, Instancing::PerCall).await
    }

    /// Another version of the component, which answers from now on.
    async fn update(&self, guest_name: &str) {
        let next = guest(guest_name).with_name("web").expect("a name");
        let update = self.host.update("web", next).any_version().grants(Grants::new());
        update.await.expect("updated");
    }

    /// A connection for several requests.
    async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.connect().await.get(path).await
    }

    /// Sends bytes as they are, and reads until the server closes or a while has passed.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_millis(500), read).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until nothing is inside.
    async fn idle(&self) {
        for _ in 0..1_000 {
            let status = self.web.status();
            if status.calls_in_flight == 0 && status.instances == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("something stays inside: {:?}", self.web.status());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Sent = UnsyncBoxBody<Bytes, std::io::Error>;

struct Client(http1::SendRequest<Sent>);

/// An answer that was read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    trailers: HeaderMap,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn begin(&mut self, request: Request<Sent>) -> Result<Response<Incoming>, hyper::Error> {
        self.0.ready().await?;
        self.0.send_request(request).await
    }

    async fn send(&mut self, request: Request<Sent>) -> Answer {
        let response = self.begin(request).await.expect("a head");
        read(response).await.expect("a body")
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(request("GET", path, nothing())).await
    }
}

async fn read(response: Response<Incoming>) -> Result<Answer, hyper::Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Answer { status: head.status, headers: head.headers, text, trailers })
}

fn request(method: &str, path: &str, body: Sent) -> Request<Sent> {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    request.body(body).expect("a request")
}

fn nothing() -> Sent {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

fn whole(bytes: impl Into<Bytes>) -> Sent {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// The body that the guests make and check.
fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place % 251) as u8).collect()
}
