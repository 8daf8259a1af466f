//! Errors of host functions reach the caller of the component.

use std::error::Error as _;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Error, ErrorKind, Instancing};

use super::editor::{ALL, OutOfPaper, ProbeEditor, builder, function, probe};
use crate::support::wat;

#[tokio::test]
async fn an_error_of_a_host_function_is_preserved() {
    for probed in ALL {
        let (_host, deployment) = probe(probed, &ProbeEditor::default(), Instancing::PerCall).await;
        let error = function::<(), ()>(&deployment, "fail")
            .call(())
            .await
            .expect_err("it fails");
        assert_eq!(error.kind(), ErrorKind::HostFunctionFailed, "{probed:?}");
        assert_eq!(
            error.downcast_ref::<OutOfPaper>(),
            Some(&OutOfPaper { sheets: 0 }),
            "{probed:?}"
        );
        assert!(
            error.to_string().ends_with("failed: 0 sheets are left"),
            "{error}"
        );
        assert!(in_sources(&error), "{error:?}");
        assert!(error.downcast_ref::<std::io::Error>().is_none());
    }
}

fn in_sources(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<OutOfPaper>() {
            return true;
        }
        source = cause.source();
    }
    false
}

#[tokio::test]
async fn an_instance_whose_host_function_failed_is_not_used_again() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::Stateful).await;
    let visit = function::<(), (u32,)>(&deployment, "visit");
    assert_eq!(visit.call(()).await.expect("an answer"), (1,));
    function::<(), ()>(&deployment, "fail")
        .call(())
        .await
        .expect_err("it fails");
    assert_eq!(
        visit.call(()).await.expect("an answer"),
        (1,),
        "another instance"
    );
}

/// Imports `fail` of the probe and calls it.
const CALLER: &str = r#"(component
    (import "demo:embedding/failing" (instance $failing (export "fail" (func))))
    (core func $fail (canon lower (func $failing "fail")))
    (core module $main (import "" "fail" (func $fail)) (func (export "go") call $fail))
    (core instance $main (instantiate $main (with "" (instance (export "fail" (func $fail))))))
    (func (export "go") (canon lift (core func $main "go"))))"#;

/// Exports `fail`, which calls the host.
const CALLEE: &str = r#"(component
    (import "fail" (func $fail))
    (core func $fail-core (canon lower (func $fail)))
    (core module $main (import "" "fail" (func $fail)) (func (export "go") call $fail))
    (core instance $main (instantiate $main (with "" (instance (export "fail" (func $fail-core))))))
    (func $lifted (canon lift (core func $main "go")))
    (instance $failing (export "fail" (func $lifted)))
    (export "demo:embedding/failing" (instance $failing)))"#;

#[tokio::test]
async fn an_error_of_a_host_function_crosses_links() {
    let host = builder(ALL[0].1, &ProbeEditor::default())
        .imports(["fail"], |linker| {
            linker.root().func_wrap(
                "fail",
                |_, (): ()| -> airssys_wasm_host::wasmtime::Result<()> {
                    Err(OutOfPaper { sheets: 1 }.into())
                },
            )
        })
        .build()
        .expect("a host");
    host.deploy(wat("callee", CALLEE)).await.expect("deployed");
    let grants = Grants::new()
        .allow("call demo:embedding/failing")
        .expect("a grant");
    let caller = host
        .deploy(wat("caller", CALLER))
        .grants(grants)
        .await
        .expect("deployed");
    let error = caller
        .function::<(), ()>("go")
        .expect("an exported function")
        .call(())
        .await
        .expect_err("it fails");
    assert_eq!(error.kind(), ErrorKind::HostFunctionFailed);
    assert_eq!(
        error.downcast_ref::<OutOfPaper>(),
        Some(&OutOfPaper { sheets: 1 })
    );
    assert!(in_sources(&error), "{error:?}");
}

#[tokio::test]
async fn an_error_while_parameters_are_lowered_is_preserved() {
    let (_host, deployment) = probe(ALL[0], &ProbeEditor::default(), Instancing::PerCall).await;
    let say = function::<(String,), ()>(&deployment, "say");
    let error = say
        .call_with(|_| Err(OutOfPaper { sheets: 2 }.into()))
        .await
        .expect_err("it fails");
    assert_eq!(
        error.downcast_ref::<OutOfPaper>(),
        Some(&OutOfPaper { sheets: 2 })
    );
}

#[tokio::test]
async fn a_trap_is_not_an_error_of_a_host_function() {
    let host = crate::support::host();
    let text = r#"(component (core module $m (func (export "go") unreachable))
        (core instance $i (instantiate $m)) (func (export "go") (canon lift (core func $i "go"))))"#;
    let deployment = host.deploy(wat("traps", text)).await.expect("deployed");
    let error = deployment
        .function::<(), ()>("go")
        .expect("an exported function")
        .call(())
        .await
        .expect_err("it traps");
    assert_eq!(error.kind(), ErrorKind::Trapped);
}
