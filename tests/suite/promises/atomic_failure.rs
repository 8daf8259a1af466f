//! A failure in any phase leaves the old revision serving, and reports the phase and the
//! reason.

use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::{
    CallEnd, ComponentName, Deployment, Effect, Error, ErrorKind, Event, Host, Instancing, Limits,
    RolloutProbe, Strategy,
};
use parking_lot::Mutex;

use crate::support::{deploy_greeter, failures, greet, guest, sleep, start_parked_call};

/// A probe that fails, blocks or delays one effect.
#[derive(Clone, Default)]
struct InterferingProbe(Arc<Mutex<Option<(Effect, Interference)>>>);

#[derive(Clone, Copy, PartialEq)]
enum Interference {
    Fail,
    Hang,
    Delay,
}

impl RolloutProbe for InterferingProbe {
    fn before<'a>(
        &'a self,
        _: &'a ComponentName,
        effect: Effect,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        let planned = *self.0.lock();
        Box::pin(async move {
            match planned {
                Some((at, Interference::Fail)) if at == effect => Err("as planned".into()),
                Some((at, Interference::Hang)) if at == effect => std::future::pending().await,
                Some((at, Interference::Delay)) if at == effect => {
                    // Clears the plan, which tells the test that the effect was reached.
                    *self.0.lock() = None;
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }
}

const BLUE_GREEN: [Effect; 11] = [
    Effect::CheckVersion,
    Effect::CheckState,
    Effect::CheckWorld,
    Effect::CheckImports,
    Effect::CheckGrants,
    Effect::Compile,
    Effect::StoreBytes,
    Effect::Start,
    Effect::BindHandles,
    Effect::CheckHealth,
    Effect::Switch,
];

fn interfered_host(interfere: &InterferingProbe) -> Host {
    Host::builder()
        .pooled_instances_max(50)
        .rollout_probe(interfere.clone())
        .build()
        .expect("a host")
}

async fn host_with(interfere: &InterferingProbe) -> (Host, Deployment) {
    let host = interfered_host(interfere);
    let deployment = host
        .deploy(guest("greeter-v1"))
        .instancing(Instancing::pooled(2))
        .await
        .expect("deployed");
    (host, deployment)
}

async fn assert_v1_serves(deployment: &Deployment) {
    assert_eq!(
        greet(deployment)
            .call(("Ada".into(),))
            .await
            .expect("an answer")
            .0,
        "Hello, Ada!"
    );
    let status = deployment.status();
    assert_eq!((status.active.revision, status.revisions.len()), (1, 1));
}

fn effects(strategy: Strategy) -> Vec<Effect> {
    let mut effects = BLUE_GREEN.to_vec();
    if strategy == Strategy::Recreate {
        effects.splice(7..7, [Effect::Pause, Effect::Drain]);
    }
    effects
}

#[tokio::test(flavor = "multi_thread")]
async fn each_effect_that_fails_leaves_the_old_revision_serving() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate] {
        let interfere = InterferingProbe::default();
        let (host, deployment) = host_with(&interfere).await;
        for effect in effects(strategy) {
            *interfere.0.lock() = Some((effect, Interference::Fail));
            let update = host
                .update("greeter", guest("greeter-v2"))
                .strategy(strategy);
            let error = update.await.map(drop).expect_err("failed as planned");
            assert_eq!(
                (error.kind(), error.phase()),
                (ErrorKind::StoppedByProbe, Some(effect))
            );
            assert_v1_serves(&deployment).await;
        }
        *interfere.0.lock() = None;
        drop(
            host.update("greeter", guest("greeter-v2"))
                .strategy(strategy)
                .await
                .expect("the update succeeds without interference"),
        );
    }
}

/// A stateful component keeps its state, whatever fails after the pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_recreate_that_fails_leaves_state_untouched() {
    let interfere = InterferingProbe::default();
    let host = interfered_host(&interfere);
    let counter = host.deploy(guest("state-counter")).await.expect("deployed");
    let increment = counter
        .function::<(), (u64,)>("increment")
        .expect("an exported function");
    let mut expected = 1;
    for effect in effects(Strategy::Recreate) {
        assert_eq!(
            increment.call(()).await.expect("counted").0,
            expected,
            "before {effect}"
        );
        *interfere.0.lock() = Some((effect, Interference::Fail));
        let update = host
            .update("state-counter", guest("state-counter"))
            .any_version()
            .discard_state();
        let error = update
            .strategy(Strategy::Recreate)
            .await
            .map(drop)
            .expect_err("failed as planned");
        assert_eq!(error.phase(), Some(effect));
        expected += 1;
    }
    assert_eq!(increment.call(()).await.expect("counted").0, expected);
}

