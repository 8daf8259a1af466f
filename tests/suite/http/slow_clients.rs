//! Clients that take longer than they are allowed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use airssys_wasm_host::Limits;
use airssys_wasm_host::http::Tls;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::certificate::Certificate;
use super::client::{Client, absolute_get, collect, connect_http2, http2};
use super::site::{Site, listen};

const TIMEOUT: Duration = Duration::from_millis(400);

/// Long enough for connections that the server cuts off after its timeout, and far shorter than
/// others last.
const SOON: Duration = Duration::from_secs(10);

async fn impatient_server(site: &Site, tls: Option<Tls>) -> SocketAddr {
    let mut server = site
        .host
        .http()
        .server()
        .client_timeout(TIMEOUT)
        .access_log(site.accesses.clone());
    if let Some(tls) = tls {
        server = server.tls(tls);
    }
    listen(server).await
}

/// Waits until the server has closed the connection and returns everything received.
async fn read_until_closed(stream: &mut TcpStream) -> String {
    let mut came = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut came))
        .await
        .expect("it is closed");
    drop(read);
    String::from_utf8_lossy(&came).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_a_head_are_disconnected() {
    let site = Site::new().await;
    let address = impatient_server(&site, None).await;
    for said in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: a\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(said.as_bytes()).await.expect("sent");
        let begun = Instant::now();
        read_until_closed(&mut stream).await;
        assert!(
            begun.elapsed() >= TIMEOUT / 2,
            "{said:?}: {:?}",
            begun.elapsed()
        );
    }
    assert_eq!(site.web.status().calls_admitted, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_clients_are_disconnected() {
    let site = Site::new().await;
    let address = impatient_server(&site, None).await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sent");
    assert!(
        read_until_closed(&mut stream)
            .await
            .contains("hello from 1.0.0")
    );

    let (mut sender, connection) = connect_http2(address, &http2()).await;
    assert_eq!(
        sender
            .send_request(absolute_get("/"))
            .await
            .expect("a head")
            .status(),
        200
    );
    tokio::time::timeout(SOON, connection)
        .await
        .expect("it is closed")
        .expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_a_tls_handshake_are_disconnected() {
    let site = Site::new().await;
    let address = impatient_server(&site, Some(Certificate::self_signed("localhost").tls())).await;
    read_until_closed(&mut TcpStream::connect(address).await.expect("connected")).await;
}

/// The guest may wait long enough; the client may not.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_read_are_cut_off() {
    let site = Site::with_limits(Limits {
        http_deadline: Duration::from_secs(60),
        ..Limits::default()
    })
    .await;
    let address = impatient_server(&site, None).await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream
        .write_all(b"GET /big?900000000 HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .expect("sent");
    let cut_off = tokio::time::timeout(SOON, site.accesses.next_of_path("/big"))
        .await
        .expect("it is cut off");
    assert!(!cut_off.is_complete);
    site.wait_until_idle().await;
}

/// An HTTP/2 client may stop reading one answer and continue with everything else.
#[tokio::test(flavor = "multi_thread")]
async fn http2_clients_that_do_not_read_are_cut_off() {
    let site = Site::with_limits(Limits {
        http_deadline: Duration::from_secs(60),
        ..Limits::default()
    })
    .await;
    let address = impatient_server(&site, None).await;
    let (mut sender, _) = connect_http2(address, http2().initial_stream_window_size(1)).await;
    let kept = sender
        .send_request(absolute_get("/big?900000000"))
        .await
        .expect("a head");
    let cut_off = tokio::time::timeout(SOON, site.accesses.next_of_path("/big"))
        .await
        .expect("it is cut off");
    assert!(!cut_off.is_complete);
    site.wait_until_idle().await;
    drop(kept);
}

/// A guest may take longer than a client.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_wait_for_a_guest_are_not_cut_off() {
    let site = Site::new().await;
    let address = impatient_server(&site, None).await;
    let (mut sender, _) = connect_http2(address, &http2()).await;
    let answer = sender
        .send_request(absolute_get("/sleep?1500"))
        .await
        .expect("a head");
    let answer = collect(answer).await.expect("a body");
    assert_eq!(answer.text, "slept\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_limited() {
    let site = Site::new().await;
    let address = listen(site.host.http().server().connections_max(1)).await;
    let mut first = Client::connect(address).await;
    let first = tokio::spawn(async move { first.get("/sleep?1500").await.text });
    site.wait_for_requests(1).await;
    let second = tokio::spawn(async move { Client::connect(address).await.get("/").await.status });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!second.is_finished() && !first.is_finished(), "both wait");
    assert_eq!(
        first.await.expect("a task"),
        "slept\n",
        "it was not cut off"
    );
    assert_eq!(second.await.expect("a task"), 200);
}
