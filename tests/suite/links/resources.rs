//! Resources of one component held by another: calls on them reach the instance that owns them, as
//! long as they are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::wasmtime::component::{ComponentNamedList, Lift, Lower};
use airssys_wasm_host::{
    Component, Deployment, ErrorKind, Host, Instancing, Limits, Result, Strategy,
};

use crate::support::{guest, host};

const RULES: [&str; 2] = ["call acme:blobs/types", "call acme:blobs/shelf"];

fn may_call() -> Grants {
    RULES.into_iter().fold(Grants::new(), |grants, rule| {
        grants.allow(rule).expect("a rule")
    })
}

fn blobs() -> Component {
    guest("blobs-v1").with_name("blobs").expect("a name")
}

/// Deploys the component that owns resources and a user of them.
async fn deploy_linked(blobs_are: Instancing, user_is: Instancing) -> (Host, Deployment) {
    let host = host();
    host.deploy(blobs())
        .instancing(blobs_are)
        .await
        .expect("deployed");
    let user = user(&host, "user", user_is).await;
    (host, user)
}

async fn user(host: &Host, name: &str, instancing: Instancing) -> Deployment {
    let user = host
        .deploy(guest("blobs-user"))
        .name(name)
        .grants(may_call())
        .instancing(instancing);
    user.await.expect("deployed")
}

async fn call<P, R>(user: &Deployment, function: &str, params: P) -> Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    user.function::<P, R>(function)
        .expect("an exported function")
        .call(params)
        .await
}

async fn keep_blob(user: &Deployment, text: &str) -> u32 {
    call::<_, (u32,)>(user, "keep", (text.to_owned(),))
        .await
        .expect("an answer")
        .0
}

async fn text(user: &Deployment, function: &str) -> String {
    call::<_, (String,)>(user, function, ())
        .await
        .expect("an answer")
        .0
}

async fn number(user: &Deployment, function: &str) -> u32 {
    call::<_, (u32,)>(user, function, ())
        .await
        .expect("an answer")
        .0
}

async fn use_once(user: &Deployment) -> Result<(String,)> {
    call(user, "once", ("a".to_owned(),)).await
}

async fn read_kept(user: &Deployment) -> Result<Vec<String>> {
    call::<_, (Vec<String>,)>(user, "read-kept", ())
        .await
        .map(|(read,)| read)
}

