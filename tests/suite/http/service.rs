//! Components that answer by WASI 0.3, where they differ from others or have their own limits.

use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Instancing, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::client::{body_with_trailer, empty_body, full_body, pattern, request, with_header};
use super::mounted::MountedService;
use super::site::Site;
use crate::support::guest;

async fn site(limits: Limits) -> Site {
    Site::serving_guest("http-service", limits, Instancing::PerCall).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_answers() {
    let site = site(Limits::default()).await;
    let answer = site.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "hello from 3.0.0\n")
    );
    let asked = with_header(
        request("PUT", "/a%20b/who?c=d", empty_body()),
        "x-said",
        "this",
    );
    let told = site.connect().await.send(asked).await.text;
    assert!(
        told.starts_with("Method::Put Some(Scheme::Http) localhost /a%20b/who?c=d\n"),
        "{told}"
    );
    assert!(told.contains("x-said: this\n"), "{told}");
    for (path, status) in [("/error", 502), ("/trap", 500)] {
        assert_eq!(site.get(path).await.status, status, "{path}");
    }
    site.wait_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_stopped_at_its_deadline() {
    let site = site(Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    for path in ["/hang", "/spin"] {
        assert_eq!(site.get(path).await.status, 504, "{path}");
    }
    site.wait_until_idle().await;
}

/// The request body is limited like any other.
#[tokio::test(flavor = "multi_thread")]
async fn request_bodies_of_a_service_are_limited() {
    let limits = Limits {
        http_request_bytes_max: 1_000,
        ..Limits::default()
    };
    let site = site(limits).await;
    let told = site
        .connect()
        .await
        .send(request("POST", "/count", body_with_trailer(pattern(1_001))))
        .await;
    assert_eq!(told.text, "0 bytes, 0 wrong, 0 trailers\n");
    assert_eq!(
        site.connect()
            .await
            .send(request("POST", "/count", full_body(pattern(1_001))))
            .await
            .status,
        413
    );
}

/// Streams created by the guest use memory of the host as well.
#[tokio::test(flavor = "multi_thread")]
async fn handles_of_a_service_are_limited() {
    let site = site(Limits {
        handles_max: 100,
        ..Limits::default()
    })
    .await;
    assert_eq!(site.get("/hoard?20").await.text, "20 held\n");
    assert_eq!(site.get("/hoard?200").await.status, 500);
    site.wait_until_idle().await;
}

/// Operations that need no grant are limited as for other components.
#[tokio::test(flavor = "multi_thread")]
async fn output_and_random_bytes_of_a_service_are_limited() {
    let limits = Limits {
        log_bytes_per_second_max: 10_000,
        random_bytes_max: 1_000,
        ..Limits::default()
    };
    let mounted = MountedService::deploy("http-service", limits).await;
    assert_eq!(mounted.get("/flood-log?200").await, "printed\n");
    let printed: usize = mounted
        .lines
        .all(&mounted.host)
        .await
        .iter()
        .map(String::len)
        .sum();
    assert!(
        (1_000..40_000).contains(&printed),
        "{printed} bytes of 200,000"
    );
    let drawn = mounted.get("/random?100000").await;
    assert_eq!(drawn, "1000\n");
}

/// The WASI version of a component is an implementation detail: clients only see different answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_moves_from_wasi_0_2_to_0_3_and_back() {
    let site = Site::new().await;
    let mut client = site.connect().await;
    assert_eq!(client.get("/").await.text, "hello from 1.0.0\n");
    site.update("http-service").await;
    assert_eq!(client.get("/").await.text, "hello from 3.0.0\n");
    site.host.rollback("web").await.expect("rolled back");
    assert_eq!(client.get("/").await.text, "hello from 1.0.0\n");
    let error = site
        .host
        .update("web", guest("greeter-v1").with_name("web").expect("a name"))
        .any_version();
    let error = error.await.expect_err("the component exports no handler");
    assert_eq!(error.code(), "world-changed", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_may_serve_several_requests() {
    let site = Site::serving_guest("http-service", Limits::default(), Instancing::pooled(1)).await;
    let mut client = site.connect().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.text, "hello from 3.0.0\n");
    }
    assert_eq!(site.get("/trap").await.status, 500);
    assert_eq!(site.get("/").await.text, "hello from 3.0.0\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_reaches_only_granted_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let callee = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nfar on")
                .await;
        }
    });
    let site = site(Limits::default()).await;
    assert_eq!(
        site.get(&format!("/fetch?{callee}")).await.status,
        502,
        "nothing was granted"
    );
    let grants = Grants::new()
        .allow(&format!("http GET http://{callee}/**"))
        .expect("a grant");
    site.update_granting("http-service", grants).await;
    let answer = site.get(&format!("/fetch?{callee}")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "far on")
    );
    let other = callee.port().wrapping_add(1);
    assert_eq!(
        site.get(&format!("/fetch?127.0.0.1:{other}")).await.status,
        502,
        "an address that is not granted"
    );
}
