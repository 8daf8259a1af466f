//! A host that serves a component over a socket.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::http::{AccessLog, AccessRecord, HttpServer};
use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Deployment, Host, Instancing, Limits, Status};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::{Client, CollectedResponse, empty_body, request};
use crate::support::{guest, host};

/// A host that serves one component, with its access log.
pub(super) struct Site {
    pub(super) host: Host,
    pub(super) web: Deployment,
    pub(super) address: SocketAddr,
    pub(super) accesses: AccessRecords,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) server: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone, Default)]
pub(super) struct AccessRecords(Arc<Mutex<Vec<AccessRecord>>>);

impl AccessLog for AccessRecords {
    fn record(&self, access: AccessRecord) {
        self.0.lock().push(access);
    }
}

impl AccessRecords {
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Returns the accesses that have not been read yet.
    pub(super) fn take_all(&self) -> Vec<AccessRecord> {
        std::mem::take(&mut *self.0.lock())
    }

    /// Waits for the next access.
    pub(super) async fn next(&self) -> AccessRecord {
        loop {
            if let Some(access) = self.0.lock().pop() {
                return access;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for the next access of a path.
    pub(super) async fn next_of_path(&self, path: &str) -> AccessRecord {
        let path = path.split('?').next().unwrap_or_default();
        loop {
            let access = self.next().await;
            if access.path == path {
                return access;
            }
        }
    }
}

/// Starts a server on a separate port, which runs until the test ends.
pub(super) async fn listen(server: HttpServer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(server.serve(listener, pending()));
    address
}

impl Site {
    pub(super) async fn serving_guest(
        guest_name: &str,
        limits: Limits,
        instancing: Instancing,
    ) -> Self {
        let host = host();
        let web = guest(guest_name).with_name("web").expect("a name");
        let web = host
            .deploy(web)
            .limits(limits)
            .instancing(instancing)
            .await
            .expect("deployed");
        host.http().set_route("/", "web").await.expect("a route");
        let told = AccessRecords::default();
        let server = host.http().server().access_log(told.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.serve(listener, async { drop(stopped.await) }));
        Self {
            host,
            web,
            address,
            accesses: told,
            stop: Some(stop),
            server,
        }
    }

    pub(super) async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(super) async fn with_limits(limits: Limits) -> Self {
        Self::serving_guest("http-v1", limits, Instancing::PerCall).await
    }

    /// Updates to another version of the component.
    pub(super) async fn update(&self, guest_name: &str) {
        self.update_granting(guest_name, Grants::new()).await;
    }

    /// Updates to another version of the component with these grants.
    pub(super) async fn update_granting(&self, guest_name: &str, grants: Grants) {
        let next = guest(guest_name).with_name("web").expect("a name");
        self.host
            .update("web", next)
            .any_version()
            .grants(grants)
            .await
            .expect("updated");
    }

    /// Opens a connection for several requests.
    pub(super) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    pub(super) async fn get(&self, path: &str) -> CollectedResponse {
        self.connect().await.get(path).await
    }

    /// Sends a request and disconnects while the guest answers.
    pub(super) async fn ask_and_leave(&self, path: &str) {
        let mut client = self.connect().await;
        let asked = request("GET", path, empty_body());
        let asking = tokio::spawn(async move {
            let _answer = client.begin(asked).await;
            pending::<()>().await;
        });
        self.wait_for_requests(1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(self.web.status().calls_in_flight, 1, "{path}");
        asking.abort();
    }

    /// Sends raw bytes, and reads until the server closes the connection or a timeout passes.
    pub(super) async fn send_raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_millis(500), read).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until `requests` requests are in flight.
    pub(super) async fn wait_for_requests(&self, requests: u64) {
        self.wait_until(|status| status.calls_in_flight == requests)
            .await;
    }

    /// Waits until no request is in flight and no instance is left.
    pub(super) async fn wait_until_idle(&self) {
        self.wait_until(|status| status.calls_in_flight == 0 && status.instances == 0)
            .await;
    }

    async fn wait_until(&self, is_so: impl Fn(&Status) -> bool) {
        for _ in 0..2_000 {
            if is_so(&self.web.status()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the condition was never met: {:?}", self.web.status());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}
