//! Bodies stream in both directions, and are either complete or visibly cut off.

use std::time::Duration;

use airssys_wasm_host::{ErrorKind, Instancing, Limits};
use bytes::Bytes;
use http_body_util::BodyExt as _;

use super::BOTH;
use super::client::{
    absolute_get, body_with_trailer, channel_body, empty_body, full_body, pattern, request,
    with_header,
};
use super::site::Site;

async fn serve_guest(guest_name: &str) -> Site {
    Site::serving_guest(guest_name, Limits::default(), Instancing::PerCall).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_trailers_pass_in_both_directions() {
    for guest_name in BOTH {
        let site = serve_guest(guest_name).await;
        let mut client = site.connect().await;
        let told = client
            .send(request("POST", "/count", full_body(pattern(3_000_001))))
            .await
            .text;
        assert_eq!(told, "3000001 bytes, 0 wrong, 0 trailers\n", "{guest_name}");
        let answer = client
            .begin(request("GET", "/big?3000001", empty_body()))
            .await
            .expect("a head");
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        assert!(
            body == pattern(3_000_001),
            "{guest_name}: {} bytes",
            body.len()
        );
        let asked = with_header(request("POST", "/trailers", empty_body()), "te", "trailers");
        let answer = client.send(asked).await;
        assert_eq!(
            (answer.text.as_str(), answer.trailers["x-sum"].as_bytes()),
            ("three\n", &b"3"[..])
        );
        let asked = request("POST", "/count", body_with_trailer(pattern(3_000_001)));
        let told = client
            .send(with_header(asked, "trailer", "x-sum"))
            .await
            .text;
        assert_eq!(told, "3000001 bytes, 0 wrong, 1 trailers\n", "{guest_name}");
        site.wait_until_idle().await;
    }
}

/// A body sent piece by piece is echoed piece by piece, before the last piece is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_body_streams_while_it_is_answered() {
    for guest_name in BOTH {
        let site = serve_guest(guest_name).await;
        let (sender, pieces) = channel_body();
        let answer = site
            .connect()
            .await
            .begin(request("POST", "/echo", pieces))
            .await;
        let mut body = answer.expect("a head before the body").into_body();
        for number in 0..10_u8 {
            sender
                .send(Bytes::from(vec![number; 1_000]))
                .await
                .expect("it reads");
            let mut echoed = Vec::new();
            while echoed.len() < 1_000 {
                let frame = body.frame().await.expect("more").expect("whole");
                echoed.extend_from_slice(&frame.into_data().expect("data"));
            }
            assert_eq!(echoed, [number; 1_000]);
            let inside = site.web.status().calls_in_flight;
            assert_eq!(inside, 1, "{guest_name}: the drain waits for the last byte");
        }
        drop(sender);
        assert!(body.frame().await.is_none());
        site.wait_until_idle().await;
    }
}

/// A body that the guest does not read is discarded, and is never part of another answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_unread_request_body_blocks_no_other_request() {
    for guest_name in BOTH {
        let site = serve_guest(guest_name).await;
        for _ in 0..3 {
            let asked = request("POST", "/", full_body(pattern(3_000_000)));
            let answer = site.connect().await.begin(asked).await.expect("a head");
            let text = answer
                .into_body()
                .collect()
                .await
                .expect("whole")
                .to_bytes();
            assert!(text.starts_with(b"hello from "), "{guest_name}: {text:?}");
        }
        let (sender, pieces) = channel_body();
        let answer = site
            .connect()
            .await
            .begin(request("POST", "/", pieces))
            .await
            .expect("a head");
        assert_eq!(
            answer.status(),
            200,
            "{guest_name}: the server does not wait for the rest of the body"
        );
        site.wait_until_idle().await;
        drop(sender);
    }
}

