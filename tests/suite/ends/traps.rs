//! Traps, and the contents of their errors.

use airssys_wasm_host::{CallEnd, Event, Instancing};

use super::deploy_ends;
use crate::support::call;
use crate::support::{host, wat};

#[tokio::test(flavor = "multi_thread")]
async fn trap_reports_the_panic_message() {
    let (host, deployment, _) = deploy_ends(Instancing::pooled(1)).await;
    call(&deployment, "say-to-stderr", r#"("of another call\n")"#)
        .await
        .expect("an answer");
    let mut events = host.events();
    let error = call(&deployment, "panic", r#"("the book is empty")"#)
        .await
        .expect_err("it panics");
    assert_eq!(error.call_end(), Some(CallEnd::Trapped));
    let stderr = error.guest_stderr().expect("a message");
    assert!(
        stderr.contains("the book is empty") && !stderr.contains("another call"),
        "{stderr}"
    );
    assert!(
        format!("{error:?}").contains("the book is empty"),
        "the causes contain it: {error:?}"
    );
    let event = std::iter::from_fn(|| events.try_next()).find_map(|event| match event {
        Event::CallFailed {
            call, end, stderr, ..
        } => Some((call, end, stderr)),
        _ => None,
    });
    let (call, end, told) = event.expect("an event reports the trap");
    assert_eq!(
        (call.map(|call| call.call), end),
        (Some(2), CallEnd::Trapped)
    );
    assert_eq!(told.as_deref(), Some(stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn last_lines_of_stderr_are_bounded() {
    let (_host, deployment, _) = deploy_ends(Instancing::PerCall).await;
    let long = "x".repeat(100_000);
    let error = call(&deployment, "panic", &format!("({long:?})"))
        .await
        .expect_err("it panics");
    let stderr = error.guest_stderr().expect("a message");
    assert!((1_000..=4_096).contains(&stderr.len()), "{}", stderr.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn backtrace_lists_known_names_and_counts_the_rest() {
    let component = wat(
        "named",
        r#"(component
            (core module $m
                (func $inner unreachable)
                (func (call $inner))
                (func $outer (export "go") (call 1)))
            (core instance $i (instantiate $m))
            (func (export "go") (canon lift (core func $i "go"))))"#,
    );
    let host = host();
    let deployment = host.deploy(component).await.expect("deployed");
    let error = call(&deployment, "go", "()").await.expect_err("it traps");
    let told = format!("{error:?}");
    assert!(
        told.contains("inner\n") && told.contains("outer\n"),
        "{told}"
    );
    assert!(
        told.contains("1 function is left out") && !told.contains("<wasm function"),
        "{told}"
    );
}
