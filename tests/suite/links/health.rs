//! A health check that calls another component ends with everything that it led to.

use std::time::Duration;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Component, Deployment, Host, Instancing, Limits, Strategy};

use super::cycles::bounce_end;
use crate::support::{host, wat};

/// Returns a component whose health check and whose function `ask` call `target`.
fn checked() -> Component {
    wat(
        "checked",
        r#"(component
            (import "demo:target/api" (instance $target
                (export "bounce" (func (param "n" u32) (result u32)))))
            (core func $lower (canon lower (func $target "bounce")))
            (core module $m
                (import "target" "bounce" (func $target (param i32) (result i32)))
                (memory (export "memory") 1)
                (func (export "check") (result i32) (drop (call $target (i32.const 1))) (i32.const 0))
                (func (export "ask") (result i32) (call $target (i32.const 1))))
            (core instance $i (instantiate $m
                (with "target" (instance (export "bounce" (func $lower))))))
            (func $check (result (result (error string)))
                (canon lift (core func $i "check") (memory $i "memory")))
            (instance $health (export "check" (func $check)))
            (export "airssys:lifecycle/health@0.1.0" (instance $health))
            (func (export "ask") (result u32) (canon lift (core func $i "ask"))))"#,
    )
}

/// Deploys a stateful component, and another whose health check calls it. Its instance is in a pool.
async fn deploy_checked() -> (Host, Deployment, Deployment) {
    let host = host();
    let limits = Limits {
        call_deadline: Duration::from_millis(300),
        ..Limits::default()
    };
    let target = host
        .deploy(bounce_end("target"))
        .instancing(Instancing::Stateful)
        .limits(limits)
        .await
        .expect("deployed");
    let grants = Grants::new().allow("call demo:target/api");
    let checked = host
        .deploy(checked())
        .grants(grants.expect("a rule"))
        .instancing(Instancing::pooled(1))
        .await
        .expect("healthy");
    (host, target, checked)
}

#[tokio::test]
async fn a_health_check_holds_no_other_component() {
    let (host, target, _checked) = deploy_checked().await;
    assert_eq!(target.status().calls_in_flight, 0);
    let update = host
        .update("target", bounce_end("target"))
        .strategy(Strategy::Recreate)
        .any_version()
        .discard_state();
    update.await.expect("the old revision drains");
}

#[tokio::test]
async fn the_first_call_after_a_health_check_begins_a_call_tree_of_its_own() {
    let (_host, _target, checked) = deploy_checked().await;
    let ask = checked
        .function::<(), (u32,)>("ask")
        .expect("an exported function");
    assert_eq!(ask.call(()).await.expect("an answer"), (0,));
}
