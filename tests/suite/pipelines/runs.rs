//! Runs: order, backpressure, flat memory, cancellation, removal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use airssys_wasm_host::pipeline::{Inputs, Item, OutputOrder, StageOptions};
use airssys_wasm_host::{ErrorKind, Instancing, Limits};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{builder, chain, counter, deploy, options_for, stages};
use crate::support::{guest, host, wat};

fn sleeper(concurrency: u32, order: OutputOrder) -> StageOptions {
    options_for("sleep").concurrency(concurrency).order(order)
}

#[tokio::test(flavor = "multi_thread")]
async fn items_leave_in_the_order_of_the_input() {
    let host = host();
    let pipeline = deploy(&host, chain(&["double", "spell"])).await;
    let run = pipeline.run(stream::iter(0..1_000u32));
    let texts: Vec<String> = run
        .map_ok(|outcome| {
            outcome
                .into_item()
                .and_then(Item::into_text)
                .expect("a text")
        })
        .try_collect()
        .await
        .expect("all items");
    let expected: Vec<String> = (0..1_000u32)
        .map(|n| {
            (n * 2)
                .to_string()
                .chars()
                .map(|c| format!("<{c}>"))
                .collect()
        })
        .collect();
    assert_eq!(texts, expected);
}

/// Results that are ready early wait for earlier ones or not, depending on `OutputOrder`.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_preserves_the_order_of_its_items_if_configured() {
    for (order, expected) in [
        (OutputOrder::Kept, [0, 1, 2, 3]),
        (OutputOrder::AsFinished, [3, 2, 1, 0]),
    ] {
        let host = host();
        let pipeline = builder().add_component_with(
            "echo",
            stages(),
            options_for("echo-after").concurrency(4).order(order),
        );
        let pipeline = deploy(&host, pipeline).await;
        let input = stream::iter((0..4u32).map(|n| {
            [Item::from(n), Item::from(u64::from(3 - n) * 150)]
                .into_iter()
                .collect::<Inputs>()
        }));
        let numbers: Vec<u32> = pipeline
            .run(input)
            .map_ok(|outcome| {
                match outcome
                    .into_item()
                    .expect("one")
                    .into_value()
                    .expect("a value")
                {
                    airssys_wasm_host::Value::U32(n) => n,
                    other => panic!("{other:?}"),
                }
            })
            .try_collect()
            .await
            .expect("all items");
        assert_eq!(numbers, expected, "{order:?}");
    }
}

/// A stage behind a concurrent one receives the items in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_stateful_stage_receives_items_in_order() {
    let host = host();
    let pipeline = builder()
        .add_component_with("echo", stages(), options_for("echo-after").concurrency(4))
        .add_component_with("spell", stages(), options_for("spell"))
        .add_component_with("remember", stages(), options_for("remember"))
        .connect("echo.output", "spell.input")
        .connect("spell.output", "remember.input");
    let pipeline = host
        .pipelines()
        .deploy(pipeline.build().expect("a pipeline"))
        .instancing("remember", Instancing::Stateful)
        .await
        .expect("deployed");
    let input = stream::iter((0..8u32).map(|n| {
        let while_others_wait = u64::from(3 - n % 4) * 100;
        [Item::from(n), Item::from(while_others_wait)]
            .into_iter()
            .collect::<Inputs>()
    }));
    let outcomes: Vec<_> = pipeline.run(input).try_collect().await.expect("all items");
    let last = outcomes
        .into_iter()
        .next_back()
        .and_then(|outcome| outcome.into_item()?.into_text());
    assert_eq!(last.as_deref(), Some("<0><1><2><3><4><5><6><7>"));
}

