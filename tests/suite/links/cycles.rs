//! Two components that import each other: supported where an instance is free to answer, and a
//! typed error where none is.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, Deployment, ErrorKind, Host, Instancing};

use futures_util::FutureExt as _;

use crate::support::{guest, host, start_parked_call, wat};

/// Returns a component that passes a number to another one, which passes back one less, until it is
/// 0.
fn bouncer(name: &str, other: &str) -> Component {
    wat(
        name,
        &format!(
            r#"(component
                (import "demo:{other}/api" (instance $other
                    (export "bounce" (func (param "n" u32) (result u32)))))
                (core func $lower (canon lower (func $other "bounce")))
                (core module $m
                    (import "other" "bounce" (func $other (param i32) (result i32)))
                    (func (export "bounce") (param i32) (result i32)
                        (if (result i32) (i32.eqz (local.get 0))
                            (then (i32.const 0))
                            (else (i32.add (i32.const 1)
                                (call $other (i32.sub (local.get 0) (i32.const 1))))))))
                (core instance $i (instantiate $m
                    (with "other" (instance (export "bounce" (func $lower))))))
                (func $bounce (param "n" u32) (result u32) (canon lift (core func $i "bounce")))
                (instance $api (export "bounce" (func $bounce)))
                (export "demo:{name}/api" (instance $api)))"#
        ),
    )
}

/// Returns a component that returns 0 at once.
pub(crate) fn bounce_end(name: &str) -> Component {
    wat(
        name,
        &format!(
            r#"(component
                (core module $m (func (export "bounce") (param i32) (result i32) (i32.const 0)))
                (core instance $i (instantiate $m))
                (func $bounce (param "n" u32) (result u32) (canon lift (core func $i "bounce")))
                (instance $api (export "bounce" (func $bounce)))
                (export "demo:{name}/api" (instance $api)))"#
        ),
    )
}

fn may_call(other: &str) -> Grants {
    Grants::new()
        .allow(&format!("call demo:{other}/api"))
        .expect("a rule")
}

/// Deploys `ping`, which imports `pong`, which imports `ping`.
pub(crate) async fn cycle(host: &Host, instancing: Instancing) -> Deployment {
    let ping = host
        .deploy(bounce_end("ping"))
        .instancing(instancing)
        .await
        .expect("deployed");
    let pong = host
        .deploy(bouncer("pong", "ping"))
        .grants(may_call("ping"))
        .instancing(instancing);
    pong.await.expect("deployed");
    let update = host
        .update("ping", bouncer("ping", "pong"))
        .grants(may_call("pong"));
    update.any_version().discard_state().await.expect("updated");
    ping
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_runs_where_instances_are_free() {
    let host = host();
    let ping = cycle(&host, Instancing::PerCall).await;
    let bounce = ping
        .function::<(u32,), (u32,)>("bounce")
        .expect("an exported function");
    assert_eq!(bounce.call((20,)).await.expect("an answer"), (20,));
    let error = bounce.call((1_000,)).await.expect_err("too deep");
    assert_eq!(error.kind(), ErrorKind::Reentrant, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_with_one_instance_is_not_reentered() {
    let host = host();
    let ping = cycle(&host, Instancing::Stateful).await;
    let bounce = ping
        .function::<(u32,), (u32,)>("bounce")
        .expect("an exported function");
    assert_eq!(
        bounce.call((1,)).await.expect("one call to the other"),
        (1,)
    );
    let begun = std::time::Instant::now();
    let error = bounce
        .call((2,))
        .await
        .expect_err("it would wait for itself");
    assert_eq!(error.kind(), ErrorKind::Reentrant, "{error}");
    assert!(
        error
            .to_string()
            .contains("each of its instances waits for this very call"),
        "{error}"
    );
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(2),
        "it fails at once, not at its deadline"
    );
    assert_eq!(bounce.call((1,)).await.expect("nothing is poisoned"), (1,));
}

/// Neither could be removed alone.
#[tokio::test(flavor = "multi_thread")]
async fn components_that_import_each_other_are_removed_together() {
    let host = host();
    cycle(&host, Instancing::pooled(2)).await;
    for name in ["ping", "pong"] {
        let error = host
            .remove(name)
            .await
            .expect_err("the other is linked to it");
        assert_eq!(error.kind(), ErrorKind::InUse, "{error}");
    }
    let error = host
        .deployments()
        .remove_all(&["ping", "pung"])
        .await
        .expect_err("there is no `pung`");
    assert_eq!(error.kind(), ErrorKind::NotDeployed, "{error}");
    assert_eq!(
        host.deployments().list().await.expect("listed").len(),
        2,
        "all or none"
    );
    host.deployments()
        .remove_all(&["ping", "pong"])
        .await
        .expect("removed");
    assert!(host.deployments().list().await.expect("listed").is_empty());
    cycle(&host, Instancing::pooled(2)).await;
}

/// Components that import each other do not keep each other alive after their host is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_dropped_with_its_host() {
    let host = host();
    let ping = cycle(&host, Instancing::pooled(2)).await;
    let bounce = ping
        .function::<(u32,), (u32,)>("bounce")
        .expect("an exported function");
    drop(host);
    for _ in 0..200 {
        match bounce.call((1,)).await {
            Err(error) if error.kind() == ErrorKind::HostDropped => break,
            outcome => drop(outcome),
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut links = ping.status().links;
    for _ in 0..400 {
        if links.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        links = ping.status().links;
    }
    panic!("still linked: {links:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_freed_even_if_the_removal_is_dropped_while_it_drains() {
    let host = host();
    let ping = cycle(&host, Instancing::pooled(2)).await;
    // Its name is the first in order, and so its calls are awaited first.
    let sleeper = host.deploy(guest("limits-sleep")).name("busy").await;
    let call = start_parked_call(&sleeper.expect("deployed"), 200).await;
    let removal = host.deployments();
    let removal = removal.remove_all(&["busy", "ping", "pong"]);
    assert!(removal.now_or_never().is_none(), "it waits for a call");
    assert!(host.deployment("ping").await.is_err(), "it is removed");
    call.await.expect("a task").expect("it slept to its end");
    for _ in 0..400 {
        if ping.status().links.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("still linked: {:?}", ping.status().links);
}
