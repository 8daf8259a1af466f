//! An update never widens what a deployment may do without approval.

use std::sync::Arc;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Approval, Effect, ErrorKind, Event, Host, Need, RolloutProbe};
use parking_lot::Mutex;

use super::probe::{attempt, builder, deploy, grants, host, probe};

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_requests_more_waits_for_approval_while_the_old_revision_serves() {
    let host = host();
    let deployment = deploy(
        &host,
        probe(&["config a"]),
        &["config a value=1", "config b value=2"],
    )
    .await;
    let mut events = host.events();
    let wider = probe(&["config a", "config b"]);
    let update = host
        .update("attack-probe", wider.clone())
        .any_version()
        .discard_state();
    let error = update
        .await
        .map(drop)
        .expect_err("the update requests more");
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::AwaitsApproval, Some(Effect::CheckGrants))
    );
    assert!(error.to_string().contains("+ config b"), "{error}");
    assert_eq!(deployment.status().active.revision, 1);
    assert_eq!(
        attempt(&deployment, &["config", "a"]).await.as_deref(),
        Ok("1")
    );
    assert!(attempt(&deployment, &["config", "b"]).await.is_err());
    let told = std::iter::from_fn(|| events.try_next()).any(
        |event| matches!(event, Event::AwaitsApproval { changes, .. } if changes == ["+ config b"]),
    );
    assert!(told, "an event reports the difference");

    let waiting = host
        .deployment("attack-probe")
        .await
        .expect("deployed")
        .pending_update()
        .expect("it waits");
    let approval = Approval::new(&waiting, grants(&["config a value=1", "config b value=2"]));
    let update = host
        .update("attack-probe", waiting)
        .approval(approval)
        .any_version()
        .discard_state();
    update.await.expect("approved").drained().await;
    assert_eq!(
        attempt(&deployment, &["config", "b"]).await.as_deref(),
        Ok("2")
    );
    assert!(
        host.deployment("attack-probe")
            .await
            .expect("deployed")
            .pending_update()
            .is_none()
    );
}