/// A slow reader slows the input: no more items are taken than fit.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_items_are_taken_than_fit() {
    let host = host();
    let taken = Arc::new(AtomicU64::new(0));
    let pipeline = deploy(&host, chain(&["double", "spell"]).in_flight_max(8)).await;
    let counted = Arc::clone(&taken);
    let endless = stream::repeat_with(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        7u32
    });
    let mut run = pipeline.run(endless);
    for read in 1..200u64 {
        run.next().await.expect("endless").expect("an outcome");
        tokio::time::sleep(Duration::from_millis(1)).await;
        let taken = taken.load(Ordering::SeqCst);
        assert!(
            taken <= read + 8,
            "{taken} were taken, but only {read} read"
        );
    }
}

/// With a last stage that is persistently slower than the others, the number of items inside stays
/// within the capacity of the stages, and no more are taken from the input.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_last_stage_limits_the_items_inside() {
    const ROOM: u64 = 2 * (1 + 4);
    let host = host();
    let pipeline = builder()
        .add_component_with("double", stages(), options_for("double").queue_max(4))
        .add_component_with("slow", stages(), options_for("echo-after").queue_max(4))
        .connect("double.output", "slow.n")
        .input("double.n")
        .input("slow.ms");
    let pipeline = deploy(&host, pipeline).await;
    let polls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&polls);
    let mut run = pipeline.run(stream::poll_fn(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let two_milliseconds = Item::from(2u64);
        Poll::Ready(Some(
            [Item::from(1u32), two_milliseconds]
                .into_iter()
                .collect::<Inputs>(),
        ))
    }));
    let mut most_inside = 0;
    for read in 1..=500u64 {
        run.next().await.expect("endless").expect("an outcome");
        let (polls, status) = (polls.load(Ordering::SeqCst), pipeline.status());
        let waiting = status.stages.iter().map(|stage| stage.waiting).max();
        assert!(
            polls <= read + ROOM,
            "{polls} were polled, but only {read} read"
        );
        assert!(
            status.in_flight as u64 <= ROOM && waiting <= Some(ROOM),
            "{status:?}"
        );
        most_inside = most_inside.max(status.in_flight as u64);
    }
    assert!(
        most_inside >= ROOM - 1,
        "the stages were full: {most_inside}"
    );
}

/// The maximum applies to all runs and calls together. A run that is not polled holds no place.
#[tokio::test(flavor = "multi_thread")]
async fn runs_and_calls_together_hold_no_more_items_than_the_maximum() {
    let host = host();
    let pipeline = builder()
        .add_component_with(
            "sleep",
            guest("limits-sleep"),
            sleeper(8, OutputOrder::Kept),
        )
        .in_flight_max(2);
    let pipeline = deploy(&host, pipeline).await;
    let runs = (0..3).map(|_| {
        let run = pipeline.run(stream::repeat(2u64).take(20));
        tokio::spawn(run.try_collect::<Vec<_>>())
    });
    let calls = (0..20).map(|_| {
        let pipeline = pipeline.clone();
        tokio::spawn(async move { pipeline.call(2u64).await })
    });
    let (runs, calls): (Vec<_>, Vec<_>) = (runs.collect(), calls.collect());
    while !runs.iter().all(|run| run.is_finished()) || !calls.iter().all(|call| call.is_finished())
    {
        let status = pipeline.status();
        assert!(status.in_flight <= 2, "{status:?}");
        tokio::task::yield_now().await;
    }
    for run in runs {
        let outcomes = run.await.expect("a reader").expect("all items");
        let numbers = outcomes.iter().map(|outcome| outcome.sequence);
        assert!(numbers.eq(0..20));
    }
    for call in calls {
        call.await.expect("a task").expect("an outcome");
    }
}

/// A run that is held and not polled, while its next item waits for a place, blocks no other run and
/// no call.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_polled_holds_no_place() {
    let host = host();
    let pipeline = builder()
        .add_component_with(
            "sleep",
            guest("limits-sleep"),
            sleeper(1, OutputOrder::Kept),
        )
        .in_flight_max(1);
    let pipeline = deploy(&host, pipeline).await;
    let mut first = pipeline.run(stream::repeat(100u64));
    let mut second = pipeline.run(stream::repeat(1u64));
    assert!(futures_util::poll!(first.next()).is_pending());
    assert!(futures_util::poll!(second.next()).is_pending(), "it waits");
    for _ in 0..5 {
        pipeline.call(1u64).await.expect("an outcome");
    }
    second.next().await.expect("endless").expect("an outcome");
    first.next().await.expect("endless").expect("an outcome");
}

