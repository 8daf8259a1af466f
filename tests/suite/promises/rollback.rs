//! For stateless components: a rollback is immediate, goes to the previous revision or to a
//! version, and needs neither the compiler nor a file.

use airssys_wasm_host::{Deployment, ErrorKind, Host, Instancing};

use crate::support::{deploy_greeter, greet, guest};

async fn greeting(deployment: &Deployment) -> String {
    greet(deployment)
        .call(("Ada".into(),))
        .await
        .expect("an answer")
        .0
}

async fn update(host: &Host, name: &str, version: &str) {
    let component = guest(name).with_version(version.parse().expect("a version"));
    drop(host.update("greeter", component).await.expect("updated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_to_the_previous_revision_and_then_further_back() {
    let (host, deployment) = deploy_greeter(Instancing::pooled(2)).await;
    update(&host, "greeter-v2", "2.0.0").await;
    update(&host, "greeter-v1", "3.0.0").await;
    for (revision, expected) in [(2, "Good day, Ada!"), (1, "Hello, Ada!")] {
        let promoted = host.rollback("greeter").await.expect("rolled back");
        assert_eq!(
            (promoted.to_revision(), greeting(&deployment).await.as_str()),
            (revision, expected)
        );
    }
    let error = host
        .rollback("greeter")
        .await
        .map(drop)
        .expect_err("nothing before the first");
    assert_eq!(error.kind(), ErrorKind::NothingToRollBackTo);
    assert!(
        error
            .to_string()
            .contains("2.0.0 (revision 2), 3.0.0 (revision 3)"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_to_a_version_and_skips_one_that_was_rolled_back() {
    let (host, deployment) = deploy_greeter(Instancing::PerCall).await;
    update(&host, "greeter-v2", "2.0.0").await;
    drop(
        host.rollback("greeter")
            .to_version("v1.0.0")
            .await
            .expect("rolled back"),
    );
    assert_eq!(greeting(&deployment).await, "Hello, Ada!");
    update(&host, "greeter-v2", "2.1.0").await;
    // Before 2.1.0 the active revision was 1.0.0, because 2.0.0 had been rolled back.
    let promoted = host.rollback("greeter").await.expect("rolled back");
    assert_eq!(
        promoted.version().map(ToString::to_string).as_deref(),
        Some("1.0.0")
    );
    drop(
        host.rollback("greeter")
            .to_version("2.1.0")
            .await
            .expect("forward again"),
    );
    assert_eq!(greeting(&deployment).await, "Good day, Ada!");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_version_lists_the_available_ones() {
    let (host, _) = deploy_greeter(Instancing::PerCall).await;
    update(&host, "greeter-v2", "2.0.0").await;
    let error = host
        .rollback("greeter")
        .to_version("1.5.0")
        .await
        .map(drop)
        .expect_err("never deployed");
    assert_eq!(error.kind(), ErrorKind::NothingToRollBackTo);
    assert!(
        error
            .to_string()
            .contains("version 1.5.0 is not available for rollback; retained: 1.0.0 (revision 1)")
    );
    let error = host
        .rollback("greeter")
        .to_version("latest")
        .await
        .map(drop)
        .expect_err("no version");
    assert_eq!(error.kind(), ErrorKind::InvalidName);
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_revisions_are_limited() {
    let host = Host::builder()
        .pooled_instances_max(50)
        .revisions_kept(2)
        .build()
        .expect("a host");
    let deployment = host.deploy(guest("greeter-v1")).await.expect("deployed");
    update(&host, "greeter-v2", "2.0.0").await;
    update(&host, "greeter-v2", "3.0.0").await;
    assert_eq!(deployment.status().revisions.len(), 2);
    assert!(host.rollback("greeter").to_version("1.0.0").await.is_err());
    assert!(host.rollback("greeter").await.is_ok());
}