/// With a state directory, it takes a while until the update is stored.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_awaits_approval_is_stored_when_that_is_announced() {
    let place = tempfile::tempdir().expect("a directory");
    let host = builder()
        .state_directory(place.path().join("state"))
        .build()
        .expect("a host");
    let deployment = deploy(&host, probe(&["config a"]), &["config a value=1"]).await;
    let mut events = host.events();
    let listener = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if matches!(event, Event::AwaitsApproval { .. }) {
                return deployment.pending_update().is_some();
            }
        }
        false
    });
    let update = host.update("attack-probe", probe(&["config a", "config b"]));
    let error = update.any_version().discard_state().await.map(drop);
    assert_eq!(error.expect_err("more").kind(), ErrorKind::AwaitsApproval);
    assert!(listener.await.expect("a task"), "the listener finds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_optional_request_that_would_be_granted_waits_for_approval() {
    let host = host();
    deploy(
        &host,
        probe(&["config a"]),
        &["config a value=1", "dns *.b"],
    )
    .await;
    let optional = |rule: &str| {
        let mut requests = airssys_wasm_host::Requests::from_iter([(
            "config a".parse().expect("a rule"),
            Need::Required,
        )]);
        let need = Need::optional("why not").expect("a reason");
        requests
            .add(rule.parse().expect("a rule"), need)
            .expect("no contradiction");
        crate::support::guest("attack-probe").with_requests(requests)
    };
    let update = host
        .update("attack-probe", optional("dns a*.b"))
        .any_version()
        .discard_state();
    assert_eq!(
        update
            .await
            .map(drop)
            .expect_err("it would get that")
            .kind(),
        ErrorKind::AwaitsApproval
    );
    let update = host
        .update("attack-probe", optional("env LANG"))
        .any_version()
        .discard_state();
    update
        .await
        .expect("nothing of that is granted")
        .drained()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_for_exact_bytes_and_requests() {
    let host = host();
    let approved = probe(&["config a"]);
    let approval = Approval::new(&approved, grants(&["config a value=1"]));
    let other_requests = host
        .deploy(probe(&["config b"]))
        .approval(approval.clone())
        .await;
    assert_eq!(
        other_requests.expect_err("other requests").kind(),
        ErrorKind::ApprovalMismatch
    );
    let other_bytes = host
        .deploy(crate::support::guest("greeter-v1"))
        .approval(approval.clone())
        .await;
    assert_eq!(
        other_bytes.expect_err("other bytes").kind(),
        ErrorKind::ApprovalMismatch
    );
    host.deploy(approved)
        .approval(approval)
        .await
        .expect("the approved component");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_drops_its_requests_waits_for_approval() {
    let host = host();
    deploy(&host, probe(&["config a"]), &["config a value=1"]).await;
    let update = host
        .update("attack-probe", probe(&[]))
        .any_version()
        .discard_state();
    assert_eq!(
        update
            .await
            .map(drop)
            .expect_err("the component may use anything")
            .kind(),
        ErrorKind::AwaitsApproval
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_survives_a_rollback() {
    let host = host();
    let rules = ["config a value=1", "config b value=2"];
    let deployment = deploy(&host, probe(&["config a", "config b"]), &rules).await;
    let update = host
        .update("attack-probe", probe(&["config b"]))
        .any_version()
        .discard_state();
    update
        .await
        .expect("the update requests less")
        .drained()
        .await;
    crate::support::revoke(&host, "attack-probe", "config a").await;
    host.rollback("attack-probe")
        .discard_state()
        .await
        .expect("rolled back")
        .drained()
        .await;
    assert_eq!(
        attempt(&deployment, &["config", "b"]).await.as_deref(),
        Ok("2")
    );
    assert!(
        attempt(&deployment, &["config", "a"]).await.is_err(),
        "it stays revoked"
    );
    let update = host
        .update("attack-probe", probe(&["config a", "config b"]))
        .any_version()
        .discard_state();
    update
        .grants(grants(&rules))
        .await
        .expect("granted again")
        .drained()
        .await;
    assert_eq!(
        attempt(&deployment, &["config", "a"]).await.as_deref(),
        Ok("1")
    );
}

/// Revokes a grant while an update with the same grant is in progress.
#[derive(Clone, Default)]
struct RevokingProbe(Arc<Mutex<Option<Host>>>);

impl RolloutProbe for RevokingProbe {
    fn before<'a>(
        &'a self,
        _: &'a airssys_wasm_host::ComponentName,
        effect: Effect,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let host = match effect {
                Effect::Compile => self.0.lock().take(),
                _ => None,
            };
            if let Some(host) = host {
                crate::support::revoke(&host, "attack-probe", "config a").await;
            }
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_during_an_update_is_not_undone_by_its_grants() {
    let meanwhile = RevokingProbe::default();
    let host = builder()
        .rollout_probe(meanwhile.clone())
        .build()
        .expect("a host");
    let deployment = deploy(&host, probe(&["config a"]), &["config a value=1"]).await;
    *meanwhile.0.lock() = Some(host.clone());
    let update = host
        .update("attack-probe", probe(&["config a"]))
        .any_version()
        .discard_state();
    update
        .grants(grants(&["config a value=1"]))
        .await
        .expect("updated")
        .drained()
        .await;
    assert!(attempt(&deployment, &["config", "a"]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_grants_refuse_the_deployment() {
    let host = host();
    for (rule, code) in [
        ("file-read /no/such/directory", "grant-unusable"),
        ("file-read /data from=/no/such/directory", "grant-unusable"),
        ("env NO_SUCH_VARIABLE_ANYWHERE", "grant-unusable"),
        ("config greeting", "grant-unusable"),
        ("acme:gpu/compute device=0", "unknown-capability"),
    ] {
        let error = host
            .deploy(probe(&[]))
            .grants(grants(&[rule]))
            .await
            .expect_err(rule);
        assert_eq!(
            (error.code(), error.phase()),
            (code, Some(Effect::CheckGrants)),
            "{rule}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_of_the_baseline_refuses_components_that_import_it() {
    let host = host();
    let deny = Grants::new().deny("stdio stderr").expect("a rule");
    let error = host
        .deploy(probe(&[]))
        .grants(deny)
        .await
        .expect_err("it imports that");
    assert_eq!(error.kind(), ErrorKind::NotGranted);
    let deployment = deploy(&host, probe(&[]), &[]).await;
    let error = deployment.revoke("stdio stderr").await;
    assert_eq!(error.expect_err("too late").kind(), ErrorKind::InvalidGrant);
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_grants_are_reported() {
    let host = host();
    let mut events = host.events();
    deploy(
        &host,
        probe(&["config a"]),
        &["config a value=1", "env LANG value=C"],
    )
    .await;
    let warnings: Vec<String> = std::iter::from_fn(|| events.try_next())
        .filter_map(|event| match event {
            Event::Mismatched { warning, .. } => Some(warning),
            _ => None,
        })
        .collect();
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("`env LANG` is granted")),
        "{warnings:?}"
    );
}
