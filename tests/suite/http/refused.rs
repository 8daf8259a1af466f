//! Requests that never reach a guest: each has its status, and the next request is answered.

use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Host, Limits};

use super::client::{Client, empty_body, full_body, pattern, request, with_header};
use super::site::{Site, listen};
use crate::support::guest;

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_a_guest_has_a_status() {
    let limits = Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let site = Site::with_limits(limits).await;
    let mut client = site.connect().await;
    for (path, status) in [
        ("/trap", 500),
        ("/none", 500),
        ("/leak", 500),
        ("/forget?10", 500),
        ("/lie", 500),
        ("/half?10", 500),
        ("/error", 502),
        ("/hang", 504),
        ("/spin", 504),
        ("/sleep?1000", 504),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(
            !answer.text.contains("wasm"),
            "internal details are not revealed: {}",
            answer.text
        );
    }
    assert_eq!(
        client.get("/").await.status,
        200,
        "the connection stays open"
    );
    site.wait_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused() {
    let site = Site::with_limits(Limits {
        http_request_bytes_max: 1_000,
        ..Limits::default()
    })
    .await;
    let send = async |bytes: usize| {
        site.connect()
            .await
            .send(request("POST", "/count", full_body(pattern(bytes))))
            .await
    };
    assert_eq!(send(1_000).await.text, "1000 bytes, 0 wrong, 0 trailers\n");
    assert_eq!(send(1_001).await.status, 413, "the length is declared");
    let chunked =
        "POST /count HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n";
    let told = site
        .send_raw(&[chunked.as_bytes(), &pattern(1_001), b"\r\n0\r\n\r\n"].concat())
        .await;
    assert!(
        told.starts_with("HTTP/1.1 400"),
        "the guest notices and reports it: {told}"
    );
    site.wait_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_protocols_are_refused_and_optional_upgrades_ignored() {
    let site = Site::new().await;
    for (upgrade, status) in [("websocket", 501), ("h2c", 200)] {
        let asked = with_header(request("GET", "/", empty_body()), "connection", "upgrade");
        let asked = with_header(asked, "upgrade", upgrade);
        assert_eq!(
            site.connect().await.send(asked).await.status,
            status,
            "{upgrade}"
        );
    }
    let told = site
        .send_raw(b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost:80\r\n\r\n")
        .await;
    assert!(told.starts_with("HTTP/1.1 501"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_deployment_is_unavailable_until_deployed() {
    let site = Site::new().await;
    let mut client = site.connect().await;
    assert_eq!(client.get("/").await.status, 200);
    site.host.remove("web").await.expect("removed");
    let answer = client.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["retry-after"]),
        (503, &"1".parse().expect("a value"))
    );
    site.host
        .deploy(guest("greeter-v1"))
        .name("web")
        .await
        .expect("deployed");
    assert_eq!(client.get("/").await.status, 503, "it answers no requests");
    site.host.remove("web").await.expect("removed");
    site.host
        .deploy(guest("http-v2"))
        .name("web")
        .await
        .expect("deployed");
    assert_eq!(client.get("/").await.text, "hello from 2.0.0\n");
    let refused = site
        .host
        .update("web", guest("greeter-v1"))
        .any_version()
        .await
        .map(drop);
    refused.expect_err("a route points to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_queue_are_told_to_retry() {
    let limits = Limits {
        concurrent_calls_max: 2,
        http_waiting_max: 3,
        ..Limits::default()
    };
    let site = Site::with_limits(limits).await;
    let ask = || {
        let address = site.address;
        tokio::spawn(async move { Client::connect(address).await.get("/sleep?400").await })
    };
    let inside: Vec<_> = (0..5).map(|_| ask()).collect();
    site.wait_for_requests(5).await;
    let answer = site.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["retry-after"]),
        (503, &"1".parse().expect("a value"))
    );
    for answer in inside {
        assert_eq!(
            answer.await.expect("a task").text,
            "slept\n",
            "waiting requests are answered"
        );
    }
    assert_eq!(site.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_cannot_be_restored_is_unavailable() {
    let place = tempfile::tempdir().expect("a folder");
    let data = place.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let host = || {
        Host::builder()
            .pooled_instances_max(20)
            .state_directory(place.path().join("state"))
            .build()
            .expect("a host")
    };
    let first = host();
    let rule = format!("file-read /data from={}", data.display());
    let web = guest("http-v1").with_name("web").expect("a name");
    let grants = Grants::new().allow(&rule).expect("a rule");
    drop(first.deploy(web).grants(grants).await.expect("deployed"));
    first.http().set_route("/", "web").await.expect("a route");
    drop(first);

    std::fs::remove_dir(&data).expect("removed");
    let second = host();
    let mut client = Client::connect(listen(second.http().server()).await).await;
    let refused = client.get("/").await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert_eq!(refused.headers["retry-after"], "1");
    std::fs::create_dir(&data).expect("a folder");
    second.deployment("web").await.expect("it is restored");
    assert_eq!(client.get("/").await.status, 200);
}
