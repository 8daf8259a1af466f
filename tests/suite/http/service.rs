//! Components that answer by WASI 0.3.

use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{ErrorKind, Instancing, Limits};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderMap;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Site, nothing, pattern, request, whole};
use crate::support::{Lines, guest};

async fn site(limits: Limits) -> Site {
    Site::serving("http-service", limits, Instancing::PerCall).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_answers() {
    let site = site(Limits::default()).await;
    let answer = site.get("/").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "hello from 3.0.0\n"));
    let mut asked = request("PUT", "/a%20b/who?c=d", nothing());
    asked.headers_mut().insert("x-said", "this".parse().expect("a value"));
    let told = site.connect().await.send(asked).await.text;
    assert!(told.starts_with("Method::Put Some(Scheme::Http) localhost /a%20b/who?c=d\n"), "{told}");
    assert!(told.contains("x-said: this\n"), "{told}");
    for (path, status) in [("/error", 502), ("/trap", 500)] {
        assert_eq!(site.get(path).await.status, status, "{path}");
    }
    site.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_bodies_and_trailers_come_and_go() {
    let site = site(Limits::default()).await;
    let mut client = site.connect().await;
    let trailers: HeaderMap =
        [("x-sum".parse().expect("a name"), "3".parse().expect("a value"))].into_iter().collect();
    let frames = [Ok(Frame::data(Bytes::from(pattern(3_000_001)))), Ok(Frame::trailers(trailers))];
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let mut asked = request("POST", "/count", body);
    asked.headers_mut().insert("trailer", "x-sum".parse().expect("a value"));
    assert_eq!(client.send(asked).await.text, "3000001 bytes, 0 wrong, 1 trailers\n");
    let answer = client.begin(request("GET", "/big?3000001", nothing())).await.expect("a head");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    assert!(body == pattern(3_000_001), "{} bytes", body.len());
    let mut asked = request("POST", "/trailers", nothing());
    asked.headers_mut().insert("te", "trailers".parse().expect("a value"));
    let answer = client.send(asked).await;
    assert_eq!((answer.text.as_str(), answer.trailers["x-sum"].as_bytes()), ("three\n", &b"3"[..]));
    site.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_streams_while_it_is_asked() {
    let site = site(Limits::default()).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let pieces = futures_util::stream::unfold(receiver, async |mut receiver| {
        Some((Ok(Frame::data(receiver.recv().await?)), receiver))
    });
    let asked = request("POST", "/echo", StreamBody::new(pieces.boxed()).boxed_unsync());
    let answer = site.connect().await.begin(asked).await.expect("a head before the body");
    let mut body = answer.into_body();
    for number in 0..10_u8 {
        sender.send(Bytes::from(vec![number; 1_000])).await.expect("it reads");
        let mut echoed = Vec::new();
        while echoed.len() < 1_000 {
            let frame = body.frame().await.expect("more").expect("whole");
            echoed.extend_from_slice(&frame.into_data().expect("data"));
        }
        assert_eq!(echoed, [number; 1_000]);
        assert_eq!(site.web.status().calls_in_flight, 1, "its revision is waited for, to the last byte");
    }
    drop(sender);
    assert!(body.frame().await.is_none());
    site.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_body_that_stops_half_way_is_cut_off() {
    let limits = Limits {
        http_deadline: Duration::from_millis(400),
        http_response_bytes_max: 1_000_000,
        ..Limits::default()
    };
    let site = site(limits).await;
    for path in ["/half?500000", "/hang-half", "/big?1000001"] {
        let answer = site.connect().await.begin(request("GET", path, nothing())).await.expect("a head");
        assert_eq!(answer.status(), 200, "{path}");
        answer.into_body().collect().await.map(drop).expect_err(path);
        assert!(!site.told.next().await.is_whole, "{path}");
    }
    site.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_stopped_when_it_takes_too_long_or_its_client_goes_away() {
    let limits = Limits { call_deadline: Duration::from_millis(300), ..Limits::default() };
    let late = site(limits).await;
    for path in ["/hang", "/spin"] {
        assert_eq!(late.get(path).await.status, 504, "{path}");
    }
    late.idle().await;
    let patient = site(Limits::default()).await;
    for path in ["/hang", "/hang-half", "/spin", "/big?1000000000"] {
        let mut client = patient.connect().await;
        let begun = client.begin(request("GET", path, nothing()));
        let answer = tokio::time::timeout(Duration::from_millis(100), begun).await;
        assert_eq!(patient.web.status().calls_in_flight, 1, "{path}");
        drop((client, answer));
        patient.idle().await;
    }
}

/// The body of what it is asked is bounded as any.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_sent_no_more_than_it_may_be() {
    let limits = Limits { http_request_bytes_max: 1_000, ..Limits::default() };
    let site = site(limits).await;
    let frames = [Ok(Frame::data(Bytes::from(pattern(1_001))))];
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let told = site.connect().await.send(request("POST", "/count", body)).await;
    assert_eq!(told.text, "0 bytes, 0 wrong, 0 trailers\n");
    assert_eq!(site.connect().await.send(request("POST", "/count", whole(pattern(1_001)))).await.status, 413);
}

/// Streams of its own are the host's memory too.
#[tokio::test(flavor = "multi_thread")]
async fn it_holds_no_more_handles_than_it_may() {
    let site = site(Limits { handles_max: 100, ..Limits::default() }).await;
    assert_eq!(site.get("/hoard?20").await.text, "20 held\n");
    assert_eq!(site.get("/hoard?200").await.status, 500);
    site.idle().await;
}

/// What it may do without being granted anything is as bounded as for others.
#[tokio::test(flavor = "multi_thread")]
async fn it_prints_and_draws_no_more_than_it_may() {
    let lines = Lines::default();
    let limits = Limits { log_bytes_per_second_max: 10_000, random_bytes_max: 1_000, ..Limits::default() };
    let host = airssys_wasm_host::Host::builder().pooled_instances_max(10).guest_log(lines.clone()).build();
    let host = host.expect("a host");
    host.deploy(guest("http-service")).name("web").limits(limits).await.expect("deployed");
    let service = host.http("web").expect("a name");
    let get = async |path: &str| {
        let asked = http::Request::get(format!("http://localhost{path}")).body(nothing()).expect("a request");
        let body = service.answer(asked).await.into_body().collect().await.expect("whole").to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    };
    assert_eq!(get("/flood-log?200").await, "printed\n");
    let printed: usize = lines.all().iter().map(String::len).sum();
    assert!((1_000..40_000).contains(&printed), "{printed} bytes of 200,000");
    let drawn = get("/random?100000").await;
    assert_eq!(drawn, "1000\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_work_on_after_its_answer() {
    let lines = Lines::default();
    let host = airssys_wasm_host::Host::builder().pooled_instances_max(10).guest_log(lines.clone()).build();
    let host = host.expect("a host");
    host.deploy(guest("http-service")).name("web").await.expect("deployed");
    let service = host.http("web").expect("a name");
    let request = http::Request::get("http://localhost/after?200").body(nothing()).expect("a request");
    let answer = service.answer(request).await;
    let body = answer.into_body().collect().await.expect("whole").to_bytes();
    assert_eq!(body, "answered\n");
    assert!(lines.all().is_empty(), "the answer is whole before");
    while lines.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(lines.all()[0].contains("done after its answer"));
}

/// What a component is written for is its own business: clients see no more than another answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_component_moves_from_wasi_0_2_to_0_3_and_back() {
    let site = Site::new().await;
    let mut client = site.connect().await;
    assert_eq!(client.get("/").await.text, "hello from 1.0.0\n");
    site.update("http-service").await;
    assert_eq!(client.get("/").await.text, "hello from 3.0.0\n");
    site.host.rollback("web").await.expect("rolled back");
    assert_eq!(client.get("/").await.text, "hello from 1.0.0\n");
    let error = site.host.update("web", guest("greeter-v1").with_name("web").expect("a name")).any_version();
    let error = error.await.expect_err("it answers nothing");
    assert_eq!(error.kind(), ErrorKind::WorldChanged, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_may_serve_again() {
    let site = Site::serving("http-service", Limits::default(), Instancing::pooled(1)).await;
    let mut client = site.connect().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.text, "hello from 3.0.0\n");
    }
    assert_eq!(site.get("/trap").await.status, 500);
    assert_eq!(site.get("/").await.text, "hello from 3.0.0\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reaches_what_it_was_granted_and_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let callee = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nfar on").await;
        }
    });
    let site = site(Limits::default()).await;
    assert_eq!(site.get(&format!("/fetch?{callee}")).await.status, 502, "nothing was granted");
    let grants = Grants::new().allow(&format!("http GET http://{callee}/**")).expect("a grant");
    let web = guest("http-service").with_name("web").expect("a name");
    site.host.update("web", web).any_version().grants(grants).await.expect("updated");
    let answer = site.get(&format!("/fetch?{callee}")).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "far on"));
    let other = callee.port().wrapping_add(1);
    assert_eq!(site.get(&format!("/fetch?127.0.0.1:{other}")).await.status, 502, "another place");
}