fn every_instancing() -> [Instancing; 3] {
    [
        Instancing::PerCall,
        Instancing::pooled(2),
        Instancing::Stateful,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_pass_in_every_position_of_a_value() {
    for instancing in every_instancing() {
        let (_host, user) = deploy_linked(instancing, Instancing::PerCall).await;
        assert_eq!(use_once(&user).await.expect("an answer").0, "1.0.0 a! 2");
        let parts: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(
            call::<_, (String,)>(&user, "join", (parts,))
                .await
                .expect("joined")
                .0,
            "1.0.0 abc"
        );
        type Split = (Result<(String, String), String>,);
        let (split,) = call::<_, Split>(&user, "split", ("abcd".to_owned(), 1u32))
            .await
            .expect("split");
        assert_eq!(split, Ok(("1.0.0 a".into(), "1.0.0 bcd".into())));
        let (split,) = call::<_, Split>(&user, "split", ("abcd".to_owned(), 9u32))
            .await
            .expect("an answer");
        assert_eq!(split, Err("there are 4 bytes".into()));
        let (many,) = call::<_, (Vec<String>,)>(&user, "many", (3u32,))
            .await
            .expect("an answer");
        assert_eq!(many, ["blob 0: 1.0.0 0", "blob 1", "blob 2: 1.0.0 2"]);
        let (consumed,) = call::<_, (String,)>(&user, "consume", ("x".to_owned(),))
            .await
            .expect("an answer");
        assert_eq!(consumed, "x");
        assert_eq!(number(&user, "count").await, 0, "{instancing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_resources_stay_in_their_instance_across_calls() {
    for instancing in every_instancing() {
        let (host, user) = deploy_linked(instancing, Instancing::Stateful).await;
        assert_eq!(
            (keep_blob(&user, "a").await, keep_blob(&user, "b").await),
            (1, 2)
        );
        assert_eq!(
            read_kept(&user).await.expect("an answer"),
            ["1.0.0 a", "1.0.0 b"]
        );
        assert_eq!(text(&user, "join-kept").await, "1.0.0 ab");
        assert_eq!(
            number(&user, "count-beside-kept").await,
            2,
            "the joined blobs were dropped"
        );
        call::<_, ()>(&user, "drop-kept", ())
            .await
            .expect("dropped");
        keep_blob(&user, "c").await;
        assert_eq!(
            number(&user, "count-beside-kept").await,
            1,
            "{instancing:?}"
        );
        let instances = host
            .deployment("blobs")
            .await
            .expect("deployed")
            .status()
            .instances;
        assert!(instances <= 2, "{instances} instances, {instancing:?}");
    }
}

/// An instance with open resources serves only the holder of the resources, and returns to the pool
/// when they are dropped.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_with_open_resources_serves_only_their_holder() {
    let host = host();
    let limits = Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let blobs = host
        .deploy(blobs())
        .instancing(Instancing::pooled(1))
        .limits(limits)
        .await
        .expect("deployed");
    let (owner, other) = (
        user(&host, "owner", Instancing::Stateful).await,
        user(&host, "other", Instancing::Stateful).await,
    );
    keep_blob(&owner, "a").await;
    let error = use_once(&other)
        .await
        .expect_err("it waits for the only instance");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    let failed = blobs.status().calls_failed;
    assert_eq!(failed.values().sum::<u64>(), 1, "{failed:?}");
    assert_eq!(read_kept(&owner).await.expect("an answer"), ["1.0.0 a"]);
    assert_eq!(
        number(&owner, "count").await,
        1,
        "other calls of the holder are served there too"
    );
    assert_eq!(text(&owner, "version").await, "1.0.0");
    assert_eq!(use_once(&owner).await.expect("an answer").0, "1.0.0 a! 2");
    call::<_, ()>(&owner, "drop-kept", ())
        .await
        .expect("dropped");
    use_once(&other).await.expect("it is free again");
}

/// Resources stay on the revision in which they were opened; later ones are opened in the active
/// revision.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_leaves_resources_open() {
    for instancing in [Instancing::PerCall, Instancing::pooled(4)] {
        let (host, user) = deploy_linked(instancing, Instancing::Stateful).await;
        keep_blob(&user, "a").await;
        let promoted = host
            .update("blobs", guest("blobs-v2"))
            .any_version()
            .await
            .expect("updated");
        let sleep = user
            .function::<(u64,), ()>("sleep-kept")
            .expect("an exported function");
        let sleeping = tokio::spawn(async move { sleep.call((500,)).await });
        promoted.drained().await;
        assert!(
            !sleeping.is_finished(),
            "a drain does not wait for open resources"
        );
        sleeping.await.expect("a caller").expect("it slept");
        assert_eq!(read_kept(&user).await.expect("an answer"), ["1.0.0 a"]);
        assert_eq!(text(&user, "version").await, "2.0.0");
        let ((kept, new),) = call::<_, ((String, String),)>(&user, "read-kept-and-new", ())
            .await
            .expect("an answer");
        assert_eq!((kept.as_str(), new.as_str()), ("1.0.0 a", "2.0.0 new"));
        assert_eq!(use_once(&user).await.expect("an answer").0, "2.0.0 a! 2");
        keep_blob(&user, "b").await;
        assert_eq!(
            read_kept(&user).await.expect("an answer"),
            ["1.0.0 a", "2.0.0 b"]
        );
        let error = call::<_, (String,)>(&user, "join-kept", ())
            .await
            .expect_err("they are in different instances");
        assert_eq!(error.kind(), ErrorKind::ResourceLost, "{error}");
        assert!(
            error
                .to_string()
                .contains("resources of different instances"),
            "{error}"
        );
    }
}

/// With `Recreate` the old revision ends before the new one begins, so its open resources end as
/// well. If the new one does not start, they stay open.
#[tokio::test(flavor = "multi_thread")]
async fn resources_end_with_a_recreated_revision() {
    let (host, user) = deploy_linked(Instancing::pooled(4), Instancing::Stateful).await;
    keep_blob(&user, "a").await;
    let update = host
        .update("blobs", guest("greeter-v1"))
        .strategy(Strategy::Recreate)
        .any_version();
    update.await.expect_err("it has no blobs");
    assert_eq!(
        read_kept(&user).await.expect("nothing has happened"),
        ["1.0.0 a"]
    );
    let update = host
        .update("blobs", guest("blobs-v2"))
        .strategy(Strategy::Recreate)
        .any_version();
    update.await.expect("updated");
    let error = read_kept(&user).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::ResourceLost, "{error}");
    assert_eq!(use_once(&user).await.expect("an answer").0, "2.0.0 a! 2");
}

/// The state of a replaced stateful revision is not used any more.
#[tokio::test(flavor = "multi_thread")]
async fn resources_of_a_stateful_component_are_lost_with_its_instance() {
    let (host, user) = deploy_linked(Instancing::Stateful, Instancing::Stateful).await;
    keep_blob(&user, "a").await;
    host.update("blobs", guest("blobs-v2"))
        .any_version()
        .discard_state()
        .await
        .expect("updated");
    let error = read_kept(&user).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::ResourceLost, "{error}");
    assert!(
        error
            .to_string()
            .contains("a resource of `blobs` revision 1"),
        "{error}"
    );

    keep_blob(&user, "b").await;
    let other = self::user(&host, "other", Instancing::Stateful).await;
    keep_blob(&other, "c").await;
    call::<_, ()>(&other, "fail-kept", ())
        .await
        .expect_err("the instance traps");
    keep_blob(&other, "d").await;
    let error = read_kept(&user).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::ResourceLost, "{error}");
    assert_eq!(
        read_kept(&other)
            .await
            .expect("use by another holder does not end it"),
        ["2.0.0 d"]
    );
    assert_eq!(
        use_once(&user)
            .await
            .expect("newly opened resources work")
            .0,
        "2.0.0 a! 2"
    );
}

