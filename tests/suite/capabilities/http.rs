//! Outgoing HTTP requests: connections are reused only by the component that opened them, and a
//! request ends with its grant.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use airssys_wasm_host::{Deployment, Instancing, Resolver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::probe::{attempt, builder, grants, host, probe};

/// A server that answers a fixed number of requests per connection and counts connections.
pub(super) struct CountingServer {
    pub(super) address: String,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl CountingServer {
    pub(super) async fn start(requests_per_connection: usize, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address").to_string();
        let (connections, open) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counted = (Arc::clone(&connections), Arc::clone(&open));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let open = Arc::clone(&counted.1);
                counted.0.fetch_add(1, Ordering::SeqCst);
                open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    serve(stream, requests_per_connection, answer).await.ok();
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            connections,
            open,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn get(&self, deployment: &Deployment) -> String {
        let url = format!("http://{}/", self.address);
        attempt(deployment, &["http", "GET", &url])
            .await
            .expect("an answer")
    }
}

async fn serve(mut stream: TcpStream, requests: usize, answer: &str) -> std::io::Result<()> {
    for _ in 0..requests {
        if stream.read(&mut [0; 2048]).await? == 0 {
            return Ok(());
        }
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

pub(super) const PLAIN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";

async fn deploy_granted(
    host: &airssys_wasm_host::Host,
    name: &str,
    server: &CountingServer,
) -> Deployment {
    let component = probe(&[]).with_name(name).expect("a name");
    let grants = grants(&[&format!("http GET http://{}/**", server.address)]);
    host.deploy(component)
        .grants(grants)
        .instancing(Instancing::pooled(2))
        .await
        .expect("deployed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_reused_only_by_its_component() {
    let host = host();
    for (answer, told) in [
        (PLAIN, "200 hello"),
        (CHUNKED, "200 hello"),
        (EMPTY, "204 "),
    ] {
        let server = CountingServer::start(1_000, answer).await;
        let (one, other) = (
            deploy_granted(&host, "one", &server).await,
            deploy_granted(&host, "other", &server).await,
        );
        for _ in 0..5 {
            assert_eq!(server.get(&one).await, told);
            // Reused once the end of the answer has been seen.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.connections(), 1, "for {answer:?}");
        assert_eq!(server.get(&other).await, told);
        assert_eq!(
            server.connections(),
            2,
            "two components share no connection"
        );
        host.remove("one").await.expect("removed");
        host.remove("other").await.expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_closed_is_replaced() {
    let host = host();
    let server = CountingServer::start(1, PLAIN).await;
    let deployment = deploy_granted(&host, "one", &server).await;
    for _ in 0..50 {
        assert_eq!(server.get(&deployment).await, "200 hello");
        // Long enough for its end to be noticed; a request that was sent is not repeated.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections(), 50);
}

/// A resolver that reports that it was asked, and never answers.
struct StuckResolver(UnboundedSender<()>);

impl Resolver for StuckResolver {
    fn resolve(&self, _: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        self.0.send(()).expect("awaited");
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_for_a_name_ends_with_its_grant() {
    let (sender, mut asked) = unbounded_channel();
    let host = builder().resolver(StuckResolver(sender));
    let host = host.build().expect("a host");
    let grants = grants(&["http GET http://slow.test/**"]);
    let deployment = host.deploy(probe(&[])).name("one").grants(grants);
    let deployment = deployment.await.expect("deployed");
    let request =
        tokio::spawn(
            async move { attempt(&deployment, &["http", "GET", "http://slow.test/"]).await },
        );
    asked.recv().await.expect("it is resolved");
    crate::support::revoke(&host, "one", "http * http://slow.test/**").await;
    let answer = request.await.expect("a task");
    answer.expect_err("it is revoked, and its name is unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_closed_by_a_revocation() {
    let host = host();
    let server = CountingServer::start(1_000, PLAIN).await;
    let deployment = deploy_granted(&host, "one", &server).await;
    server.get(&deployment).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(
        server.open.load(Ordering::SeqCst),
        1,
        "it waits for another request"
    );
    crate::support::revoke(&host, "one", "http * http://127.0.0.1:*/**").await;
    for _ in 0..200 {
        if server.open.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection is still open");
}
