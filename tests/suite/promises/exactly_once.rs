//! G3: an update never runs a call twice, and never skips one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_host::{Strategy, Value};

use crate::support::{guest, host};

/// Counters that begin at zero with every revision: what they counted, all
/// together, is what was called.
async fn counted_as_often_as_called(strategy: Strategy) {
    let host = host();
    let counter = host.deploy(guest("state-counter")).await.expect("deployed");
    let increment = counter.function::<(), (u64,)>("increment").expect("it counts");
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
        let update =
            host.update(counter.name().as_str(), next).any_version().discard_state().strategy(strategy);
        drop(update.await.expect("updated"));
    }
    stop.store(true, Ordering::Relaxed);
    let mut answers = Vec::new();
    for caller in callers {
        answers.extend(caller.await.expect("a caller"));
    }
    // Each revision answered 1, 2, 3, ... once each: so many ones, at most as many twos.
    answers.sort_unstable();
    let count_of = |n: u64| answers.iter().filter(|answer| **answer == n).count();
    let highest = answers.last().copied().unwrap_or_default();
    assert!(count_of(1) <= 11, "eleven revisions have one first call each");
    for n in 1..highest {
        assert!(count_of(n) >= count_of(n + 1), "{n} was skipped or {} came twice", n + 1);
    }
    let current = counter.dynamic_function("current").expect("it tells").call(&[]).await.expect("told");
    let Some(Value::U64(current)) = current else { panic!("{current:?}") };
    assert!(answers.iter().filter(|answer| **answer == current).count() >= usize::from(current > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_green() {
    counted_as_often_as_called(Strategy::BlueGreen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recreate() {
    counted_as_often_as_called(Strategy::Recreate).await;
}