/// A holder may end without dropping its resources.
#[tokio::test(flavor = "multi_thread")]
async fn abandoned_resources_are_dropped() {
    let (host, user) = deploy_linked(Instancing::Stateful, Instancing::PerCall).await;
    for _ in 0..5 {
        call::<_, ()>(&user, "leave", ("x".to_owned(),))
            .await
            .expect("left");
    }
    let stateful = self::user(&host, "stateful", Instancing::Stateful).await;
    keep_blob(&stateful, "y").await;
    host.remove("stateful").await.expect("removed");
    wait_for_blob_count(&user, 0).await;

    let (_host, user) = deploy_linked(Instancing::pooled(1), Instancing::PerCall).await;
    for _ in 0..5 {
        call::<_, ()>(&user, "leave", ("x".to_owned(),))
            .await
            .expect("the instance is free again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_fails_ends_its_instance_and_frees_its_slot() {
    let host = host();
    let limits = Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    host.deploy(blobs())
        .instancing(Instancing::pooled(1))
        .limits(limits)
        .await
        .expect("deployed");
    let user = user(&host, "user", Instancing::Stateful).await;
    keep_blob(&user, "a").await;
    let error = call::<_, ()>(&user, "fail-kept", ())
        .await
        .expect_err("it traps");
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");

    keep_blob(&user, "b").await;
    let error = call::<_, ()>(&user, "sleep-kept", (5_000u64,))
        .await
        .expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");

    keep_blob(&user, "c").await;
    let sleep = user
        .function::<(u64,), ()>("sleep-kept")
        .expect("an exported function");
    tokio::time::timeout(Duration::from_millis(100), sleep.call((5_000,)))
        .await
        .expect_err("the call was dropped");

    keep_blob(&user, "traps when dropped").await;
    let error = call::<_, ()>(&user, "drop-kept", ())
        .await
        .expect_err("it traps");
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");
    use_once(&user)
        .await
        .expect("there is room for an instance");
}

/// A handle to a resource of another component counts against the handle limit of its holder, and
/// only the holder fails if it has too many.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_cannot_exceed_its_handle_limit() {
    let host = host();
    host.deploy(blobs())
        .instancing(Instancing::Stateful)
        .await
        .expect("deployed");
    let limits = Limits {
        handles_max: 10,
        ..Limits::default()
    };
    let greedy = host
        .deploy(guest("blobs-user"))
        .name("greedy")
        .grants(may_call())
        .limits(limits);
    let greedy = greedy.await.expect("deployed");
    let user = user(&host, "user", Instancing::Stateful).await;
    keep_blob(&user, "a").await;
    call::<_, (Vec<String>,)>(&greedy, "many", (10u32,))
        .await
        .expect("five handles");
    let error = call::<_, (Vec<String>,)>(&greedy, "many", (100u32,))
        .await
        .expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");
    wait_for_blob_count(&user, 1).await;
    assert_eq!(read_kept(&user).await.expect("an answer"), ["1.0.0 a"]);
}

/// In an instance that serves others and is busy.
#[tokio::test(flavor = "multi_thread")]
async fn resources_in_transit_of_a_dropped_call_are_dropped() {
    for function in ["drop-kept", "give-kept"] {
        let (host, user) = deploy_linked(Instancing::Stateful, Instancing::Stateful).await;
        let other = self::user(&host, "other", Instancing::Stateful).await;
        keep_blob(&user, "a").await;
        keep_blob(&other, "b").await;
        let sleep = other
            .function::<(u64,), ()>("sleep-kept")
            .expect("an exported function");
        let sleeping = tokio::spawn(async move { sleep.call((600,)).await });
        let blobs = host.deployment("blobs").await.expect("deployed");
        while blobs.status().calls_in_flight == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let given_up = tokio::time::timeout(
            Duration::from_millis(100),
            call::<_, ()>(&user, function, ()),
        );
        given_up.await.expect_err("the instance is busy");
        sleeping.await.expect("a caller").expect("it slept");
        wait_for_blob_count(&other, 1).await;
    }
}

/// Waits until `expected` blobs are left: resources without a holder are dropped in the background.
async fn wait_for_blob_count(user: &Deployment, expected: u32) {
    for _ in 0..200 {
        if number(user, "count").await == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} blobs are left", number(user, "count").await);
}

/// Instances that hold resources end when a grant is revoked, although they are in use.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_instances_with_open_resources() {
    let (host, user) = deploy_linked(Instancing::pooled(1), Instancing::Stateful).await;
    keep_blob(&user, "a").await;
    crate::support::revoke(&host, "blobs", "config a").await;
    assert_eq!(
        host.deployment("blobs")
            .await
            .expect("deployed")
            .status()
            .instances,
        0
    );
    let error = read_kept(&user).await.expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::ResourceLost, "{error}");
    use_once(&user)
        .await
        .expect("there is room for an instance");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_call_grant_ends_the_use_of_open_resources() {
    let (host, user) = deploy_linked(Instancing::pooled(1), Instancing::Stateful).await;
    keep_blob(&user, "a").await;
    crate::support::revoke(&host, "user", RULES[0]).await;
    let error = read_kept(&user).await.expect_err("revoked");
    assert_eq!(error.kind(), ErrorKind::NotGranted, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_pass_only_to_the_component_that_defines_them() {
    let host = host();
    for name in ["one", "two"] {
        host.deploy(guest("blobs-v1").with_name(name).expect("a name"))
            .await
            .expect("deployed");
    }
    let deploy = |types: &str, shelf: &str| {
        let deploy = host.deploy(guest("blobs-user")).grants(may_call());
        let deploy = deploy.link("acme:blobs/types", types).expect("a name");
        deploy.link("acme:blobs/shelf", shelf).expect("a name")
    };
    let error = deploy("one", "two").await.expect_err("refused");
    assert_eq!(error.code(), "missing-import");
    let message = error.to_string();
    assert!(
        message.contains("handles of `acme:blobs/types.blob`"),
        "{message}"
    );
    assert!(
        message.contains("`two` serves this interface, but not that one"),
        "{message}"
    );
    let user = deploy("two", "two").await.expect("deployed");
    use_once(&user).await.expect("an answer");
}

/// No call is dropped, and each call tree has its resources in one revision.
#[tokio::test(flavor = "multi_thread")]
async fn resources_are_opened_and_used_under_load_through_updates() {
    for instancing in [Instancing::pooled(4), Instancing::Stateful] {
        assert_resources_survive_updates(instancing).await;
    }
}

async fn assert_resources_survive_updates(instancing: Instancing) {
    let (host, user) = deploy_linked(instancing, Instancing::pooled(4)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (user, stop) = (user.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let parts: Vec<String> = ["a", "b"].map(str::to_owned).into();
                let mut calls = 0;
                while !stop.load(Ordering::Relaxed) {
                    let (joined,) = call::<_, (String,)>(&user, "join", (parts.clone(),))
                        .await
                        .expect("no call is dropped");
                    assert!(
                        ["1.0.0 ab", "2.0.0 ab"].contains(&joined.as_str()),
                        "{joined}"
                    );
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    for round in 0..6 {
        let strategy = if round % 2 == 0 {
            Strategy::BlueGreen
        } else {
            Strategy::Recreate
        };
        let update = host
            .update("blobs", guest("blobs-v2"))
            .strategy(strategy)
            .any_version();
        update.discard_state().await.expect("updated");
        host.rollback("blobs")
            .strategy(strategy)
            .discard_state()
            .await
            .expect("rolled back");
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.expect("a caller") > 0);
    }
}
