//! A typed call from as many threads as processors, compared with as many bare instances, one per
//! thread, which share nothing.

use std::time::Instant;

use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;

use crate::bare;
use crate::measure::{median, on_threads};
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "plain-bindgen";
const CALLS: u32 = 200_000;
const ROUNDS: usize = 9;

pub(crate) fn rows() -> Vec<Row> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let (ours, theirs) = on_threads(threads, async {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(shared_handle(threads).await);
            theirs.push(instance_each(threads).await);
        }
        (median(&mut ours), median(&mut theirs))
    });
    vec![Row {
        name: "typed calls a second, all processors (peer/ours)".into(),
        guest: GUEST,
        peer: "wasmtime, same settings, an instance a thread".into(),
        // Swapped to compare throughput: the less time a call takes, the higher the ratio.
        ours: theirs,
        theirs: ours,
        unit: Unit::Nanoseconds,
        goal: Goal::RatioAtLeast(0.72),
    }]
}

/// Returns the nanoseconds per call and thread when all threads call one handle.
async fn shared_handle(threads: usize) -> f64 {
    let host = Host::builder().build().expect("a host");
    let deployment = host
        .deploy(guest(GUEST))
        .instancing(Instancing::pooled(8))
        .await
        .expect("deployed");
    let function = deployment
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    on_each(threads, || {
        let function = function.clone();
        async move {
            for _ in 0..CALLS {
                function.call((20, 22)).await.expect("an answer");
            }
        }
    })
    .await
}

/// Returns the nanoseconds per call and thread when each thread calls its own instance.
async fn instance_each(threads: usize) -> f64 {
    let engine = bare::engine_like_host();
    let pre = bare::link(&engine, guest(GUEST).bytes());
    on_each(threads, || {
        let (engine, pre) = (engine.clone(), pre.clone());
        async move {
            let mut store = bare::store(&engine);
            let instance = pre
                .instantiate_async(&mut store)
                .await
                .expect("instantiated");
            let function = instance
                .get_typed_func::<(u32, u32), (u32,)>(&mut store, "add")
                .expect("it fits");
            for _ in 0..CALLS {
                function
                    .call_async(&mut store, (20, 22))
                    .await
                    .expect("an answer");
            }
        }
    })
    .await
}

async fn on_each<F: Future<Output = ()> + Send + 'static>(
    threads: usize,
    work: impl Fn() -> F,
) -> f64 {
    let begun = Instant::now();
    let all: Vec<_> = (0..threads).map(|_| tokio::spawn(work())).collect();
    for one in all {
        one.await.expect("a task");
    }
    begun.elapsed().as_nanos() as f64 / f64::from(CALLS)
}
