//! Clients that send half a request: when there are too many, they are closed to make room for
//! others.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use airssys_wasm_host::http::HttpServer;

use super::certificate::Certificate;
use super::client::Client;
use super::site::{Site, listen};

/// Maximum number of connections of the server.
const PLACES: usize = 4;

async fn half(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(b"GET / HT").await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_gives_way_and_who_is_answered_does_not() {
    let site = Site::new().await;
    let address = listen(HttpServer::new(&site.host).connections_max(PLACES)).await;
    let mut answered = Client::connect(address).await;
    let answered = tokio::spawn(async move { answered.get("/sleep?1500").await.text });
    site.inside(1).await;
    let mut oldest = half(address).await;
    let mut others = Vec::new();
    for _ in 0..3 * PLACES {
        others.push(half(address).await);
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
async fn who_shakes_no_hands_gives_way() {
    let site = Site::new().await;
    let tls = Certificate::of("localhost").tls();
    let address = listen(HttpServer::new(&site.host).connections_max(1).tls(tls)).await;
    let mut silent = TcpStream::connect(address).await.expect("connected");
    let _next = TcpStream::connect(address).await.expect("connected");
    assert_eq!(
        silent.read(&mut [0; 8]).await.unwrap_or(0),
        0,
        "it was closed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_does_not_wait_for_them() {
    let mut site = Site::new().await;
    let mut half = half(site.address).await;
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
