//! Clients that send half a request: when there are too many, they are closed to make room for
//! others.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::certificate::Certificate;
use super::client::Client;
use super::site::{Site, listen};

/// Maximum number of connections of the server.
const PLACES: usize = 4;

async fn half_request(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(b"GET / HT").await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_half_request_is_closed_and_answered_ones_are_not() {
    let site = Site::new().await;
    let address = listen(site.host.http().server().connections_max(PLACES)).await;
    let mut answered = Client::connect(address).await;
    let answered = tokio::spawn(async move { answered.get("/sleep?1500").await.text });
    site.wait_for_requests(1).await;
    let mut oldest = half_request(address).await;
    let mut others = Vec::new();
    for _ in 0..3 * PLACES {
        others.push(half_request(address).await);
    }
    assert_eq!(Client::connect(address).await.get("/").await.status, 200);
    assert_eq!(
        oldest.read(&mut [0; 8]).await.unwrap_or(0),
        0,
        "it was closed"
    );
    assert_eq!(answered.await.expect("a task"), "slept\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_without_a_tls_handshake_are_closed() {
    let site = Site::new().await;
    let tls = Certificate::self_signed("localhost").tls();
    let address = listen(site.host.http().server().connections_max(1).tls(tls)).await;
    let mut silent = TcpStream::connect(address).await.expect("connected");
    let _next = TcpStream::connect(address).await.expect("connected");
    assert_eq!(
        silent.read(&mut [0; 8]).await.unwrap_or(0),
        0,
        "it was closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_does_not_wait_for_half_requests() {
    let mut site = Site::new().await;
    let mut half = half_request(site.address).await;
    // Connections are accepted in order.
    assert_eq!(site.get("/").await.status, 200);
    drop(site.stop.take());
    assert_eq!(
        half.read(&mut [0; 8]).await.unwrap_or(0),
        0,
        "it was closed"
    );
    (&mut site.server)
        .await
        .expect("no panic")
        .expect("it ended");
}
