//! Which instance serves a call.

use airssys_wasm_host::Instancing;

use crate::support::{guest, host};

async fn counts(instancing: Instancing, calls: usize) -> Vec<u64> {
    let host = host();
    let counter = host.deploy(guest("state-counter")).instancing(instancing).await.expect("deployed");
    let increment = counter.function::<(), (u64,)>("increment").expect("it counts");
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
async fn stateful_serves_one_call_after_the_other_and_skips_none() {
    let host = host();
    let counter = host.deploy(guest("state-counter")).await.expect("deployed");
    let increment = counter.function::<(), (u64,)>("increment").expect("it counts");
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
    assert!(all.iter().copied().eq(1..=3200), "each count once");
    assert_eq!(counter.status().instances, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_keeps_to_its_bound_and_everyone_has_a_turn() {
    let host = host();
    let sleep = host.deploy(guest("limits-sleep")).instancing(Instancing::pooled(3)).await.expect("deployed");
    let function = sleep.function::<(u64,), ()>("sleep").expect("it sleeps");
    let callers: Vec<_> = (0..30)
        .map(|_| {
            let (function, sleep) = (function.clone(), sleep.clone());
            tokio::spawn(async move {
                function.call((5,)).await.expect("its turn came");
                sleep.status().instances
            })
        })
        .collect();
    for caller in callers {
        let instances = caller.await.expect("a caller");
        assert!(instances <= 3, "{instances}");
    }
}
