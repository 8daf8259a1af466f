//! A request belongs to one revision, from its head to the last byte of its answer, and updates
//! drop none.

use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::{Event, Limits, Strategy};
use airssys_wasm_tests::load::{Answer, Load, Timeline, check};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::Mutex;

use super::client::{Client, channel_body, collect, empty_body, pattern, request};
use super::site::Site;
use crate::support::guest;

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_moves_with_its_next_request() {
    let site = Site::new().await;
    let mut client = site.connect().await;
    for (guest, expected) in [
        ("http-v1", "hello from 1.0.0\n"),
        ("http-v2", "hello from 2.0.0\n"),
        ("http-v1", "hello from 1.0.0\n"),
    ] {
        site.update(guest).await;
        assert_eq!(client.get("/").await.text, expected);
    }
    site.host.rollback("web").await.expect("rolled back");
    assert_eq!(client.get("/").await.text, "hello from 2.0.0\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_stays_with_its_revision_to_its_last_byte() {
    let site = Site::new().await;
    let mut events = site.host.events();
    let bytes = 50_000_000;
    let answer = site
        .connect()
        .await
        .begin(request("GET", &format!("/big?{bytes}"), empty_body()))
        .await;
    let answer = answer.expect("a head");
    assert_eq!(answer.headers()["x-version"], "1.0.0");
    site.update("http-v2").await;
    assert_eq!(site.get("/").await.text, "hello from 2.0.0\n");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let is_drained = |event: &Event| matches!(event, Event::Drained { revision: 1, .. });
    assert!(
        !std::iter::from_fn(|| events.try_next()).any(|event| is_drained(&event)),
        "the body is still being read"
    );
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    assert!(body == pattern(bytes), "{} bytes", body.len());
    let drained = async { while !is_drained(&events.next().await.expect("more")) {} };
    tokio::time::timeout(Duration::from_secs(5), drained)
        .await
        .expect("the old revision has ended");
}

/// A long exchange lasts through three updates: one revision serves it, and every byte arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_exchange_outlives_three_updates() {
    let site = Site::new().await;
    let (sender, pieces) = channel_body();
    let answer = site
        .connect()
        .await
        .begin(request("POST", "/echo", pieces))
        .await
        .expect("a head");
    assert_eq!(answer.headers()["x-version"], "1.0.0");
    let sent = pattern(20_000_000);
    let read = tokio::spawn(answer.into_body().collect());
    for (number, piece) in sent.chunks(1_000_000).enumerate() {
        sender
            .send(Bytes::copy_from_slice(piece))
            .await
            .expect("it reads");
        if number % 5 == 4 {
            site.update(if number % 2 == 0 {
                "http-v2"
            } else {
                "http-v1"
            })
            .await;
        }
    }
    drop(sender);
    let body = read.await.expect("read").expect("whole").to_bytes();
    assert!(body == sent, "{} bytes", body.len());
}

/// Every request is sent when it is due, even if earlier ones are unanswered; the log proves the
/// outcome of each.
#[tokio::test(flavor = "multi_thread")]
async fn ten_updates_and_rollbacks_under_load_fail_no_request() {
    let site = Site::new().await;
    let mut clients = Vec::new();
    for _ in 0..CALLERS {
        clients.push(Mutex::new(site.connect().await));
    }
    let clients = Arc::new(clients);
    let mut timeline = Timeline::starting_with("1.0.0");
    let load = Load::start(&timeline, CALLERS, Some(PACE), move |id| {
        let clients = Arc::clone(&clients);
        async move { ask(&mut *clients[(id >> 40) as usize].lock().await, id).await }
    });
    for turn in 0..10 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let strategy = if turn % 2 == 0 {
            Strategy::BlueGreen
        } else {
            Strategy::Recreate
        };
        let next = guest("http-v2").with_name("web").expect("a name");
        let begun = timeline.now();
        site.host
            .update("web", next)
            .any_version()
            .strategy(strategy)
            .await
            .expect("updated");
        timeline.record_switch("2.0.0", begun);
        tokio::time::sleep(Duration::from_millis(40)).await;
        let begun = timeline.now();
        site.host
            .rollback("web")
            .strategy(strategy)
            .await
            .expect("rolled back");
        timeline.record_switch("1.0.0", begun);
    }
    let verdict = check(&timeline.with_calls(load.stop().await));
    assert!(verdict.is_clean(), "{verdict:?}");
    assert!(
        verdict.calls > 500 && verdict.answered_by.len() == 2,
        "{verdict:?}"
    );
}

const CALLERS: u64 = 8;

/// The time between two requests of a caller.
const PACE: Duration = Duration::from_millis(4);

/// Sends a request with an id, and returns the answering version and the id that it received.
async fn ask(client: &mut Client, id: u64) -> Answer {
    let told = |error: hyper::Error| error.to_string();
    let answer = client
        .begin(request("GET", &format!("/who?{id}"), empty_body()))
        .await
        .map_err(told)?;
    let answer = collect(answer).await.map_err(told)?;
    if answer.status != 200 {
        return Err(format!("{}: {}", answer.status, answer.text));
    }
    let version = answer.headers["x-version"]
        .to_str()
        .map_err(|error| error.to_string())?;
    let line = answer.text.lines().next().unwrap_or_default();
    let id = line
        .rsplit('?')
        .next()
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| line.to_owned())?;
    Ok((version.to_owned(), id))
}

/// The `Recreate` strategy waits for the bodies of the old revision, up to their deadline.
#[tokio::test(flavor = "multi_thread")]
async fn recreate_waits_for_bodies_up_to_their_deadline() {
    let limits = Limits {
        call_deadline: Duration::from_millis(100),
        http_deadline: Duration::from_secs(6),
        http_waiting_max: 2,
        ..Limits::default()
    };
    let site = Site::with_limits(limits).await;
    let answer = site
        .connect()
        .await
        .begin(request("GET", "/hang-half", empty_body()))
        .await
        .expect("a head");
    let begun = std::time::Instant::now();
    let next = guest("http-v2").with_name("web").expect("a name");
    let update = site
        .host
        .update("web", next)
        .any_version()
        .strategy(Strategy::Recreate);
    let waiting = async {
        // Until it admits no more requests, the old revision answers at once.
        let mut waiting = Vec::new();
        while waiting.len() < 2 {
            let address = site.address;
            let asked =
                tokio::spawn(async move { Client::connect(address).await.get("/").await.status });
            tokio::time::sleep(Duration::from_millis(300)).await;
            waiting.push(asked);
            waiting.retain(|asked| !asked.is_finished());
        }
        assert_eq!(site.get("/").await.status, 503, "no more may wait");
        waiting
    };
    let (update, waiting) = tokio::join!(update, waiting);
    update.expect("the old revision ends at its deadline");
    for waiting in waiting {
        assert_eq!(
            waiting.await.expect("a task"),
            200,
            "requests that waited for the update are answered"
        );
    }
    assert!(
        begun.elapsed() > Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    answer
        .into_body()
        .collect()
        .await
        .map(drop)
        .expect_err("it was cut off");
    assert_eq!(site.get("/").await.text, "hello from 2.0.0\n");
}
