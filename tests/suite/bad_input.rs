//! Bad input: each mistake fails with an error that says what was wrong and what to do, and loses
//! nothing.

use std::time::Duration;

use airssys_wasm_host::{Component, Error, Event, Instancing, Limits, Value};
use airssys_wasm_tests::guests::path;

use crate::support::{deploy_greeter, greet, guest, host, wat};

fn assert_error(error: &Error, code: &str, says: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(
        error.to_string().contains(says),
        "`{says}` is not in: {error}"
    );
}

#[test]
fn files_that_are_not_components_are_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let whole = std::fs::read(path("greeter-v1")).expect("built");
    let module = wat::parse_str("(module)").expect("valid text");
    for (name, bytes, says) in [
        ("empty", &b""[..], "no bytes"),
        ("text", b"hello", "begins with the text"),
        ("module", &module, "wasm-tools component new"),
        ("cut", &whole[..whole.len() / 2], "truncated"),
    ] {
        let file = place.path().join(name);
        std::fs::write(&file, bytes).expect("written");
        let error = Component::from_file(&file).expect_err(name);
        assert_error(&error, "invalid-component", says);
        assert!(error.to_string().contains(name), "names the file: {error}");
    }
    let error = Component::from_file(place.path().join("nowhere")).expect_err("no file");
    assert_error(&error, "io", "nowhere");
}

