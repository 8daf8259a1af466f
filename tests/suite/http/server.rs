//! The server: HTTP/2, TLS, changing routes, its access log, and shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::http::ServingRevision;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::certificate::Certificate;
use super::client::{Client, absolute_get, collect, connect_http2, empty_body, http2, request};
use super::site::{Site, listen};

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_used_with_clients_that_start_it() {
    let site = Site::new().await;
    let (sender, _) = connect_http2(site.address, &http2()).await;
    let asked = (0..50).map(|number| {
        let mut sender = sender.clone();
        async move {
            let asked = absolute_get(&format!("/sleep?{}", number % 7));
            collect(sender.send_request(asked).await.expect("a head"))
                .await
                .expect("a body")
                .text
        }
    });
    for text in futures_util::future::join_all(asked).await {
        assert_eq!(text, "slept\n");
    }
    assert_eq!(site.accesses.next().await.version, http::Version::HTTP_2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_in_the_access_log() {
    let site = Site::new().await;
    site.get("/big?1000").await;
    let access = site.accesses.next().await;
    assert_eq!(
        (access.method.as_str(), access.path.as_str(), access.bytes),
        ("GET", "/big", 1_000)
    );
    assert_eq!(
        (
            access.status.map(|status| status.as_u16()),
            access.host.as_deref()
        ),
        (Some(200), Some("localhost"))
    );
    assert!(access.is_complete && access.peer.ip().is_loopback());
    for (method, path) in [
        ("GET", "/empty"),
        ("GET", "/no-such-thing"),
        ("HEAD", "/"),
        ("HEAD", "/big?100000000"),
    ] {
        site.connect()
            .await
            .send(request(method, path, empty_body()))
            .await;
        assert!(
            site.accesses.next().await.is_complete,
            "{method} {path} has no body to be cut off"
        );
    }
    let ServingRevision {
        deployment,
        revision,
        ..
    } = access.served.expect("a revision");
    assert_eq!((deployment.as_str(), revision), ("web", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_change_while_it_serves() {
    let site = Site::new().await;
    let mut client = Client::connect(listen(site.host.http().server()).await).await;
    site.host.http().remove_route("/").await.expect("removed");
    assert_eq!(client.get("/shop/who").await.status, 404);
    site.host
        .http()
        .set_route("/shop", "web")
        .await
        .expect("a route");
    assert!(
        client.get("/shop/who").await.text.contains("/shop/who"),
        "the guest sees the whole path"
    );
    assert_eq!(client.get("/shopping").await.status, 404);
}

/// Load balancers query the health path, whatever the routes.
#[tokio::test(flavor = "multi_thread")]
async fn the_health_path_is_answered_by_the_server() {
    let site = Site::new().await;
    let server = site
        .host
        .http()
        .server()
        .health("/healthz")
        .access_log(site.accesses.clone());
    let mut client = Client::connect(listen(server).await).await;
    for _ in 0..2 {
        let answer = client.get("/healthz").await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (200, "serving\n")
        );
        site.host.http().remove_route("/").await.expect("removed");
    }
    site.host
        .http()
        .set_route("/", "web")
        .await
        .expect("a route");
    assert_eq!(
        client
            .send(request("POST", "/healthz", empty_body()))
            .await
            .status,
        404,
        "the guest answers this path"
    );
    assert_eq!(client.get("/healthz/x").await.status, 404);
    assert_eq!(site.accesses.next().await.path, "/healthz/x");
    assert_eq!(
        site.accesses.next().await.method,
        "POST",
        "health checks are not in the access log"
    );
}

/// Requests in progress are answered, and idle connections are closed.
#[tokio::test(flavor = "multi_thread")]
async fn shutdown_waits_for_requests_in_progress() {
    let mut site = Site::new().await;
    let mut idle = TcpStream::connect(site.address).await.expect("connected");
    let mut busy = site.connect().await;
    let answer = tokio::spawn(async move { busy.get("/sleep?300").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(site.stop.take());
    assert_eq!(answer.await.expect("a task").text, "slept\n");
    (&mut site.server)
        .await
        .expect("no panic")
        .expect("it ended");
    assert_eq!(idle.read(&mut [0; 8]).await.expect("closed"), 0);
    TcpStream::connect(site.address)
        .await
        .map(drop)
        .expect_err("no connection is accepted");
}

async fn over_tls(address: SocketAddr, root: CertificateDer<'static>) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(root).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    let stream = stream.map_err(|error| error.to_string())?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.expect("an HTTP/1 connection");
    tokio::spawn(connection);
    let answer = sender
        .send_request(request("GET", "/who", empty_body()))
        .await
        .expect("a head");
    Ok(String::from_utf8_lossy(
        &answer
            .into_body()
            .collect()
            .await
            .expect("whole")
            .to_bytes(),
    )
    .into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_served_and_its_certificate_replaced() {
    let site = Site::new().await;
    let mut certificate = Certificate::self_signed("localhost");
    let (tls, old) = (certificate.tls(), certificate.root.clone());
    let address = listen(site.host.http().server().tls(tls.clone())).await;
    let told = over_tls(address, old.clone()).await.expect("it is trusted");
    assert!(
        told.contains("Some(Scheme::Https) localhost /who"),
        "{told}"
    );

    std::fs::copy(certificate.file("cert.pem"), certificate.file("key.pem")).expect("written");
    let error = tls.reload().expect_err("no key");
    assert!(
        error
            .to_string()
            .contains("key.pem` cannot be used for TLS: it contains no private key"),
        "{error}"
    );
    over_tls(address, old.clone())
        .await
        .expect("the previous certificate is still used");

    certificate.replace("localhost");
    tls.reload().expect("usable");
    over_tls(address, certificate.root)
        .await
        .expect("it is trusted");
    over_tls(address, old).await.expect_err("it is not trusted");
}
