//! The instance that serves each call.

use std::time::Duration;

use airssys_wasm_host::Instancing;

use crate::support::{guest, host, sleep};

async fn counts(instancing: Instancing, calls: usize) -> Vec<u64> {
    let host = host();
    let counter = host
        .deploy(guest("state-counter"))
        .instancing(instancing)
        .await
        .expect("deployed");
    let increment = counter
        .function::<(), (u64,)>("increment")
        .expect("an exported function");
    let mut counts = Vec::new();
    for _ in 0..calls {
        counts.push(increment.call(()).await.expect("counted").0);
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn per_call_sees_nothing_of_other_calls() {
    assert_eq!(counts(Instancing::PerCall, 4).await, [1, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stateful_remembers_every_call() {
    assert_eq!(counts(Instancing::Stateful, 4).await, [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stateful_serves_calls_one_by_one_and_skips_none() {
    let host = host();
    let counter = host.deploy(guest("state-counter")).await.expect("deployed");
    let increment = counter
        .function::<(), (u64,)>("increment")
        .expect("an exported function");
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let increment = increment.clone();
            tokio::spawn(async move {
                let mut counts = Vec::new();
                for _ in 0..200 {
                    counts.push(increment.call(()).await.expect("counted").0);
                }
                counts
            })
        })
        .collect();
    let mut all = Vec::new();
    for caller in callers {
        all.extend(caller.await.expect("a caller"));
    }
    all.sort_unstable();
    assert!(
        all.iter().copied().eq(1..=3200),
        "each number was returned once"
    );
    assert_eq!(counter.status().instances, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_stays_within_its_maximum_and_serves_every_call() {
    let host = host();
    let sleep = host
        .deploy(guest("limits-sleep"))
        .instancing(Instancing::pooled(3))
        .await
        .expect("deployed");
    let function = sleep
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let callers: Vec<_> = (0..30)
        .map(|_| {
            let (function, sleep) = (function.clone(), sleep.clone());
            tokio::spawn(async move {
                function.call((5,)).await.expect("an instance became free");
                sleep.status().instances
            })
        })
        .collect();
    for caller in callers {
        let instances = caller.await.expect("a caller");
        assert!(instances <= 3, "{instances}");
    }
}

/// No instance is idle while a call waits, even if all are freed at the same moment.
#[tokio::test(flavor = "current_thread")]
async fn instances_freed_together_are_used_together() {
    let host = host();
    let sleeper = host
        .deploy(guest("limits-sleep"))
        .instancing(Instancing::pooled(4))
        .await
        .expect("deployed");
    let sleep = sleep(&sleeper);
    let begin = |count: usize| -> Vec<_> {
        (0..count)
            .map(|_| {
                let sleep = sleep.clone();
                tokio::spawn(async move { sleep.call((100,)).await })
            })
            .collect()
    };
    let mut calls = begin(5);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // Blocks the only thread, so that four calls end at the same moment with one waiting.
    std::thread::sleep(Duration::from_millis(80));
    calls.extend(begin(4));
    let begun = std::time::Instant::now();
    for call in calls {
        call.await.expect("a task").expect("it slept");
    }
    // Five calls on four instances take two rounds, and five rounds one after another.
    assert!(
        begun.elapsed() < Duration::from_millis(350),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_leaves_the_queue_blocks_no_other() {
    let host = host();
    let sleeper = host
        .deploy(guest("limits-sleep"))
        .instancing(Instancing::pooled(1))
        .await
        .expect("deployed");
    let sleep = sleep(&sleeper);
    for _ in 0..20 {
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let sleep = sleep.clone();
                tokio::spawn(async move { sleep.call((2,)).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        waiting
            .iter()
            .step_by(2)
            .for_each(tokio::task::JoinHandle::abort);
        for call in waiting {
            if let Ok(ended) = call.await {
                ended.expect("it slept");
            }
        }
    }
    sleep.call((1,)).await.expect("the instance is free");
}
