//! A rehearsal finds everything that would prevent a change, without visible effects.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{ErrorKind, Host, Instancing};

use crate::support::{deploy_greeter, guest, host};

/// Returns the observable state of the host's deployments.
async fn observable_state(host: &Host) -> String {
    let names: Vec<String> = host
        .deployments()
        .list()
        .await
        .expect("listed")
        .iter()
        .map(|it| format!("{:?} {}", it.status(), it.grants()))
        .collect();
    names.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_changes_and_reports_nothing() {
    let (host, deployment) = deploy_greeter(Instancing::pooled(2)).await;
    let memory = || deployment.status().memory_bytes;
    let one = memory();
    drop(
        host.update("greeter", guest("greeter-v2"))
            .await
            .expect("updated"),
    );
    while memory() > one {
        // The instance of the previous revision is dropped in the background.
        tokio::task::yield_now().await;
    }
    let (before, mut events) = (observable_state(&host).await, host.events());
    host.deploy(guest("greeter-v1"))
        .name("other")
        .rehearse()
        .await
        .expect("nothing is in the way");
    // This component does not start, but a rehearsal does not start it.
    host.update("greeter", guest("greeter-v3"))
        .rehearse()
        .await
        .expect("nothing is in the way");
    host.rollback("greeter")
        .rehearse()
        .await
        .expect("nothing is in the way");
    host.deployments()
        .check_removal(&["greeter"])
        .await
        .expect("nothing is in the way");
    assert_eq!(observable_state(&host).await, before);
    // The next event belongs to this change.
    drop(host.rollback("greeter").await.expect("rolled back"));
    let first = events.next().await.expect("an event");
    assert!(format!("{first:?}").contains("CheckState"), "{first:?}");
    let newer = guest("greeter-v1").with_version("3.0.0".parse().expect("a version"));
    let promoted = host.update("greeter", newer).await.expect("updated");
    assert_eq!(promoted.to_revision(), 3, "no number was used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn obstacles_are_reported() {
    let (host, _deployment) = deploy_greeter(Instancing::pooled(2)).await;
    let taken = host
        .deploy(guest("greeter-v1"))
        .rehearse()
        .await
        .expect_err("it is deployed");
    assert_eq!(taken.code(), "name-taken");
    let older = host
        .update("greeter", guest("greeter-v1"))
        .rehearse()
        .await
        .expect_err("it is no newer");
    assert_eq!(older.kind(), ErrorKind::VersionNotNewer);
    let changed = host
        .update("greeter", guest("greeter-changed"))
        .any_version()
        .rehearse()
        .await;
    assert_eq!(changed.expect_err("another world").code(), "world-changed");
    let nothing = host
        .rollback("greeter")
        .rehearse()
        .await
        .expect_err("there was nothing before");
    assert_eq!(nothing.kind(), ErrorKind::NothingToRollBackTo);
    let absent = host
        .deployments()
        .check_removal(&["greter"])
        .await
        .expect_err("there is none");
    assert_eq!(absent.kind(), ErrorKind::NotDeployed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_needs_approval_does_not_wait() {
    let host = host();
    let none = guest("greeter-v1").with_requests(Default::default());
    drop(host.deploy(none).await.expect("deployed"));
    let wants = "airssys:capabilities 1\nenv LANG\n";
    let requests = airssys_wasm_host::Requests::from_section(wants.as_bytes()).expect("requests");
    let more = guest("greeter-v2").with_requests(requests);
    let mut events = host.events();
    let waits = host
        .update("greeter", more.clone())
        .rehearse()
        .await
        .expect_err("it asks for more");
    assert_eq!(waits.kind(), ErrorKind::AwaitsApproval, "{waits}");
    assert!(
        host.deployment("greeter")
            .await
            .expect("deployed")
            .pending_update()
            .is_none()
    );
    let grants = Grants::new().allow("env LANG value=de").expect("a rule");
    // The next event belongs to this change.
    let none = guest("greeter-v1").with_requests(Default::default());
    drop(
        host.update("greeter", none)
            .any_version()
            .await
            .expect("updated"),
    );
    let first = events.next().await.expect("an event");
    assert!(format!("{first:?}").contains("CheckVersion"), "{first:?}");
    host.update("greeter", more)
        .grants(grants)
        .rehearse()
        .await
        .expect("granted");
}