/// Every prefix and a few flipped bytes give an error or a component, never a panic.
#[test]
fn damaged_bytes_never_panic() {
    let whole = std::fs::read(path("greeter-v1")).expect("built");
    for end in (0..whole.len()).step_by(97) {
        // A cut between two of the last sections leaves a valid component.
        assert!(
            Component::from_bytes(whole[..end].to_vec()).is_err() || end > whole.len() * 4 / 5,
            "cut at {end}"
        );
    }
    for at in (0..whole.len()).step_by(61) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x5a;
        drop(Component::from_bytes(damaged));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_validate_is_refused_when_deployed() {
    let text = r#"(component (core module $m (func (export "f") (result i32) i32.const 1)))"#;
    let mut bytes = wat::parse_str(text).expect("valid text");
    let constant = bytes
        .windows(2)
        .rposition(|pair| pair == [0x41, 0x01])
        .expect("`i32.const 1`");
    bytes[constant] = 0x42;
    let component = Component::from_bytes(bytes)
        .expect("the structure is valid")
        .with_name("odd")
        .expect("a name");
    let error = host()
        .deploy(component)
        .await
        .expect_err("an i64 where an i32 is due");
    assert_error(&error, "invalid-component", "type mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_without_a_provider_are_refused() {
    let error = host()
        .deploy(guest("import-missing"))
        .await
        .expect_err("nothing provides it");
    assert_error(&error, "missing-import", "`acme:store/kv`");
    for (import, says) in [
        (
            "wasi:cli/stdot@0.2.0",
            "the nearest provided interface is `wasi:cli/stdout@0.2.12`",
        ),
        (
            "wasi:filesystem/types@0.3.0",
            "unsupported WASI version; this host provides WASI 0.2",
        ),
    ] {
        let component = wat(
            "odd",
            &format!(r#"(component (import "{import}" (instance)))"#),
        );
        assert_error(
            &host().deploy(component).await.expect_err(import),
            "missing-import",
            says,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_with_other_types_than_the_providers_is_refused() {
    let text = r#"(component (import "wasi:random/random@0.2.0"
        (instance (export "get-random-u64" (func (param "x" string) (result u64))))))"#;
    assert_error(
        &host()
            .deploy(wat("odd", text))
            .await
            .expect_err("another type"),
        "unusable",
        "get-random-u64",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_functions_are_refused_with_the_nearest() {
    let (_host, greeter) = deploy_greeter(Instancing::PerCall).await;
    for (name, kind, says) in [
        (
            "demo:greeter/api#gret",
            "function-not-found",
            "did you mean `demo:greeter/api#greet`?",
        ),
        ("demo:greeter/api", "invalid-name", "names an interface"),
        (
            "zzzzzz",
            "function-not-found",
            "exports `demo:greeter/api#greet`",
        ),
    ] {
        assert_error(
            &greeter.dynamic_function(name).map(drop).expect_err(name),
            kind,
            says,
        );
        assert_error(
            &greeter
                .function::<(String,), (String,)>(name)
                .map(drop)
                .expect_err(name),
            kind,
            says,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_do_not_match_are_refused() {
    let (_host, greeter) = deploy_greeter(Instancing::PerCall).await;
    let error = greeter
        .function::<(u32,), (String,)>("greet")
        .map(drop)
        .expect_err("greet takes a string");
    assert_error(&error, "type-mismatch", "`func(name: string) -> string`");
    assert!(error.to_string().contains("u32"), "both types: {error}");
    let greet = greeter
        .dynamic_function("greet")
        .expect("an exported function");
    let error = greet
        .call(&[Value::U32(7)])
        .await
        .expect_err("greet takes a string");
    assert_error(
        &error,
        "type-mismatch",
        "argument `name`: expected `string`, found `u32`",
    );
    let error = greet.call(&[]).await.expect_err("greet takes one");
    assert_error(&error, "type-mismatch", "0 arguments were given");
    let error = greet
        .call_wave("(7)")
        .await
        .expect_err("greet takes a string");
    assert_error(&error, "type-mismatch", "column 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_missing_and_misspelled_names_are_refused() {
    let (host, _) = deploy_greeter(Instancing::PerCall).await;
    assert_error(
        &host.deploy(guest("greeter-v1")).await.expect_err("taken"),
        "name-taken",
        "host.update(\"greeter\"",
    );
    let unnamed = Component::from_bytes(wat::parse_str("(component)").expect("valid text"))
        .expect("a component");
    assert_error(
        &host.deploy(unnamed.clone()).await.expect_err("unnamed"),
        "unnamed",
        ".name(",
    );
    assert_error(
        &host
            .deploy(unnamed)
            .name("Not A Name")
            .await
            .expect_err("no name"),
        "invalid-name",
        "column 1",
    );
    assert_error(
        &host.deployment("greter").await.expect_err("not there"),
        "not-deployed",
        "did you mean `greeter`?",
    );
    for error in [
        host.update("greter", guest("greeter-v2"))
            .await
            .map(drop)
            .expect_err("not there"),
        host.rollback("greter")
            .await
            .map(drop)
            .expect_err("not there"),
        host.remove("greter").await.expect_err("not there"),
    ] {
        assert_error(&error, "not-deployed", "did you mean `greeter`?");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_deploy_leaves_the_name_free() {
    let host = host();
    host.deploy(guest("greeter-v3"))
        .await
        .expect_err("it does not start");
    assert_eq!(host.deployments().list().await.expect("listed").len(), 0);
    host.deploy(guest("greeter-v1"))
        .await
        .expect("the name is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_are_not_newer_need_confirmation() {
    let (host, deployment) = deploy_greeter(Instancing::PerCall).await;
    for version in ["1.0.0", "0.9.0"] {
        let older = guest("greeter-v2").with_version(version.parse().expect("a version"));
        let error = host
            .update("greeter", older.clone())
            .await
            .map(drop)
            .expect_err("not newer");
        assert_error(&error, "version-not-newer", ".any_version()");
        drop(
            host.update("greeter", older)
                .any_version()
                .await
                .expect("a downgrade was requested"),
        );
        drop(host.rollback("greeter").await.expect("rolled back"));
    }
    assert_eq!(
        greet(&deployment)
            .call(("Ada".into(),))
            .await
            .expect("an answer")
            .0,
        "Hello, Ada!"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_not_lost_without_confirmation() {
    let host = host();
    let counter = host.deploy(guest("state-counter")).await.expect("deployed");
    let name = counter.name().as_str();
    let increment = counter
        .function::<(), (u64,)>("increment")
        .expect("an exported function");
    increment.call(()).await.expect("counted");
    let error = host
        .update(name, guest("state-counter-v2"))
        .any_version()
        .await
        .map(drop)
        .expect_err("it has state");
    assert_error(&error, "state-would-be-lost", ".discard_state()");
    assert_eq!(
        increment.call(()).await.expect("counted").0,
        2,
        "a refused update loses nothing"
    );
    drop(
        host.update(name, guest("state-counter-v2"))
            .any_version()
            .discard_state()
            .await
            .expect("losing state was allowed"),
    );
    assert_eq!(
        increment.call(()).await.expect("counted").0,
        10,
        "the state was discarded, and the new version counts in tens"
    );
    let error = host
        .rollback(name)
        .await
        .map(drop)
        .expect_err("it has state");
    assert_error(&error, "state-would-be-lost", ".discard_state()");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_disconnects_ends_its_call() {
    let host = host();
    let limits = Limits {
        concurrent_calls_max: 1,
        ..Limits::default()
    };
    let sleep = host
        .deploy(guest("limits-sleep"))
        .limits(limits)
        .await
        .expect("deployed");
    let function = sleep
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let gone = tokio::time::timeout(Duration::from_millis(50), function.call((60_000,))).await;
    assert!(gone.is_err());
    assert_eq!(
        (sleep.status().calls_in_flight, sleep.status().instances),
        (0, 0)
    );
    function
        .call((1,))
        .await
        .expect("the instance is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_a_removed_deployment_fail_and_those_in_flight_complete() {
    let host = host();
    let sleep = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let function = sleep
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let parked = function.clone();
    let parked = tokio::spawn(async move { parked.call((200,)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    host.remove(sleep.name().as_str()).await.expect("removed");
    assert!(
        parked.await.expect("a task").is_ok(),
        "removing waits for it"
    );
    assert_error(
        &function.call((1,)).await.expect_err("removed"),
        "not-deployed",
        "limits-sleep",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_dropped_while_calls_run_lets_them_complete() {
    let host = host();
    let sleep = host.deploy(guest("limits-sleep")).await.expect("deployed");
    let function = sleep
        .function::<(u64,), ()>("sleep")
        .expect("an exported function");
    let parked = function.clone();
    let parked = tokio::spawn(async move { parked.call((200,)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(host);
    assert_error(
        &function.call((1,)).await.expect_err("dropped"),
        "host-dropped",
        "keep the `Host`",
    );
    parked.await.expect("a task").expect("the call completes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_emits_an_event() {
    let host = host();
    let mut events = host.events();
    let plain = host.deploy(guest("plain-bindgen")).await.expect("deployed");
    plain
        .dynamic_function("trap")
        .expect("an exported function")
        .call(&[])
        .await
        .expect_err("it traps");
    let discarded = std::iter::from_fn(|| events.try_next())
        .find(|event| matches!(event, Event::CallFailed { reason, .. } if reason.contains("trap")));
    assert!(discarded.is_some());
}
