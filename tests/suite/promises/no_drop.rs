//! Every admitted call runs to its end; an update never ends one.

use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::{
    ComponentName, Effect, ErrorKind, Event, Events, Host, Instancing, Limits, RolloutProbe,
    Strategy, TestClock,
};
use futures_util::FutureExt as _;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{greet, guest, host, sleep, start_parked_call};

/// A probe that holds a rollout before each effect until released.
struct HoldingProbe {
    reached: mpsc::UnboundedSender<Effect>,
    permits: Arc<Semaphore>,
}

impl RolloutProbe for HoldingProbe {
    fn before<'a>(
        &'a self,
        _: &'a ComponentName,
        effect: Effect,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            self.reached
                .send(effect)
                .map_err(|error| error.to_string())?;
            self.permits
                .acquire()
                .await
                .map_err(|error| error.to_string())?
                .forget();
            Ok(())
        })
    }
}

/// Begins a call in every phase of an update. Each ends with the guest's own answer, those begun
/// before the switch with that of the old revision.
async fn assert_no_call_dropped_in_any_phase(strategy: Strategy) {
    let (reached, mut effects) = mpsc::unbounded_channel();
    // The deployment takes seven steps.
    let go = Arc::new(Semaphore::new(7));
    let probe = HoldingProbe {
        reached,
        permits: Arc::clone(&go),
    };
    let host = Host::builder()
        .pooled_instances_max(50)
        .rollout_probe(probe)
        .build()
        .expect("a host");
    let deployment = host
        .deploy(guest("greeter-v1"))
        .instancing(Instancing::pooled(2))
        .await
        .expect("deployed");
    let greet = greet(&deployment);
    while effects.try_recv().is_ok() {}
    let updating = host.clone();
    let update = tokio::spawn(async move {
        updating
            .update("greeter", guest("greeter-v2"))
            .strategy(strategy)
            .await
            .map(drop)
    });
    let mut waiting = Vec::new();
    let mut paused = false;
    while let Some(effect) = effects.recv().await {
        let call = greet.clone();
        let call = tokio::spawn(async move { call.call(("Ada".into(),)).await });
        if paused {
            waiting.push(call);
        } else {
            let answer = call.await.expect("a task").expect("an answer").0;
            assert_eq!(answer, "Hello, Ada!", "before {effect}");
        }
        paused |= effect == Effect::Pause;
        go.add_permits(1);
        if effect == Effect::Switch {
            break;
        }
    }
    update.await.expect("a task").expect("updated");
    for call in waiting {
        // Begun while the deployment was paused: the old revision has ended, so the new one
        // answers.
        let answer = call.await.expect("a task").expect("an answer").0;
        assert!(
            ["Hello, Ada!", "Good day, Ada!"].contains(&answer.as_str()),
            "{answer}"
        );
    }
    assert_eq!(
        greet.call(("Ada".into(),)).await.expect("an answer").0,
        "Good day, Ada!"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blue_green_serves_in_every_phase() {
    assert_no_call_dropped_in_any_phase(Strategy::BlueGreen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recreate_serves_or_holds_in_every_phase() {
    assert_no_call_dropped_in_any_phase(Strategy::Recreate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_parked_in_a_host_call_outlives_the_update() {
    let host = host();
    let sleeper = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let sleep = sleep(&sleeper);
    let call = tokio::spawn(async move { sleep.call((300,)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let name = sleeper.name().as_str();
    let promoted = host
        .update(name, guest("limits-sleep"))
        .any_version()
        .await
        .expect("updated");
    assert_eq!(promoted.calls_draining(), 1);
    assert!(!call.is_finished(), "the update does not wait for it");
    promoted.drained().await;
    call.await.expect("a task").expect("it slept to its end");
    assert_eq!(promoted.calls_draining(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_begins_after_the_update_returned_is_served_by_the_new_revision() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate] {
        let host = host();
        let deployment = host
            .deploy(guest("greeter-v1"))
            .instancing(Instancing::pooled(2))
            .await
            .expect("deployed");
        let greet = greet(&deployment);
        assert_eq!(
            greet.call(("Ada".into(),)).await.expect("an answer").0,
            "Hello, Ada!"
        );
        drop(
            host.update("greeter", guest("greeter-v2"))
                .strategy(strategy)
                .await
                .expect("updated"),
        );
        assert_eq!(
            greet.call(("Ada".into(),)).await.expect("an answer").0,
            "Good day, Ada!"
        );
    }
}

/// A deployment is removed when its last call has ended, whichever revision runs it.
#[tokio::test(flavor = "multi_thread")]
async fn remove_waits_for_calls_on_earlier_revisions() {
    let host = host();
    let sleeper = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let parked = start_parked_call(&sleeper, 300).await;
    drop(
        host.update("limits-sleep", guest("limits-sleep"))
            .any_version()
            .await
            .expect("updated"),
    );
    host.remove("limits-sleep").await.expect("removed");
    let ended = tokio::time::timeout(Duration::from_millis(100), parked).await;
    ended
        .expect("it has ended")
        .expect("a task")
        .expect("it slept");
    assert!(
        sleeper.dynamic_function("sleep").is_err(),
        "a removed name hands out no handles"
    );
}

/// A future that is held and not polled cannot reach its deadline. A `Recreate` that waits for it
/// is aborted, and the deployment keeps serving.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_polled_does_not_pause_a_deployment_forever() {
    let host = host();
    let limits = Limits {
        call_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let sleeper = host
        .deploy(guest("limits-sleep"))
        .limits(limits)
        .await
        .expect("deployed");
    let sleep = sleep(&sleeper);
    let mut held = Box::pin(sleep.call((10_000,)));
    assert!(
        tokio::time::timeout(Duration::from_millis(20), held.as_mut())
            .await
            .is_err(),
        "the call is in flight"
    );
    let update = host
        .update("limits-sleep", guest("limits-sleep"))
        .any_version();
    let error = update
        .strategy(Strategy::Recreate)
        .await
        .map(drop)
        .expect_err("it does not drain");
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::DeadlineExceeded, Some(Effect::Drain)),
        "{error}"
    );
    sleep
        .call((1,))
        .await
        .expect("the deployment keeps serving");
    drop(held);
}

/// Advances the clock once a rollout has paused its deployment.
async fn advance_when_paused(clock: &TestClock, events: &mut Events, time: Duration) {
    while let Some(event) = events.next().await {
        if let Event::RolloutStep {
            effect: Effect::Pause,
            ..
        } = event
        {
            clock.advance(time);
            return;
        }
    }
}

/// The active revision has a short deadline, and the call of the one before it a long one.
#[tokio::test(flavor = "multi_thread")]
async fn recreate_waits_as_long_as_the_longest_deadline_of_the_calls_in_flight() {
    let clock = TestClock::new();
    let host = Host::builder()
        .pooled_instances_max(50)
        .test_clock(&clock)
        .build()
        .expect("a host");
    let deadline = |seconds| Limits {
        call_deadline: Duration::from_secs(seconds),
        ..Limits::default()
    };
    let sleeper = host
        .deploy(guest("limits-sleep"))
        .limits(deadline(3_600))
        .await
        .expect("deployed");
    let call = start_parked_call(&sleeper, 1_000).await;
    let name = sleeper.name().as_str();
    let update = |seconds| {
        let update = host.update(name, guest("limits-sleep"));
        update.any_version().limits(deadline(seconds))
    };
    drop(update(1).await.expect("updated"));
    let mut events = host.events();
    let replaced = update(1).strategy(Strategy::Recreate).into_future();
    let advanced = advance_when_paused(&clock, &mut events, Duration::from_secs(60));
    let (replaced, ()) = tokio::join!(replaced, advanced);
    drop(replaced.expect("it waited for the call"));
    call.await.expect("a task").expect("it slept to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_fails_lists_the_calls_that_did_not_end() {
    let clock = TestClock::new();
    let host = Host::builder()
        .pooled_instances_max(50)
        .test_clock(&clock)
        .build()
        .expect("a host");
    let sleeper = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let sleep = sleep(&sleeper);
    let mut call = Box::pin(sleep.call((60_000,)));
    assert!(call.as_mut().now_or_never().is_none(), "it is in flight");
    let mut events = host.events();
    let name = sleeper.name().as_str();
    let update = host.update(name, guest("limits-sleep")).any_version();
    let update = update.strategy(Strategy::Recreate).into_future();
    let advanced = advance_when_paused(&clock, &mut events, Duration::from_secs(3_600));
    let (updated, ()) = tokio::join!(update, advanced);
    let error = updated.map(drop).expect_err("the call is not polled");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    let message = "1 call (revision 1) did not end by their deadline";
    assert!(error.to_string().contains(message), "{error}");
}
