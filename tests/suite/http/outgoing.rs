//! Requests of components over TLS to a server that speaks HTTP/2.

use std::time::Duration;

use airssys_wasm_host::{Deployment, Host, Instancing, Limits};
use http::Version;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::certificate::Certificate;
use super::client::pattern;
use super::site::{AccessRecords, Site, listen};
use crate::capabilities::probe::{attempt, builder, grants, probe};

/// A site over TLS, and a component on another host that may send it any request.
struct OutgoingFixture {
    site: Site,
    accesses: AccessRecords,
    host: Host,
    requester: Deployment,
    url: String,
}

impl OutgoingFixture {
    async fn start() -> Self {
        let site = Site::new().await;
        let certificate = Certificate::self_signed("127.0.0.1");
        let told = AccessRecords::default();
        let server = site
            .host
            .http()
            .server()
            .tls(certificate.tls())
            .access_log(told.clone());
        let url = format!("https://{}", listen(server).await);
        let host = builder()
            .root_certificate(certificate.root.to_vec())
            .build()
            .expect("a host");
        let granted = grants(&[&format!("http * {url}/**")]);
        let asks = host
            .deploy(probe(&[]))
            .name("asks")
            .grants(granted)
            .instancing(Instancing::pooled(2));
        let asks = asks.await.expect("deployed");
        Self {
            site,
            accesses: told,
            host,
            requester: asks,
            url,
        }
    }

    async fn get(&self, path: &str) -> String {
        attempt(
            &self.requester,
            &["http", "GET", &format!("{}{path}", self.url)],
        )
        .await
        .expect("an answer")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_used_where_the_server_supports_it() {
    let asking = OutgoingFixture::start().await;
    let who = asking.get("/who?a=b").await;
    let authority = asking.url.trim_start_matches("https://");
    assert!(
        who.contains(&format!(
            "Method::Get Some(Scheme::Https) {authority} /who?a=b\n"
        )),
        "{who}"
    );
    let first = asking.accesses.next().await;
    assert_eq!(first.version, Version::HTTP_2);
    assert_eq!(
        asking.get("/big?1000").await,
        format!("200 {}", String::from_utf8_lossy(&pattern(1_000)))
    );
    let second = asking.accesses.next().await;
    assert_eq!(
        (second.version, second.peer),
        (Version::HTTP_2, first.peer),
        "over the same connection"
    );
    assert_eq!(asking.get("/").await, "200 hello from 1.0.0\n");
}

/// A server must not take an incomplete request for a complete one.
#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_request_is_not_taken_for_a_complete_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let callee = listener.local_addr().expect("bound");
    let came = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut came = Vec::new();
        let _ = stream.read_to_end(&mut came).await;
        String::from_utf8_lossy(&came).into_owned()
    });
    let site = Site::new().await;
    site.update_granting(
        "plain-web",
        grants(&[&format!("http * http://{callee}/**")]),
    )
    .await;
    assert_eq!(
        site.get(&format!("/upload-half?{callee}")).await.status,
        500
    );
    let came = tokio::time::timeout(Duration::from_secs(5), came)
        .await
        .expect("closed")
        .expect("no panic");
    assert!(
        came.contains("\r\n4\r\nsome\r\n") && !came.ends_with("0\r\n\r\n"),
        "{came:?}"
    );
}

/// Once a server has answered, no more of the request body is sent: there is no permit for it, and
/// the connection is not reused.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_answered_early_is_not_sent_further() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let callee = listener.local_addr().expect("bound");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut piece = [0; 65_536];
                let _ = stream.read(&mut piece).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await;
                let mut bytes = 0;
                while let Ok(read @ 1..) = stream.read(&mut piece).await {
                    bytes += read;
                }
                let _ = tell.send(bytes);
            });
        }
    });
    let site = Site::serving_guest("plain-web", Limits::default(), Instancing::pooled(1)).await;
    site.update_granting(
        "plain-web",
        grants(&[&format!("http * http://{callee}/**")]),
    )
    .await;
    for _ in 0..2 {
        site.get(&format!("/upload?{callee}")).await;
        let bytes = tokio::time::timeout(Duration::from_secs(5), told.recv())
            .await
            .expect("it is closed");
        assert!(
            bytes.expect("sent") < 100_000,
            "{bytes:?} of 400 KiB were still sent"
        );
    }
}

/// Sending a request body ends with the permit, even if the server has answered long ago.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_sending_of_a_request_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let callee = listener.local_addr().expect("bound");
    let (tell, told) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let (mut piece, mut bytes, mut tell) = (vec![0; 65_536], 0, Some(tell));
        // An answer before the request would close the connection.
        bytes += stream.read(&mut piece).await.expect("a head");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe")
            .await
            .expect("sent");
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            bytes += read;
            if let Some(tell) = tell.take_if(|_| bytes > 1_000_000) {
                tell.send(()).expect("the test waits");
            }
        }
    });
    let host = builder().build().expect("a host");
    let rule = format!("http POST http://{callee}/**");
    let asks = host
        .deploy(probe(&[]))
        .name("asks")
        .grants(grants(&[&rule]))
        .await
        .expect("deployed");
    let sending = tokio::spawn(async move {
        attempt(&asks, &["http-upload", &format!("http://{callee}/")]).await
    });
    told.await.expect("it is sent");
    crate::support::revoke(&host, "asks", &rule).await;
    let closed = tokio::time::timeout(Duration::from_secs(5), server)
        .await
        .expect("nothing more is sent");
    closed.expect("no panic");
    sending
        .await
        .expect("an answer of the guest")
        .expect_err("it was cut off");
}

/// Exchanges in progress end with the permit, in HTTP/2 as in HTTP/1.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_exchanges_in_progress() {
    let asking = OutgoingFixture::start().await;
    let (asks, url) = (
        asking.requester.clone(),
        format!("{}/big?100000000000", asking.url),
    );
    let streaming =
        tokio::spawn(async move { attempt(&asks, &["http-stream", &url, "4000000000"]).await });
    asking.site.wait_for_requests(1).await;
    // Long enough for part of its body to arrive.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let rule = format!("http * {}/**", asking.url);
    crate::support::revoke(&asking.host, "asks", &rule).await;
    let ended = tokio::time::timeout(Duration::from_secs(5), streaming)
        .await
        .expect("the stream ends at once");
    let ended = ended
        .expect("an answer of the guest")
        .expect_err("it was cut off");
    // On a slow machine the head may still be missing.
    assert!(
        ended.starts_with("cut off") || ended.contains("HttpRequestDenied"),
        "{ended}"
    );
    asking.site.wait_until_idle().await;
    assert_eq!(asking.accesses.next().await.version, Version::HTTP_2);
}
