//! An update never runs a call twice, and never skips one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_host::{Host, Instancing, Limits, Strategy, Value};

use crate::support::{RecordedLines, guest, host};

/// Every revision starts its counter at zero, so the counts of all revisions together equal the
/// number of calls.
async fn assert_each_call_counted_once(strategy: Strategy) {
    let host = host();
    let counter = host.deploy(guest("state-counter")).await.expect("deployed");
    let increment = counter
        .function::<(), (u64,)>("increment")
        .expect("an exported function");
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (increment, stop) = (increment.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answers = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    answers.push(increment.call(()).await.expect("counted").0);
                    tokio::task::yield_now().await;
                }
                answers
            })
        })
        .collect();
    for _ in 0..10 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let next = guest("state-counter");
        let update = host
            .update(counter.name().as_str(), next)
            .any_version()
            .discard_state()
            .strategy(strategy);
        drop(update.await.expect("updated"));
    }
    stop.store(true, Ordering::Relaxed);
    let mut answers = Vec::new();
    for caller in callers {
        answers.extend(caller.await.expect("a caller"));
    }
    // Each revision returned 1, 2, 3, … once each: the number of ones is the number of revisions,
    // and no number occurs more often than the one before it.
    answers.sort_unstable();
    let count_of = |n: u64| answers.iter().filter(|answer| **answer == n).count();
    let highest = answers.last().copied().unwrap_or_default();
    assert!(
        count_of(1) <= 11,
        "eleven revisions have one first call each"
    );
    for n in 1..highest {
        assert!(
            count_of(n) >= count_of(n + 1),
            "{n} was skipped or {} came twice",
            n + 1
        );
    }
    let current = counter
        .dynamic_function("current")
        .expect("an exported function")
        .call(&[])
        .await
        .expect("an answer");
    let Some(Value::U64(current)) = current else {
        panic!("{current:?}")
    };
    assert!(
        answers.iter().filter(|answer| **answer == current).count() >= usize::from(current > 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_green_runs_each_call_once() {
    assert_each_call_counted_once(Strategy::BlueGreen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recreate_runs_each_call_once() {
    assert_each_call_counted_once(Strategy::Recreate).await;
}

/// Each call prints a line: the number of lines written or counted as dropped equals the number of
/// calls, whichever revisions ran them and however often an answer arrived.
#[tokio::test(flavor = "multi_thread")]
async fn each_call_prints_once() {
    let lines = RecordedLines::default();
    let host = Host::builder()
        .pooled_instances_max(50)
        .guest_log(lines.clone())
        .build()
        .expect("a host");
    let limits = Limits {
        log_bytes_per_second_max: usize::MAX,
        ..Limits::default()
    };
    let printer = host
        .deploy(guest("limits-flood-stdout"))
        .name("printer")
        .limits(limits);
    let printer = printer
        .instancing(Instancing::pooled(2))
        .await
        .expect("deployed");
    let print = printer
        .dynamic_function("flood")
        .expect("an exported function");
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (print, stop) = (print.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut calls = 0;
                while !stop.load(Ordering::Relaxed) {
                    print.call_wave("(1, 1)").await.expect("printed");
                    calls += 1;
                    tokio::task::yield_now().await;
                }
                calls
            })
        })
        .collect();
    for round in 0..20 {
        let strategy = if round % 2 == 0 {
            Strategy::BlueGreen
        } else {
            Strategy::Recreate
        };
        let update = host
            .update("printer", guest("limits-flood-stdout"))
            .any_version()
            .strategy(strategy);
        drop(update.await.expect("updated"));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut calls = 0;
    for caller in callers {
        calls += caller.await.expect("a caller");
    }
    assert!(calls > 20, "{calls}");
    // On a busy machine the log's thread may not run in time, so lines are dropped and counted.
    let dropped =
        usize::try_from(host.logs().guest_lines_dropped()).expect("fewer than memory has bytes");
    assert_eq!(lines.all(&host).await.len() + dropped, calls);
}
