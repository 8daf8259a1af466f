//! What components ask for over TLS, of a server that speaks HTTP/2.

use std::time::Duration;

use airssys_wasm_host::http::{HttpServer, Tls};
use airssys_wasm_host::{Deployment, Host, Instancing};
use http::Version;
use tokio::net::TcpListener;

use super::{Site, Told, pattern};
use crate::capabilities::probe::{attempt, builder, grants, probe};

/// A site over TLS, and a component elsewhere that may ask it anything.
struct Asking {
    site: Site,
    told: Told,
    host: Host,
    asks: Deployment,
    url: String,
}

impl Asking {
    async fn begin() -> Self {
        let site = Site::new().await;
        let place = tempfile::tempdir().expect("a directory");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let file = |name: &str| place.path().join(name);
        std::fs::write(file("cert.pem"), made.cert.pem()).expect("written");
        std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).expect("written");
        let told = Told::default();
        let tls = Tls::from_files(file("cert.pem"), file("key.pem")).expect("usable");
        let server = HttpServer::new(&site.host).tls(tls).access_log(told.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("bound"));
        tokio::spawn(server.serve(listener, std::future::pending()));
        let host = builder().root_certificate(made.cert.der().to_vec()).build().expect("a host");
        let granted = grants(&[&format!("http * {url}/**")]);
        let asks = host.deploy(probe(&[])).name("asks").grants(granted).instancing(Instancing::pooled(2));
        let asks = asks.await.expect("deployed");
        Self { site, told, host, asks, url }
    }

    async fn get(&self, path: &str) -> String {
        attempt(&self.asks, &["http", "GET", &format!("{}{path}", self.url)]).await.expect("an answer")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_spoken_where_the_server_does() {
    let asking = Asking::begin().await;
    let who = asking.get("/who?a=b").await;
    let authority = asking.url.trim_start_matches("https://");
    assert!(who.contains(&format!("Method::Get Some(Scheme::Https) {authority} /who?a=b\n")), "{who}");
    let first = asking.told.next().await;
    assert_eq!(first.version, Version::HTTP_2);
    assert_eq!(asking.get("/big?1000").await, format!("200 {}", String::from_utf8_lossy(&pattern(1_000))));
    let second = asking.told.next().await;
    assert_eq!((second.version, second.peer), (Version::HTTP_2, first.peer), "over the same connection");
    assert_eq!(asking.get("/").await, "200 hello from 1.0.0\n");
}

/// What is under way ends with the permit, in HTTP/2 as in HTTP/1.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_what_is_under_way() {
    let asking = Asking::begin().await;
    let (asks, url) = (asking.asks.clone(), format!("{}/big?100000000000", asking.url));
    let streaming = tokio::spawn(async move { attempt(&asks, &["http-stream", &url, "4000000000"]).await });
    while asking.site.web.status().calls_in_flight == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asking.host.revoke("asks", &format!("http * {}/**", asking.url)).expect("deployed");
    let ended = tokio::time::timeout(Duration::from_secs(5), streaming).await.expect("at once");
    let ended = ended.expect("it tells").expect_err("it was cut off");
    assert!(ended.starts_with("cut off"), "{ended}");
    asking.site.idle().await;
    assert_eq!(asking.told.next().await.version, Version::HTTP_2);
}
