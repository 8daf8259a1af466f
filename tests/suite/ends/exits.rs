//! Guests that exit.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{CallEnd, ErrorKind, Instancing};

use super::deploy_ends;
use crate::support::call;
use crate::support::{failures, host, wat_file};

#[tokio::test(flavor = "multi_thread")]
async fn exit_is_success_for_a_function_without_a_result() {
    let (host, deployment, _) = deploy_ends(Instancing::PerCall).await;
    let mut events = host.events();
    assert_eq!(
        call(&deployment, "stop", "(true)").await.expect("success"),
        None
    );
    assert_eq!(
        call(&deployment, "stop-with", "(0)")
            .await
            .expect("success"),
        None
    );
    let result = call(&deployment, "stop-from-result", "(true)")
        .await
        .expect("success");
    assert_eq!(result.as_deref(), Some("ok"));
    let typed = deployment
        .function::<(bool,), ()>("stop")
        .expect("an exported function");
    typed.call((true,)).await.expect("success");
    let typed = deployment
        .function::<(bool,), (Result<(), ()>,)>("stop-from-result")
        .expect("exported");
    assert_eq!(typed.call((true,)).await.expect("success"), (Ok(()),));
    assert_eq!(failures(&mut events), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn successful_exit_without_the_expected_result_is_an_error() {
    let (host, deployment, _) = deploy_ends(Instancing::PerCall).await;
    let mut events = host.events();
    let error = call(&deployment, "stop-from-number", "(true)")
        .await
        .expect_err("no number");
    assert_eq!(
        (error.kind(), error.call_end()),
        (ErrorKind::Exited(0), Some(CallEnd::Exited(0)))
    );
    assert!(error.to_string().ends_with("exited with code 0"), "{error}");
    let typed = deployment
        .function::<(bool,), (u32,)>("stop-from-number")
        .expect("an exported function");
    assert_eq!(
        typed.call((true,)).await.expect_err("no number").kind(),
        ErrorKind::Exited(0)
    );
    assert_eq!(failures(&mut events), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_with_failure_is_an_error_with_its_code_and_without_a_backtrace() {
    let (host, deployment, _) = deploy_ends(Instancing::PerCall).await;
    let mut events = host.events();
    for (function, arguments, code) in [
        ("stop", "(false)", 1),
        ("stop-with", "(3)", 3),
        ("stop-from-result", "(false)", 1),
    ] {
        let error = call(&deployment, function, arguments)
            .await
            .expect_err("failure");
        assert_eq!(error.kind(), ErrorKind::Exited(code), "{error}");
        assert!(
            error
                .to_string()
                .ends_with(&format!("exited with code {code}")),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("backtrace"), "{error:?}");
        let failures = failures(&mut events);
        assert!(
            matches!(&failures[..], [(CallEnd::Exited(it), _)] if *it == code),
            "{failures:?}"
        );
    }
    call(&deployment, "stop-from-number", "(true)")
        .await
        .expect_err("no number");
    call(&deployment, "panic", r#"("")"#)
        .await
        .expect_err("it panics");
    let counted = deployment.status().calls_failed;
    assert_eq!(
        Vec::from_iter(counted),
        [("exited-with-failure", 3), ("trapped", 1)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_that_exited_is_not_used_again() {
    for instancing in [Instancing::pooled(1), Instancing::Stateful] {
        let (_host, deployment, _) = deploy_ends(instancing).await;
        let count = async || {
            call(&deployment, "count", "()")
                .await
                .expect("counted")
                .expect("a number")
        };
        assert_eq!(
            (count().await, count().await),
            ("1".into(), "2".into()),
            "the instance keeps its state"
        );
        call(&deployment, "stop", "(true)").await.expect("success");
        assert_eq!(count().await, "1", "{instancing}");
        call(&deployment, "stop-from-number", "(true)")
            .await
            .expect_err("no number");
        assert_eq!(count().await, "1", "{instancing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn returned_error_is_a_value() {
    let (host, deployment, _) = deploy_ends(Instancing::PerCall).await;
    let mut events = host.events();
    let value = deployment
        .dynamic_function("fail")
        .expect("exported")
        .call(&[])
        .await
        .expect("a value");
    assert_eq!(CallEnd::from_value(value.as_ref()), CallEnd::ReturnedError);
    assert_eq!(failures(&mut events), []);
}

/// The caller has no result to return, but the callee exited.
#[tokio::test(flavor = "multi_thread")]
async fn exit_of_a_callee_is_an_error_for_the_caller() {
    let host = host();
    host.deploy(wat_file("ends-callee"))
        .await
        .expect("deployed");
    let grants = Grants::new().allow("call acme:stops/api").expect("a rule");
    let caller = host
        .deploy(wat_file("ends-caller"))
        .grants(grants)
        .await
        .expect("deployed");
    let error = call(&caller, "go", "()")
        .await
        .expect_err("it got no number");
    assert_eq!(
        (error.kind(), error.call_end()),
        (ErrorKind::Trapped, Some(CallEnd::LinkFailed))
    );
    assert!(error.to_string().contains("exited with code 0"), "{error}");
}