/// A run that is dropped half-way leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_dropped_is_cancelled() {
    let host = host();
    let pipeline = builder().add_component_with(
        "sleep",
        guest("limits-sleep"),
        sleeper(4, OutputOrder::Kept),
    );
    let pipeline = deploy(&host, pipeline).await;
    let mut run = pipeline.run(stream::repeat(60_000u64));
    let _ = tokio::time::timeout(Duration::from_millis(300), run.next()).await;
    assert!(pipeline.status().in_flight > 0);
    drop(run);
    for _ in 0..500 {
        if pipeline.status().in_flight == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", pipeline.status());
}

/// Removal completes the items inside and ends the run.
#[tokio::test(flavor = "multi_thread")]
async fn removal_completes_items_inside() {
    let host = host();
    let pipeline = deploy(&host, chain(&["double", "spell"])).await;
    let stage = pipeline.status().stages[0].deployment.clone();
    let error = host
        .remove(stage.as_str())
        .await
        .expect_err("a pipeline needs it");
    assert_eq!(error.kind(), ErrorKind::InUse, "{error}");
    let run = pipeline.run(stream::repeat(1u32).then(async |n| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        n
    }));
    let read = tokio::spawn(async move { run.try_collect::<Vec<_>>().await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(host.pipelines().get("test").await.is_ok());
    pipeline.remove().await.expect("removed");
    let outcomes = read.await.expect("a reader").expect("no item fails");
    assert!(outcomes.len() > 10 && outcomes.iter().all(|outcome| outcome.outputs.len() == 1));
    assert!(
        host.pipelines().get("test").await.is_err()
            && host.deployments().list().await.expect("listed").is_empty()
    );
}

/// A run that is held and not polled blocks nothing: calls of its sources complete in the
/// background.
#[tokio::test(flavor = "multi_thread")]
async fn removal_does_not_wait_for_readers() {
    let spins = wat(
        "spins",
        r#"(component
            (core module $m (func (export "f") (result i32) (loop $on (br $on)) unreachable))
            (core instance $i (instantiate $m))
            (func (export "next") (result u32) (canon lift (core func $i "f"))))"#,
    );
    let limits = Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let host = host();
    let pipeline = builder()
        .add_component("spins", spins)
        .add_component_with("double", stages(), options_for("double"))
        .connect("spins.output", "double.input");
    let pipeline = host
        .pipelines()
        .deploy(pipeline.build().expect("a pipeline"))
        .limits("spins", limits);
    let pipeline = pipeline.await.expect("deployed");
    let mut run = pipeline.run_sources();
    tokio::time::timeout(Duration::from_millis(50), run.next())
        .await
        .expect_err("it takes longer");
    let removed = tokio::time::timeout(Duration::from_secs(10), pipeline.remove());
    removed
        .await
        .expect("no reader is needed")
        .expect("removed");
    drop(run);
}

/// A source emits items until it reports the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_runs_to_its_end() {
    let host = host();
    let pipeline = builder()
        .add_component("count", counter(5))
        .add_component_with("double", stages(), options_for("double"))
        .connect("count.output", "double.input");
    let pipeline = host
        .pipelines()
        .deploy(pipeline.build().expect("a pipeline"))
        .instancing("count", Instancing::Stateful)
        .await
        .expect("deployed");
    let outcomes: Vec<_> = pipeline
        .run_sources()
        .try_collect()
        .await
        .expect("all items");
    let values: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| {
            outcome
                .into_item()
                .expect("one")
                .into_value()
                .expect("a value")
                .to_string()
        })
        .collect();
    assert_eq!(values, ["2", "4", "6", "8", "10"]);
}