/// A call in flight when the pause was abandoned keeps its instance, and the waiting calls get it
/// after that call.
#[tokio::test(flavor = "multi_thread")]
async fn a_recreate_dropped_while_it_drains_leaves_state_untouched() {
    let host = crate::support::host();
    let sleeper = host
        .deploy(guest("limits-sleep"))
        .instancing(Instancing::Stateful)
        .await
        .expect("deployed");
    let parked = start_parked_call(&sleeper, 400).await;
    let update = host
        .update("limits-sleep", guest("limits-sleep"))
        .any_version()
        .discard_state();
    let update = update.strategy(Strategy::Recreate).into_future();
    assert!(
        tokio::time::timeout(Duration::from_millis(100), update)
            .await
            .is_err(),
        "the update waits for the drain"
    );
    sleep(&sleeper).call((1,)).await.expect("the pause is over");
    assert_eq!(sleeper.status().instances, 1);
    let ended = tokio::time::timeout(Duration::from_millis(100), parked).await;
    ended
        .expect("one instance serves calls one by one")
        .expect("a task")
        .expect("it slept");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_dropped_at_any_step_leaves_the_old_revision_serving() {
    for strategy in [Strategy::BlueGreen, Strategy::Recreate] {
        let interfere = InterferingProbe::default();
        let (host, deployment) = host_with(&interfere).await;
        for effect in effects(strategy) {
            *interfere.0.lock() = Some((effect, Interference::Hang));
            let update = host
                .update("greeter", guest("greeter-v2"))
                .strategy(strategy)
                .into_future();
            let stopped = tokio::time::timeout(Duration::from_millis(300), update).await;
            assert!(stopped.is_err(), "{effect} was not reached");
            assert_v1_serves(&deployment).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_in_progress_does_not_restore_a_removed_deployment() {
    let interfere = InterferingProbe::default();
    let (host, deployment) = host_with(&interfere).await;
    let greet = greet(&deployment);
    *interfere.0.lock() = Some((Effect::Switch, Interference::Delay));
    let updating = host.clone();
    let update = tokio::spawn(async move {
        updating
            .update("greeter", guest("greeter-v2"))
            .await
            .map(drop)
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    host.remove("greeter").await.expect("removed");
    let error = update
        .await
        .expect("a task")
        .expect_err("there is nothing to update");
    assert_eq!(error.kind(), ErrorKind::NotDeployed);
    assert_eq!(
        greet
            .call(("Ada".into(),))
            .await
            .expect_err("removed")
            .kind(),
        ErrorKind::NotDeployed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_pause_does_not_restore_a_removed_deployment() {
    let interfere = InterferingProbe::default();
    let (host, deployment) = host_with(&interfere).await;
    let greet = greet(&deployment);
    *interfere.0.lock() = Some((Effect::Start, Interference::Hang));
    let updating = host.clone();
    let update = tokio::spawn(async move {
        updating
            .update("greeter", guest("greeter-v2"))
            .strategy(Strategy::Recreate)
            .await
            .map(drop)
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    host.remove("greeter").await.expect("removed");
    update.abort();
    assert!(update.await.expect_err("aborted").is_cancelled());
    assert_eq!(
        greet
            .call(("Ada".into(),))
            .await
            .expect_err("removed")
            .kind(),
        ErrorKind::NotDeployed
    );
}

/// A call that waits for a `Recreate` until its deadline is counted and announced.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_during_a_pause_is_reported() {
    let interfere = InterferingProbe::default();
    let host = interfered_host(&interfere);
    let limits = Limits {
        call_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let deployment = host.deploy(guest("greeter-v1")).limits(limits).await;
    let deployment = deployment.expect("deployed");
    let mut events = host.events();
    *interfere.0.lock() = Some((Effect::Start, Interference::Hang));
    let updating = host.clone();
    let update = tokio::spawn(async move {
        let update = updating.update("greeter", guest("greeter-v2"));
        update.strategy(Strategy::Recreate).await.map(drop)
    });
    let is_paused = |event: &Event| matches!(event, Event::RolloutStep { effect, .. } if *effect == Effect::Pause);
    while !is_paused(&events.next().await.expect("the host exists")) {}
    let error = greet(&deployment).call(("Ada".into(),)).await;
    let error = error.expect_err("it is paused");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    let failed = failures(&mut events);
    assert!(
        matches!(&failed[..], [(CallEnd::DeadlineExceeded, _)]),
        "{failed:?}"
    );
    let counted = deployment.status().calls_failed;
    assert_eq!(counted.get("deadline-exceeded"), Some(&1));
    update.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_broken_component_is_refused_with_its_phase() {
    let (host, deployment) = deploy_greeter(Instancing::PerCall).await;
    let mut events = host.events();
    for (broken, code, phase) in [
        ("greeter-v3", "start-failed", Effect::Start),
        ("greeter-unhealthy", "unhealthy", Effect::CheckHealth),
        ("greeter-changed", "world-changed", Effect::CheckWorld),
        ("import-missing", "world-changed", Effect::CheckWorld),
    ] {
        let newer = guest(broken).with_version("9.0.0".parse().expect("a version"));
        let error = host
            .update("greeter", newer)
            .await
            .map(drop)
            .expect_err(broken);
        assert_eq!(
            (error.code(), error.phase()),
            (code, Some(phase)),
            "{error}"
        );
        assert_v1_serves(&deployment).await;
    }
    let refusals = std::iter::from_fn(|| events.try_next())
        .filter(|event| matches!(event, Event::RolloutFailed { .. }));
    assert_eq!(refusals.count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn bindings_are_checked_when_created_and_survive_updates() {
    let host = crate::support::host();
    let old = crate::support::wat_file("answers-u32");
    let deployment = host.deploy(old).name("answers").await.expect("deployed");
    let bindings = deployment
        .bindings(|mut store, instance| instance.get_typed_func::<(), (u32,)>(&mut store, "answer"))
        .await
        .expect("bound");
    let picky = deployment
        .bindings(|mut store, instance| {
            instance
                .get_func(&mut store, "only-here")
                .ok_or_else(|| wasmtime_error("no `only-here`"))
        })
        .await;
    assert_eq!(
        picky.map(drop).expect_err("refused at once").kind(),
        ErrorKind::TypeMismatch
    );
    drop(
        host.update("answers", crate::support::wat_file("answers-u32"))
            .any_version()
            .await
            .expect("updated"),
    );
    let answer = bindings
        .call(async |answer, store| answer.call_async(store, ()).await)
        .await;
    assert_eq!(answer.expect("an answer").0, 42);
}

/// The world check compares worlds and accepts new interfaces. But a name may mean one function in
/// the active revision and two in the next.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_breaks_a_handle_is_refused() {
    let host = crate::support::host();
    let deployment = host
        .deploy(crate::support::wat_file("greets-once"))
        .await
        .expect("deployed");
    let handle = deployment
        .dynamic_function("greet")
        .expect("an exported function");
    let error = update_to_ambiguous(&host)
        .await
        .expect_err("the handle would be lost");
    assert_eq!(
        (error.code(), error.phase()),
        ("callers-lost", Some(Effect::BindHandles)),
        "{error}"
    );
    assert_eq!(
        handle.call_wave("()").await.expect("an answer").as_deref(),
        Some("1")
    );
    drop(handle);
    update_to_ambiguous(&host)
        .await
        .expect("no such handle exists any more");
}

async fn update_to_ambiguous(host: &Host) -> Result<(), Error> {
    let ambiguous = crate::support::wat_file("greets-twice")
        .with_name("greets-once")
        .expect("a name");
    host.update("greets-once", ambiguous)
        .any_version()
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_created_during_an_update_is_checked_as_well() {
    let interfere = InterferingProbe::default();
    let host = interfered_host(&interfere);
    let deployment = host
        .deploy(crate::support::wat_file("greets-once"))
        .await
        .expect("deployed");
    *interfere.0.lock() = Some((Effect::Switch, Interference::Delay));
    let updating = host.clone();
    let update = tokio::spawn(async move { update_to_ambiguous(&updating).await });
    while interfere.0.lock().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let late = deployment
        .dynamic_function("greet")
        .expect("the name is unambiguous so far");
    let error = update
        .await
        .expect("a task")
        .expect_err("the late handle would be lost");
    assert_eq!(
        (error.code(), error.phase()),
        ("callers-lost", Some(Effect::Switch)),
        "{error}"
    );
    assert_eq!(
        late.call_wave("()").await.expect("an answer").as_deref(),
        Some("1")
    );
}

fn wasmtime_error(message: &'static str) -> airssys_wasm_host::wasmtime::Error {
    airssys_wasm_host::wasmtime::Error::msg(message)
}
