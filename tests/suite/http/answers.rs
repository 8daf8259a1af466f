//! Answers of guests reach clients, and requests of clients reach guests.

use std::time::Duration;

use airssys_wasm_host::{Instancing, Limits};

use super::BOTH;
use super::client::{Client, empty_body, request, with_header};
use super::mounted::MountedService;
use super::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_answers() {
    let site = Site::new().await;
    let answer = site.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "hello from 1.0.0\n")
    );
    assert_eq!(answer.headers["x-version"], "1.0.0");
    assert_eq!(
        answer.headers["content-length"], "17",
        "a complete body has a length"
    );
    assert_eq!(site.get("/empty").await.status, 204);
    assert_eq!(site.get("/no-such-thing").await.status, 404);
    site.wait_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_sees_the_request() {
    let site = Site::new().await;
    let asked = with_header(
        request("OPTIONS", "/a%20b/who?c=d", empty_body()),
        "x-said",
        "this",
    );
    let asked = with_header(asked, "connection", "keep-alive");
    let told = site.connect().await.send(asked).await.text;
    assert!(
        told.starts_with("Method::Options Some(Scheme::Http) localhost /a%20b/who?c=d\n"),
        "{told}"
    );
    assert!(
        told.contains("x-said: this\n") && !told.contains("keep-alive"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_is_answered_without_a_body() {
    let site = Site::new().await;
    let mut client = site.connect().await;
    let answer = client.send(request("HEAD", "/", empty_body())).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    assert_eq!(answer.headers["content-length"], "17");
    assert_eq!(
        client.get("/").await.text,
        "hello from 1.0.0\n",
        "the connection stays open"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_may_continue_after_its_answer() {
    for guest_name in BOTH {
        let mounted = MountedService::deploy(guest_name, Limits::default()).await;
        assert_eq!(
            mounted.get("/after?200").await,
            "answered\n",
            "{guest_name}"
        );
        assert!(
            mounted.lines.all(&mounted.host).await.is_empty(),
            "{guest_name}: the answer is complete before"
        );
        for _ in 0..2_000 {
            if !mounted.lines.all(&mounted.host).await.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let lines = mounted.lines.all(&mounted.host).await;
        assert!(
            lines
                .iter()
                .any(|line| line.contains("done after its answer")),
            "{guest_name}: {lines:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_fresh_or_serve_up_to_their_maximum_of_requests() {
    let calls = async |client: &mut Client| client.get("/count-calls").await.text;
    let fresh = Site::new().await;
    let mut client = fresh.connect().await;
    assert_eq!(
        (calls(&mut client).await, calls(&mut client).await),
        ("1\n".into(), "1\n".into())
    );

    let limits = Limits {
        calls_per_instance_max: 3,
        ..Limits::default()
    };
    let reused = Site::serving_guest("http-v1", limits, Instancing::pooled(1)).await;
    let mut client = reused.connect().await;
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(calls(&mut client).await);
    }
    assert_eq!(said, ["1\n", "2\n", "3\n", "1\n", "2\n"]);
}
