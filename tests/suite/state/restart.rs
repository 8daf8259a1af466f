//! Without a crash: a new host has the state of the previous one.

use std::collections::BTreeSet;
use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{
    Action, Approval, Deployment, Enforcement, ErrorKind, Host, Instancing, Limits,
};

use super::{builder, host, temp_directory};
use crate::capabilities::probe::{attempt, grants, probe};
use crate::support::{greet, guest};

async fn answer(host: &Host) -> String {
    let greeter = host.deployment("greeter").await.expect("deployed");
    greet(&greeter)
        .call(("Ada".into(),))
        .await
        .expect("an answer")
        .0
}

fn describe(deployment: &Deployment) -> String {
    let status = deployment.status();
    format!(
        "{:?} {:?} {:?}",
        status.active,
        status.revisions,
        deployment.grants()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_restores_its_deployments() {
    let place = temp_directory();
    let first = host(place.path());
    let limits = Limits {
        call_deadline: Duration::from_millis(1_500),
        ..Limits::default()
    };
    let deploy = first
        .deploy(guest("greeter-v1"))
        .limits(limits)
        .instancing(Instancing::pooled(3));
    let deployment = deploy
        .grants(grants(&["config a value=1"]))
        .await
        .expect("deployed");
    drop(
        first
            .update("greeter", guest("greeter-v2"))
            .await
            .expect("updated"),
    );
    let before = describe(&deployment);
    drop((deployment, first));

    let second = host(place.path());
    assert_eq!(
        describe(&second.deployment("greeter").await.expect("it is there")),
        before
    );
    assert_eq!(answer(&second).await, "Good day, Ada!");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_after_a_restart_goes_to_the_same_revision_as_before() {
    let place = temp_directory();
    let first = host(place.path());
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    drop(
        first
            .update("greeter", guest("greeter-v2"))
            .await
            .expect("updated"),
    );
    drop(first);

    let second = host(place.path());
    assert_eq!(
        second
            .rollback("greeter")
            .await
            .expect("rolled back")
            .to_revision(),
        1
    );
    assert_eq!(answer(&second).await, "Hello, Ada!");
    drop(second);

    let third = host(place.path());
    assert_eq!(answer(&third).await, "Hello, Ada!");
    let error = third
        .rollback("greeter")
        .await
        .map(drop)
        .expect_err("nothing served before the first");
    assert_eq!(error.kind(), ErrorKind::NothingToRollBackTo);
    let forward = third
        .rollback("greeter")
        .to_version("v2.0.0")
        .await
        .expect("forward again");
    assert_eq!(forward.to_revision(), 2);
    let newest = guest("greeter-v2").with_version("9.0.0".parse().expect("a version"));
    assert_eq!(
        third
            .update("greeter", newest)
            .await
            .expect("updated")
            .to_revision(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_needs_neither_the_compiler_nor_unrelated_bytes() {
    let place = temp_directory();
    let first = host(place.path());
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    drop(
        first
            .update("greeter", guest("greeter-v2"))
            .await
            .expect("updated"),
    );
    drop(first);
    let compiled = || -> BTreeSet<_> {
        let entries = std::fs::read_dir(place.path().join("state/code"))
            .expect("a cache")
            .flatten();
        entries
            .map(|entry| {
                (
                    entry.file_name(),
                    entry
                        .metadata()
                        .expect("deployed")
                        .modified()
                        .expect("a time"),
                )
            })
            .collect()
    };
    let before = compiled();
    assert!(!before.is_empty());
    let second = host(place.path());
    assert_eq!(answer(&second).await, "Good day, Ada!");
    drop(second.rollback("greeter").await.expect("rolled back"));
    assert_eq!(answer(&second).await, "Hello, Ada!");
    assert_eq!(compiled(), before, "nothing was recompiled");
    drop(second);

    std::fs::remove_dir_all(place.path().join("state/code")).expect("removed");
    assert_eq!(
        answer(&host(place.path())).await,
        "Hello, Ada!",
        "missing code is compiled again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn revocations_persist_through_restarts_and_rollbacks() {
    let place = temp_directory();
    let first = host(place.path());
    let (requests, granted) = (
        ["config a", "config b"],
        ["config a value=1", "config b value=2"],
    );
    let deploy = first.deploy(probe(&requests)).grants(grants(&granted));
    drop(deploy.await.expect("deployed"));
    drop(
        first
            .update("attack-probe", probe(&requests))
            .any_version()
            .await
            .expect("updated"),
    );
    crate::support::revoke(&first, "attack-probe", "config b").await;
    drop(first);

    let second = host(place.path());
    let read = async |key| {
        attempt(
            &second.deployment("attack-probe").await.expect("deployed"),
            &["config", key],
        )
        .await
    };
    assert_eq!(read("a").await.as_deref(), Ok("1"));
    assert!(read("b").await.is_err(), "it was revoked");
    // Revoked while the previous revision is not loaded.
    crate::support::revoke(&second, "attack-probe", "config a").await;
    drop(second.rollback("attack-probe").await.expect("rolled back"));
    for key in ["a", "b"] {
        assert!(read(key).await.is_err(), "{key} was revoked");
    }
    drop(second);

    let third = host(place.path());
    let again = third.update("attack-probe", probe(&requests)).any_version();
    drop(again.grants(grants(&granted)).await.expect("granted again"));
    drop(third);
    let fourth = host(place.path());
    let deployment = fourth.deployment("attack-probe").await.expect("deployed");
    assert_eq!(
        attempt(&deployment, &["config", "b"]).await.as_deref(),
        Ok("2"),
        "it was granted again"
    );
}

/// A revision that was only stored when it was rolled back to is affected like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_after_a_rollback_applies_to_the_active_revision() {
    let place = temp_directory();
    let first = host(place.path());
    let deploy = first
        .deploy(probe(&["config a"]))
        .grants(grants(&["config a value=1"]));
    drop(deploy.await.expect("deployed"));
    drop(
        first
            .update("attack-probe", probe(&["config a"]))
            .any_version()
            .await
            .expect("updated"),
    );
    drop(first);

    let second = host(place.path());
    drop(second.rollback("attack-probe").await.expect("rolled back"));
    let deployment = second.deployment("attack-probe").await.expect("deployed");
    assert_eq!(
        attempt(&deployment, &["config", "a"]).await.as_deref(),
        Ok("1")
    );
    crate::support::revoke(&second, "attack-probe", "config a").await;
    assert!(
        attempt(&deployment, &["config", "a"]).await.is_err(),
        "it was revoked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_approval_survives_a_restart() {
    let place = temp_directory();
    let first = host(place.path());
    drop(
        first
            .deploy(probe(&["config a"]))
            .grants(grants(&["config a value=1"]))
            .await
            .expect("deployed"),
    );
    let wider = probe(&["config a", "config b"]);
    let error = first
        .update("attack-probe", wider.clone())
        .any_version()
        .await
        .map(drop)
        .expect_err("more");
    assert_eq!(error.kind(), ErrorKind::AwaitsApproval);
    drop(first);

    let second = host(place.path());
    let waiting = second
        .deployment("attack-probe")
        .await
        .expect("deployed")
        .pending_update()
        .expect("it waits");
    assert_eq!(
        (waiting.digest(), waiting.requested()),
        (wider.digest(), wider.requested())
    );
    let approval = Approval::new(&waiting, grants(&["config a value=1", "config b value=2"]));
    let update = second
        .update("attack-probe", waiting)
        .approval(approval)
        .any_version();
    drop(update.await.expect("approved"));
    drop(second);

    let third = host(place.path());
    assert!(
        third
            .deployment("attack-probe")
            .await
            .expect("deployed")
            .pending_update()
            .is_none()
    );
    let deployment = third.deployment("attack-probe").await.expect("deployed");
    assert_eq!(
        attempt(&deployment, &["config", "b"]).await.as_deref(),
        Ok("2")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_deployment_survive_a_restart() {
    let place = temp_directory();
    let first = host(place.path());
    let silent = guest("plain-bindgen").with_name("plain").expect("a name");
    let deploy = first
        .deploy(silent.with_version("7.1.0".parse().expect("a version")))
        .name("other");
    drop(
        deploy
            .enforcement(Enforcement::AuditOnly)
            .await
            .expect("deployed"),
    );
    drop(first);

    let second = host(place.path());
    let deployment = second.deployment("other").await.expect("deployed");
    assert!(
        deployment.learned().is_some(),
        "the deployment is still in audit-only mode"
    );
    assert_eq!(
        deployment
            .status()
            .active
            .version
            .map(|version| version.to_string())
            .as_deref(),
        Some("7.1.0")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_deployment_stays_removed_and_its_name_is_free() {
    let place = temp_directory();
    let first = host(place.path());
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    drop(
        first
            .deploy(guest("greeter-v1"))
            .name("other")
            .await
            .expect("deployed"),
    );
    first.remove("greeter").await.expect("removed");
    drop(first);

    let second = host(place.path());
    assert_eq!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .len(),
        1
    );
    assert_eq!(
        second
            .deployment("greeter")
            .await
            .expect_err("removed")
            .kind(),
        ErrorKind::NotDeployed
    );
    let error = second
        .deploy(guest("greeter-v2"))
        .name("other")
        .await
        .map(drop)
        .expect_err("taken");
    assert_eq!(error.code(), "name-taken");
    drop(second.deploy(guest("greeter-v2")).await.expect("free"));
    second
        .remove("other")
        .await
        .expect("a deployment that was never loaded can be removed");
    drop(second);
    assert_eq!(
        host(place.path())
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_deployment_leaves_nothing_behind() {
    let place = temp_directory();
    let first = host(place.path());
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    for (component, code) in [
        ("greeter-unhealthy", "unhealthy"),
        ("greeter-v3", "start-failed"),
        ("greeter-changed", "world-changed"),
    ] {
        let error = first
            .update("greeter", guest(component))
            .await
            .map(drop)
            .expect_err(component);
        assert_eq!(error.code(), code);
    }
    assert!(
        first
            .deploy(guest("greeter-unhealthy"))
            .name("other")
            .await
            .is_err()
    );
    assert_eq!(
        super::blobs(place.path()),
        1,
        "bytes of a failed deployment are not stored"
    );
    drop(first);
    let second = host(place.path());
    assert_eq!(
        second
            .deployment("greeter")
            .await
            .expect("deployed")
            .status()
            .revisions
            .len(),
        1
    );
    assert_eq!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_lists_changes_in_order() {
    let place = temp_directory();
    let first = host(place.path());
    drop(
        first
            .deploy(guest("greeter-v1"))
            .grants(grants(&["config a value=1"]))
            .await
            .expect("deployed"),
    );
    drop(
        first
            .update("greeter", guest("greeter-v2"))
            .await
            .expect("updated"),
    );
    drop(first.rollback("greeter").await.expect("rolled back"));
    crate::support::revoke(&first, "greeter", "config a").await;
    drop(first);
    let second = host(place.path());
    second.remove("greeter").await.expect("removed");
    let history = second.deployments().history().await.expect("a history");
    let actions: Vec<String> = history
        .iter()
        .map(|change| change.action.to_string())
        .collect();
    let expected = [
        "deployed revision 1 (1.0.0)",
        "updated to revision 2 (2.0.0)",
        "rolled back to revision 1 (1.0.0)",
        "revoked `config a`",
        "removed",
    ];
    assert_eq!(actions, expected);
    assert!(
        history
            .iter()
            .all(|change| change.deployment.as_str() == "greeter")
    );
    assert!(history.is_sorted_by_key(|change| change.at));
    assert!(
        matches!(&history[1].action, Action::Updated(serves) if serves.digest == guest("greeter-v2").digest())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_state_directory_reports_that_it_has_no_history() {
    let error = crate::support::host()
        .deployments()
        .history()
        .await
        .expect_err("nothing is kept");
    assert_eq!(error.kind(), ErrorKind::StateUnavailable);
    assert!(error.to_string().contains("state_directory"), "{error}");
}

/// The caller of an update drops it while it is being written.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_update_is_applied_wholly_or_not_at_all() {
    let place = temp_directory();
    let first = host(place.path());
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    for round in 0..40_u64 {
        let version = format!("2.{round}.0").parse().expect("a version");
        let update = first
            .update("greeter", guest("greeter-v2").with_version(version))
            .any_version();
        let _ = tokio::time::timeout(Duration::from_micros(round * 150), async {
            drop(update.await)
        })
        .await;
    }
    // The last one may still be in progress.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = describe(&first.deployment("greeter").await.expect("deployed"));
    drop(first);
    assert_eq!(
        describe(
            &host(place.path())
                .deployment("greeter")
                .await
                .expect("deployed")
        ),
        before
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_granted_directory_stops_only_its_deployment() {
    let place = temp_directory();
    let data = place.path().join("data");
    std::fs::create_dir(&data).expect("created");
    let first = host(place.path());
    let rule = format!("file-read /data from={}", data.display());
    drop(
        first
            .deploy(probe(&["file-read /data"]))
            .grants(grants(&[&rule]))
            .await
            .expect("deployed"),
    );
    drop(first.deploy(guest("greeter-v1")).await.expect("deployed"));
    drop(first);

    std::fs::remove_dir(&data).expect("removed");
    let second = host(place.path());
    assert_eq!(answer(&second).await, "Hello, Ada!");
    let error = second
        .deployment("attack-probe")
        .await
        .expect_err("the granted directory is gone");
    assert_eq!(error.kind(), ErrorKind::GrantUnusable);
    assert!(
        error
            .to_string()
            .contains("`attack-probe` is deployed but cannot serve"),
        "{error}"
    );
    let summaries = second.deployments().summaries().await.expect("listed");
    assert!(
        summaries[0].problem.is_some() && summaries[1].problem.is_none(),
        "{summaries:?}"
    );
    std::fs::create_dir(&data).expect("created");
    second
        .deployment("attack-probe")
        .await
        .expect("it serves again without a restart");
}

/// The way an embedder finds out what is in the directory.
#[tokio::test(flavor = "multi_thread")]
async fn sleeping_deployments_load_in_the_background() {
    let place = temp_directory();
    let first = host(place.path());
    for number in 0..20 {
        let deploy = first
            .deploy(guest("greeter-v1"))
            .name(format!("greeter-{number}"));
        drop(deploy.grants(Grants::new()).await.expect("deployed"));
    }
    drop(first);
    let second = builder(place.path()).build().expect("a host");
    // The result does not depend on how many have been loaded by then.
    for _ in 0..500 {
        assert_eq!(
            second
                .deployments()
                .summaries()
                .await
                .expect("listed")
                .len(),
            20
        );
    }
    assert_eq!(second.deployments().list().await.expect("listed").len(), 20);
}
