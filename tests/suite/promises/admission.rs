//! Each call is admitted to exactly one revision, and runs wholly under it.

use std::time::Duration;

use airssys_wasm_host::{Host, Instancing, Strategy};
use airssys_wasm_tests::load::{Load, Log, Timeline, check};

use crate::support::{deploy_greeter, greet, greet_with_id, guest};

const ROUNDS: u64 = 6;

/// Swaps the greeter back and forth under load, and returns the log of every call.
async fn swap_under_load(
    instancing: Instancing,
    strategy: Strategy,
    pace: Option<Duration>,
) -> Log {
    let (host, deployment) = deploy_greeter(instancing).await;
    let greet = greet(&deployment);
    let mut timeline = Timeline::starting_with("v1");
    let load = Load::start(&timeline, 8, pace, move |id| {
        greet_with_id(greet.clone(), id)
    });
    for round in 0..ROUNDS {
        load.wait_for_calls(load.calls_made() + 200).await;
        let begun = timeline.now();
        update_to_v2(&host, strategy, round).await;
        timeline.record_switch("v2", begun);
        load.wait_for_calls(load.calls_made() + 200).await;
        let begun = timeline.now();
        drop(
            host.rollback("greeter")
                .to_version("1.0.0")
                .await
                .expect("rolled back"),
        );
        timeline.record_switch("v1", begun);
    }
    let calls = load.stop().await;
    timeline.with_calls(calls)
}

async fn update_to_v2(host: &Host, strategy: Strategy, round: u64) {
    let version = format!("2.0.{round}").parse().expect("a version");
    let component = guest("greeter-v2").with_version(version);
    drop(
        host.update("greeter", component)
            .strategy(strategy)
            .await
            .expect("updated"),
    );
}

fn assert_promises_kept(log: &Log) {
    let verdict = check(log);
    assert!(verdict.is_clean(), "{verdict:#?}");
    assert_eq!(
        verdict.answered_by.len(),
        2,
        "both revisions served: {:?}",
        verdict.answered_by
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_green_with_an_instance_per_call() {
    assert_promises_kept(&swap_under_load(Instancing::PerCall, Strategy::BlueGreen, None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_green_with_pooled_instances() {
    assert_promises_kept(&swap_under_load(Instancing::pooled(4), Strategy::BlueGreen, None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_green_with_paced_calls() {
    let pace = Some(Duration::from_millis(2));
    assert_promises_kept(&swap_under_load(Instancing::pooled(4), Strategy::BlueGreen, pace).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn recreate_queues_calls_and_refuses_none() {
    assert_promises_kept(&swap_under_load(Instancing::pooled(4), Strategy::Recreate, None).await);
    assert_promises_kept(&swap_under_load(Instancing::PerCall, Strategy::Recreate, None).await);
}