/// A client never takes an incomplete body for a complete one.
#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_body_is_visibly_cut_off() {
    let limits = Limits {
        http_deadline: Duration::from_millis(400),
        http_response_bytes_max: 1_000_000,
        ..Limits::default()
    };
    for (guest_name, paths) in [
        (
            "http-v1",
            &[
                "/half?5000000",
                "/forget?900000",
                "/hang-half",
                "/big?1000001",
            ][..],
        ),
        (
            "http-service",
            &["/half?500000", "/hang-half", "/big?1000001"],
        ),
    ] {
        let site = Site::serving_guest(guest_name, limits.clone(), Instancing::PerCall).await;
        for path in paths {
            let answer = site
                .connect()
                .await
                .begin(request("GET", path, empty_body()))
                .await
                .expect("a head");
            assert_eq!(answer.status(), 200, "{guest_name}: {path}");
            let error = answer
                .into_body()
                .collect()
                .await
                .map(|body| body.to_bytes().len());
            error.expect_err(path);
            assert!(
                !site.accesses.next().await.is_complete,
                "{guest_name}: {path}"
            );
        }
        let fits = site.get("/big?1000000").await;
        assert_eq!(
            fits.text.len(),
            String::from_utf8_lossy(&pattern(1_000_000)).len()
        );
        site.wait_until_idle().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_disconnects_frees_the_instance() {
    for guest_name in BOTH {
        let site = serve_guest(guest_name).await;
        for path in ["/hang", "/hang-half", "/spin", "/big?1000000000"] {
            site.ask_and_leave(path).await;
            site.wait_until_idle().await;
            assert!(
                !site.accesses.next().await.is_complete,
                "{guest_name}: {path}"
            );
        }
    }
}

/// A client that has the whole answer may stop reading: the guest is not stopped for it, and its
/// state is preserved.
#[tokio::test(flavor = "multi_thread")]
async fn a_complete_answer_keeps_its_instance() {
    for guest_name in BOTH {
        let site = Site::serving_guest(guest_name, Limits::default(), Instancing::Stateful).await;
        let mut client = site.connect().await;
        assert_eq!(client.get("/count-calls").await.text, "1\n");
        for (number, (method, path)) in [
            ("HEAD", "/big?300000"),
            ("GET", "/sized?300000"),
            ("HEAD", "/sized?300000"),
            ("GET", "/trailers"),
        ]
        .into_iter()
        .enumerate()
        {
            let asked = with_header(request(method, path, empty_body()), "te", "trailers");
            assert_eq!(client.send(asked).await.status, 200);
            assert!(
                site.accesses.next_of_path(path).await.is_complete,
                "{guest_name}: {method} {path}"
            );
            let told = client.get("/count-calls").await.text;
            assert_eq!(
                told,
                format!("{}\n", number + 2),
                "{guest_name}: {method} {path}"
            );
        }
    }
}

/// An embedder that mounts a service may drop a body unread: its guest ends at the deadline.
#[tokio::test(flavor = "multi_thread")]
async fn an_unread_body_ends_at_its_deadline() {
    let site = Site::with_limits(Limits {
        http_deadline: Duration::from_millis(400),
        ..Limits::default()
    })
    .await;
    let service = site.host.http().service("web").expect("a name");
    let answer = service.handle(absolute_get("/big?100000000")).await;
    assert_eq!(site.web.status().calls_in_flight, 1);
    site.wait_until_idle().await;
    let error = answer
        .into_body()
        .collect()
        .await
        .map(drop)
        .expect_err("the body is incomplete");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
}

/// A guest that writes faster than its client reads is slowed down, and buffers only a few pieces.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_slows_the_guest() {
    let site = Site::new().await;
    let answer = site
        .connect()
        .await
        .begin(request("GET", "/big?200000000", empty_body()))
        .await;
    let mut body = answer.expect("a head").into_body();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(site.web.status().calls_in_flight, 1, "the guest waits");
    assert!(site.accesses.is_empty(), "and so does its body");
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame
            .expect("whole")
            .into_data()
            .map_or(0, |data| data.len());
    }
    assert_eq!(bytes, 200_000_000);
    site.wait_until_idle().await;
}
