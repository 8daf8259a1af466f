//! The slowest calls during updates, compared with the slowest without them.
//!
//! Callers do not pause, so that the processors are always busy. Ten updates in a second and a half
//! are far more than in practice.

use std::time::Duration;

use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;
use airssys_wasm_tests::load::{Answer, Call, Load, Timeline, percentile};

use crate::measure::{median, on_threads};
use crate::report::{Goal, Row, Unit};

const ROUNDS: usize = 5;
const WINDOW: Duration = Duration::from_millis(1_500);
const UPDATES: u32 = 10;

pub(crate) fn rows() -> Vec<Row> {
    let (mut during, mut without) = (Vec::new(), Vec::new());
    on_threads(2, async {
        for _ in 0..ROUNDS {
            let (calm, busy) = windows().await;
            without.push(calm);
            during.push(busy);
        }
    });
    vec![Row {
        name: "p99.9 of calls while ten updates pass".into(),
        guest: "greeter-v1, v2",
        peer: "the same calls without updates, in the same run".into(),
        ours: median(&mut during),
        theirs: median(&mut without),
        unit: Unit::Nanoseconds,
        goal: Goal::RatioAtMost(1.5),
    }]
}

/// Returns the 99.9th percentile of a window without updates and of one with updates.
async fn windows() -> (f64, f64) {
    let place = tempfile::tempdir().expect("a directory");
    let host = Host::builder()
        .code_cache(place.path().join("code"))
        .build()
        .expect("a host");
    let greeter = host
        .deploy(guest("greeter-v1"))
        .instancing(Instancing::pooled(4))
        .await
        .expect("deployed");
    let versions = [guest("greeter-v2"), guest("greeter-v1")];
    for version in &versions {
        drop(
            host.update("greeter", version.clone())
                .any_version()
                .await
                .expect("updated"),
        );
    }
    let greet = greeter
        .function::<(String,), (String,)>("greet")
        .expect("it greets");
    let timeline = Timeline::starting_with("v1");
    let load = Load::start(&timeline, 4, None, move |id| {
        let greet = greet.clone();
        async move {
            let answer = greet
                .call((id.to_string(),))
                .await
                .map_err(|error| error.to_string());
            answer.map(|_| (String::new(), id)) as Answer
        }
    });
    tokio::time::sleep(WINDOW).await;
    let calm_until = timeline.now();
    for update in 0..UPDATES {
        let next = versions[update as usize % 2].clone();
        drop(
            host.update("greeter", next)
                .any_version()
                .await
                .expect("updated"),
        );
        tokio::time::sleep(WINDOW / UPDATES).await;
    }
    let calls = load.stop().await;
    assert!(
        calls.iter().all(|call| call.outcome.is_ok()),
        "no call is dropped"
    );
    let (calm, busy): (Vec<Call>, Vec<Call>) =
        calls.into_iter().partition(|call| call.ended < calm_until);
    (p999(&calm), p999(&busy))
}

fn p999(calls: &[Call]) -> f64 {
    let mut latencies: Vec<Duration> = calls.iter().map(Call::latency).collect();
    percentile(&mut latencies, 0.999).as_nanos() as f64
}
