//! Guests that compute beside others that want to: no call waits for more than a few slices.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use airssys_wasm_host::{Deployment, Error, ErrorKind, Host, Limits, TestClock};
use tokio::task::{JoinSet, yield_now};

use crate::support::{greet, guest, host};

const HOUR: Duration = Duration::from_secs(3_600);

/// Deploys a guest whose calls compute until their distant deadline.
async fn spinner(host: &Host, name: &str) -> Deployment {
    let component = guest("limits-spin").with_name(name).expect("a name");
    let limits = Limits {
        call_deadline: HOUR,
        ..Limits::default()
    };
    host.deploy(component)
        .limits(limits)
        .await
        .expect("deployed")
}

type SpinningCalls = JoinSet<Result<Option<String>, Error>>;

/// Starts `calls` calls, and returns once each has had to wait for a permit.
async fn spin(deployment: &Deployment, calls: u64) -> SpinningCalls {
    let mut spinning = SpinningCalls::new();
    let before = deployment.status().slices;
    for _ in 0..calls {
        let spin = deployment
            .dynamic_function("spin")
            .expect("an exported function");
        spinning.spawn(async move { spin.call_wave("()").await });
    }
    wait_for_slices(deployment, before + calls).await;
    spinning
}

async fn wait_for_slices(deployment: &Deployment, slices: u64) {
    while deployment.status().slices < slices {
        yield_now().await;
    }
}

#[tokio::test]
async fn others_wait_for_few_slices_however_many_calls_spin() {
    let host = host();
    let greeter = host.deploy(guest("greeter-v1")).await.expect("deployed");
    let greet = greet(&greeter);
    let spinners = spinner(&host, "spinner").await;
    for calls in [1, 7, 40] {
        let _spinning = spin(&spinners, calls).await;
        for _ in 0..10 {
            let before = spinners.status().slices;
            let greet = greet.clone();
            let answer = tokio::spawn(async move { greet.call(("Ada".into(),)).await });
            answer.await.expect("a task").expect("an answer");
            let slices = spinners.status().slices - before;
            // Two slices for waking the task, and two for waking this one.
            assert!(slices <= 4, "{slices} slices beside {calls} spinning calls");
        }
    }
}

/// Starts `callers` callers that make calls one after another, each of which ends within its first
/// slice.
fn start_short_calls(deployment: &Deployment, callers: usize) -> (JoinSet<()>, Arc<AtomicUsize>) {
    let (mut computing, ended) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for _ in 0..callers {
        let compute = deployment
            .function::<(u64,), ()>("compute")
            .expect("an exported function");
        let ended = Arc::clone(&ended);
        computing.spawn(async move {
            loop {
                compute.call((5,)).await.expect("it returns");
                ended.fetch_add(1, Ordering::Relaxed);
                // The call may not have waited for anything.
                yield_now().await;
            }
        });
    }
    (computing, ended)
}

#[tokio::test]
async fn others_wait_for_few_short_calls_however_many_there_are() {
    let host = host();
    let greeter = host.deploy(guest("greeter-v1")).await.expect("deployed");
    let greet = greet(&greeter);
    let busy = host.deploy(guest("attack-load")).await.expect("deployed");
    let (_computing, ended) = start_short_calls(&busy, 40);
    // Until the scheduler notices that they keep the thread busy.
    while ended.load(Ordering::Relaxed) < 200 {
        yield_now().await;
    }
    for _ in 0..10 {
        let before = ended.load(Ordering::Relaxed);
        let greet = greet.clone();
        let answer = tokio::spawn(async move { greet.call(("Ada".into(),)).await });
        answer.await.expect("a task").expect("an answer");
        let calls = ended.load(Ordering::Relaxed) - before;
        assert!(calls <= 8, "{calls} calls of 40 callers");
    }
}

#[tokio::test]
async fn one_call_gets_as_many_slices_as_all_calls_of_another_deployment() {
    let host = host();
    let (many, one) = (spinner(&host, "many").await, spinner(&host, "one").await);
    let _many = spin(&many, 40).await;
    let _one = spin(&one, 1).await;
    let before = (many.status().slices, one.status().slices);
    wait_for_slices(&one, before.1 + 20).await;
    let many = many.status().slices - before.0;
    assert!(many <= 22, "{many} slices of 40 calls, 20 of one");
}

#[tokio::test]
async fn calls_that_wait_to_compute_end_at_their_deadline() {
    let clock = TestClock::new();
    let host = Host::builder()
        .pooled_instances_max(50)
        .test_clock(&clock)
        .build()
        .expect("a host");
    let mut spinning = spin(&spinner(&host, "spinner").await, 20).await;
    clock.advance(HOUR);
    while let Some(ended) = spinning.join_next().await {
        let error = ended.expect("a task").expect_err("it never returns");
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    }
}

#[tokio::test]
async fn a_call_that_is_not_polled_holds_no_permit() {
    let host = host();
    let (stuck, other) = (spinner(&host, "stuck").await, spinner(&host, "other").await);
    let spin_once = stuck
        .dynamic_function("spin")
        .expect("an exported function");
    let mut call = pin!(spin_once.call_wave("()"));
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending());
        if stuck.status().slices > 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    let _spinning = spin(&other, 2).await;
    wait_for_slices(&other, 10).await;
}
