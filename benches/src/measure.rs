//! Alternates between our code and the peer's, and takes the median of each.

use std::time::Instant;

/// Batches per side; the first ones warm up and are not counted.
const BATCHES: usize = 41;
const WARM_UP: usize = 5;
/// Batches of which only the fastest counts.
const SHORT_BATCHES: usize = 200;

/// Returns the median time of one call on each side in nanoseconds. Calls are made one after
/// another in batches of `calls`.
pub(crate) async fn alternate(
    calls: u32,
    mut ours: impl AsyncFnMut(),
    mut theirs: impl AsyncFnMut(),
) -> (f64, f64) {
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for batch in 0..BATCHES {
        let (our_time, their_time) = (
            batch_of(calls, &mut ours).await,
            batch_of(calls, &mut theirs).await,
        );
        if batch >= WARM_UP {
            our_times.push(our_time);
            their_times.push(their_time);
        }
    }
    (median(&mut our_times), median(&mut their_times))
}

/// Returns the time by which a call of `many` exceeds a call of `few` on each side, in nanoseconds.
/// The fastest batch of each of the four counts, because a difference of medians would be the
/// difference of two slow moments.
pub(crate) async fn excess(
    calls: u32,
    (mut our_few, mut our_many): (impl AsyncFnMut(), impl AsyncFnMut()),
    (mut their_few, mut their_many): (impl AsyncFnMut(), impl AsyncFnMut()),
) -> (f64, f64) {
    let mut fastest = [f64::INFINITY; 4];
    for _ in 0..SHORT_BATCHES {
        let times = [
            batch_of(calls, &mut our_few).await,
            batch_of(calls, &mut their_few).await,
            batch_of(calls, &mut our_many).await,
            batch_of(calls, &mut their_many).await,
        ];
        fastest
            .iter_mut()
            .zip(times)
            .for_each(|(fastest, time)| *fastest = fastest.min(time));
    }
    let [our_few, their_few, our_many, their_many] = fastest;
    (our_many - our_few, their_many - their_few)
}

async fn batch_of(calls: u32, call: &mut impl AsyncFnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..calls {
        call().await;
    }
    begun.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// Returns the middle value.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Runs a bench on one thread.
pub(crate) fn on_one_thread<T>(bench: impl Future<Output = T>) -> T {
    runtime(tokio::runtime::Builder::new_current_thread()).block_on(bench)
}

/// Runs a bench on `threads` threads.
pub(crate) fn on_threads<T>(threads: usize, bench: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads);
    runtime(builder).block_on(bench)
}

fn runtime(mut builder: tokio::runtime::Builder) -> tokio::runtime::Runtime {
    builder.enable_all().build().expect("a runtime")
}
