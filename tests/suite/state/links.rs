//! Linked deployments are restored with their links.

use airssys_wasm_host::ErrorKind;
use airssys_wasm_host::policy::Grants;

use super::{host, temp_directory};
use crate::links::cycles;
use crate::support::{guest, wat};

#[tokio::test(flavor = "multi_thread")]
async fn deployments_that_import_each_other_are_restored_together() {
    let place = temp_directory();
    let first = host(place.path());
    let ping = cycles::cycle(&first, airssys_wasm_host::Instancing::pooled(4)).await;
    let bounce = ping
        .function::<(u32,), (u32,)>("demo:ping/api#bounce")
        .expect("an exported function");
    assert_eq!(bounce.call((3,)).await.expect("a number").0, 3);
    drop((bounce, ping, first));

    let second = host(place.path());
    let ping = second.deployment("ping").await.expect("deployed");
    let bounce = ping
        .function::<(u32,), (u32,)>("demo:ping/api#bounce")
        .expect("an exported function");
    assert_eq!(bounce.call((3,)).await.expect("a number").0, 3);
    let links = ping.status().links;
    assert_eq!(
        links.values().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["pong"]
    );
    assert_eq!(
        second.remove("pong").await.expect_err("linked to").kind(),
        ErrorKind::InUse
    );
    // A later candidate changes nothing.
    drop(
        second
            .deploy(cycles::bounce_end("pong"))
            .name("other")
            .await
            .expect("deployed"),
    );
    drop((bounce, ping, second));

    let third = host(place.path());
    let links = third
        .deployment("ping")
        .await
        .expect("deployed")
        .status()
        .links;
    assert_eq!(
        links.values().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["pong"]
    );
    third
        .deployments()
        .remove_all(&["ping", "pong"])
        .await
        .expect("removed together");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_with_a_lost_callee_fails_and_others_serve() {
    let place = temp_directory();
    let first = host(place.path());
    drop(cycles::cycle(&first, airssys_wasm_host::Instancing::pooled(4)).await);
    let alone = wat("alone", "(component)");
    drop(first.deploy(alone).await.expect("deployed"));
    let digest = first
        .deployment("pong")
        .await
        .expect("deployed")
        .status()
        .active
        .digest;
    drop(first);
    let blob = place
        .path()
        .join("state/components/blobs/sha256")
        .join(digest.to_hex());
    std::fs::remove_file(blob).expect("removed");

    let second = host(place.path());
    second.deployment("alone").await.expect("it serves");
    for name in ["ping", "pong"] {
        let error = second
            .deployment(name)
            .await
            .expect_err("its callee is lost");
        assert!(
            error.to_string().contains("is deployed but cannot serve"),
            "{error}"
        );
    }
    assert_eq!(
        second
            .deployments()
            .summaries()
            .await
            .expect("listed")
            .iter()
            .filter(|summary| summary.problem.is_some())
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_after_a_rollback_applies_to_linked_deployments() {
    let place = temp_directory();
    let first = host(place.path());
    drop(first.deploy(guest("store-v1")).await.expect("deployed"));
    let grants = Grants::new().allow("call acme:store/kv").expect("a rule");
    drop(
        first
            .deploy(guest("store-caller"))
            .grants(grants)
            .await
            .expect("deployed"),
    );
    drop(
        first
            .update("store-caller", guest("store-caller"))
            .any_version()
            .await
            .expect("updated"),
    );
    drop(first);

    let second = host(place.path());
    drop(second.rollback("store-caller").await.expect("rolled back"));
    let caller = second.deployment("store-caller").await.expect("deployed");
    let add = caller
        .function::<(u32, u32), (u32,)>("add")
        .expect("an exported function");
    assert_eq!(add.call((1, 2)).await.expect("a sum"), (3,));
    crate::support::revoke(&second, "store-caller", "call acme:store/kv").await;
    add.call((1, 2)).await.expect_err("it was revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_deployments_are_tried_again_once_their_callee_can_be_restored() {
    let place = temp_directory();
    let first = host(place.path());
    drop(cycles::cycle(&first, airssys_wasm_host::Instancing::pooled(4)).await);
    let pong = first.deployment("pong").await.expect("deployed");
    let digest = pong.status().active.digest.to_hex();
    drop((pong, first));
    let blob = place
        .path()
        .join("state/components/blobs/sha256")
        .join(digest);
    let aside = place.path().join("blob");
    std::fs::rename(&blob, &aside).expect("renamed");

    let second = host(place.path());
    second.deployment("ping").await.expect_err("pong is lost");
    std::fs::rename(&aside, &blob).expect("renamed");
    let ping = second.deployment("ping").await.expect("restored");
    let bounce = ping
        .function::<(u32,), (u32,)>("demo:ping/api#bounce")
        .expect("an exported function");
    assert_eq!(bounce.call((3,)).await.expect("a number").0, 3);
    let summaries = second.deployments().summaries().await.expect("listed");
    assert_eq!(summaries.len(), 2);
    assert!(summaries.iter().all(|summary| summary.problem.is_none()));
}
