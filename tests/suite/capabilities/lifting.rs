//! Revoked rules are restored by grants that name them or with consent, and never unnoticed.

use std::path::Path;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, ErrorKind, Event, Host, Rule, Update};

use super::probe::{attempt, builder, deploy, grants, host, probe};

const REVOKED: &str = "file-read /data/secret";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("secret")).expect("a folder");
    std::fs::write(folder.path().join("secret/a"), "told").expect("a file");
    folder
}

fn wider_grants(folder: &Path) -> Grants {
    grants(&[&format!("file-read /data from={}", folder.display())])
}

fn update(host: &Host) -> Update<'_> {
    host.update("attack-probe", probe_without_requests())
        .any_version()
        .discard_state()
}

/// Requests nothing, so that nothing that it requires is missing.
fn probe_without_requests() -> Component {
    probe(&[])
}

fn revoked_rule() -> Rule {
    REVOKED.parse().expect("a rule")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_grant_lifts_a_revocation_only_with_consent() {
    let (folder, host) = (folder(), host());
    let rule = format!("file-read /data from={}", folder.path().display());
    let deployment = deploy(&host, probe_without_requests(), &[&rule]).await;
    crate::support::revoke(&host, "attack-probe", REVOKED).await;
    let read = async || attempt(&deployment, &["read", "/data/secret/a"]).await;
    assert!(read().await.is_err(), "it was revoked");

    let mut events = host.events();
    let error = update(&host)
        .grants(wider_grants(folder.path()))
        .await
        .expect_err("it is wider");
    assert_eq!(error.kind(), ErrorKind::LiftsRevocation);
    assert!(
        error.to_string().contains(REVOKED) && error.to_string().contains(&rule),
        "{error}"
    );
    let rehearsal = update(&host)
        .grants(wider_grants(folder.path()))
        .rehearse()
        .await;
    assert_eq!(
        rehearsal.expect_err("it is wider").kind(),
        ErrorKind::LiftsRevocation
    );
    assert!(read().await.is_err(), "it stays revoked");

    let promoted = update(&host)
        .grants(wider_grants(folder.path()))
        .lifting_revocations()
        .await
        .expect("updated");
    assert_eq!(
        (promoted.lifted(), deployment.lifted()),
        (&[revoked_rule()][..], vec![revoked_rule()])
    );
    promoted.drained().await;
    assert_eq!(read().await.as_deref(), Ok("told"));
    let told = std::iter::from_fn(|| events.try_next())
        .any(|event| matches!(event, Event::GrantedAgain { revision, rule, .. } if rule == revoked_rule() && revision == promoted.to_revision()));
    assert!(told, "an event reports it");
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_name_or_omit_the_revoked_rule_need_no_consent() {
    let (folder, host) = (folder(), host());
    let rule = format!("file-read /data from={}", folder.path().display());
    let deployment = deploy(&host, probe_without_requests(), &[&rule]).await;
    crate::support::revoke(&host, "attack-probe", REVOKED).await;
    let read = async || attempt(&deployment, &["read", "/data/secret/a"]).await;

    let promoted = update(&host).await.expect("the update requests no more");
    assert!(
        promoted.lifted().is_empty() && read().await.is_err(),
        "without grants it stays revoked"
    );
    let denied = wider_grants(folder.path()).deny(REVOKED).expect("a rule");
    let promoted = update(&host)
        .grants(denied)
        .await
        .expect("the rule stays revoked");
    assert!(promoted.lifted().is_empty() && read().await.is_err());
    assert_eq!(
        deployment.grants().revoked().collect::<Vec<_>>(),
        [&revoked_rule()],
        "it is not forgotten"
    );

    let named = wider_grants(folder.path()).allow(REVOKED).expect("a rule");
    let promoted = update(&host).grants(named).await.expect("it is named");
    assert_eq!(promoted.lifted(), [revoked_rule()]);
    assert_eq!(read().await.as_deref(), Ok("told"));
}

/// Revocations survive a restart, and restored rules are in the history.
#[tokio::test(flavor = "multi_thread")]
async fn revocations_and_lifted_rules_survive_a_restart() {
    let (folder, state) = (folder(), tempfile::tempdir().expect("a folder"));
    let host = || {
        builder()
            .state_directory(state.path().join("state"))
            .build()
            .expect("a host")
    };
    let first = host();
    let deploy = first
        .deploy(probe_without_requests())
        .grants(wider_grants(folder.path()));
    drop(deploy.await.expect("deployed"));
    crate::support::revoke(&first, "attack-probe", REVOKED).await;
    drop(first);

    let second = host();
    let error = update(&second)
        .grants(wider_grants(folder.path()))
        .await
        .expect_err("it is wider");
    assert_eq!(error.kind(), ErrorKind::LiftsRevocation);
    drop(
        update(&second)
            .grants(wider_grants(folder.path()))
            .lifting_revocations()
            .await
            .expect("updated"),
    );
    let history: Vec<String> = second
        .deployments()
        .history()
        .await
        .expect("a history")
        .iter()
        .map(|change| change.action.to_string())
        .collect();
    assert!(
        history
            .iter()
            .any(|action| action.ends_with(&format!("granting `{REVOKED}` again"))),
        "{history:?}"
    );
    drop(second);
    assert_eq!(
        host()
            .deployment("attack-probe")
            .await
            .expect("deployed")
            .lifted(),
        [revoked_rule()]
    );
}

/// The number of revocations of the removed deployment does not count for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_begun_before_a_removal_lifts_nothing_in_the_next_deployment() {
    let (folder, host) = (folder(), host());
    let rule = format!("file-read /data from={}", folder.path().display());
    deploy(&host, probe_without_requests(), &[&rule]).await;
    crate::support::revoke(&host, "attack-probe", REVOKED).await;
    let begun = update(&host)
        .grants(wider_grants(folder.path()))
        .lifting_revocations();
    host.remove("attack-probe").await.expect("removed");
    let deployment = deploy(&host, probe_without_requests(), &[&rule]).await;
    crate::support::revoke(&host, "attack-probe", REVOKED).await;
    let promoted = begun.await.expect("updated");
    assert!(promoted.lifted().is_empty());
    let read = attempt(&deployment, &["read", "/data/secret/a"]).await;
    assert!(read.is_err(), "it was revoked after the update began");
}
