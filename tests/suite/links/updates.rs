//! Updates of the callee under load: callers stay linked, and no call tree sees two revisions of
//! it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use airssys_wasm_host::{ErrorKind, Instancing, Strategy};

use super::deploy_linked;
use crate::support::{guest, wat};

/// A call and the calls that it leads to see one revision of each component.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_tree_sees_one_revision_of_each_component() {
    let (host, caller) = deploy_linked(Instancing::pooled(8)).await;
    // So that the update compiles nothing, and takes much less time than the slow call.
    let compiled = host.deploy(guest("store-v2")).name("compiled");
    compiled.await.expect("deployed");
    let versions = caller
        .function::<(u64,), ((String, String),)>("versions")
        .expect("an exported function");
    let slow = tokio::spawn({
        let versions = versions.clone();
        async move { versions.call((2_000,)).await }
    });
    let store = host.deployment("store").await.expect("deployed");
    while store.status().calls_in_flight == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let update = host
        .update("store", guest("store-v2"))
        .any_version()
        .await
        .expect("updated");
    let ((first, second),) = versions.call((0,)).await.expect("an answer");
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("2.0.0", "2.0.0"),
        "begun after the update"
    );
    assert_eq!(
        update.calls_draining(),
        1,
        "a call tree that began before holds the old revision"
    );
    let ((first, second),) = slow.await.expect("a caller").expect("an answer");
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("1.0.0", "1.0.0"),
        "begun before the update"
    );
    update.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_stay_linked_through_updates_and_rollbacks_under_load() {
    let (host, caller) = deploy_linked(Instancing::pooled(4)).await;
    let (stop, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let callers: Vec<_> = (0..4u32)
        .map(|_| {
            let versions = caller
                .function::<(u64,), ((String, String),)>("versions")
                .expect("an exported function");
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let ((first, second),) = versions.call((0,)).await.expect("no call is dropped");
                    assert_eq!(first, second);
                    answered.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..10 {
        let strategy = if round % 2 == 0 {
            Strategy::BlueGreen
        } else {
            Strategy::Recreate
        };
        host.update("store", guest("store-v2"))
            .strategy(strategy)
            .any_version()
            .await
            .expect("updated");
        host.rollback("store")
            .strategy(strategy)
            .await
            .expect("rolled back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller");
    }
    assert!(answered.load(Ordering::Relaxed) > 100);
}

/// The update of a callee is checked against the components linked to it.
#[tokio::test]
async fn an_update_incompatible_with_callers_is_refused() {
    let (host, caller) = deploy_linked(Instancing::pooled(2)).await;
    let error = host
        .update("store", wat("store", "(component)"))
        .any_version()
        .await
        .expect_err("refused");
    assert_eq!(error.code(), "world-changed", "{error}");
    let error = host.remove("store").await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InUse);
    assert_eq!(
        error.to_string(),
        "`store` is used by `store-caller`: update or remove those first, or remove all together"
    );
    let add = caller
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    assert_eq!(add.call((1, 2)).await.expect("an answer"), (3,));
    host.remove("store-caller").await.expect("removed");
    drop((caller, add));
    host.remove("store")
        .await
        .expect("no component is linked to it any more");
}

/// Revoking a call grant of the caller ends its calls at once.
#[tokio::test]
async fn a_call_with_a_revoked_grant_is_refused() {
    let (host, caller) = deploy_linked(Instancing::pooled(2)).await;
    let add = caller
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    add.call((1, 2)).await.expect("an answer");
    crate::support::revoke(&host, "store-caller", super::CALL).await;
    let error = add.call((1, 2)).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::NotGranted, "{error}");
}
