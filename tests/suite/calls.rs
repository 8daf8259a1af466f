//! The three kinds of handles, and values of all kinds.

use airssys_wasm_host::{ErrorKind, Instancing};

use crate::support::{deploy_greeter, guest, host};

/// Generated from the same WIT as the guest.
mod generated {
    airssys_wasm_host::wasmtime::component::bindgen!({
        path: "guests/wit/greeter",
        world: "greeter",
        exports: { default: async },
        wasmtime_crate: airssys_wasm_host::wasmtime,
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_kinds_of_handles_survive_an_update() {
    for instancing in [Instancing::PerCall, Instancing::pooled(2)] {
        let (host, greeter) = deploy_greeter(instancing).await;
        let typed = greeter
            .function::<(String,), (String,)>("demo:greeter/api#greet")
            .expect("typed");
        let dynamic = greeter.dynamic_function("greet").expect("dynamic");
        let bound = greeter
            .bindings(|mut store, instance| generated::Greeter::new(&mut store, instance))
            .await
            .expect("bindings");
        for expected in ["Hello, Ada!", "Good day, Ada!", "Hello, Ada!"] {
            assert_eq!(
                typed.call(("Ada".into(),)).await.expect("typed").0,
                expected
            );
            let text = dynamic.call_wave("(\"Ada\")").await.expect("dynamic");
            assert_eq!(text.as_deref(), Some(format!("{expected:?}").as_str()));
            let answer = bound
                .call(async |greeter, store| {
                    greeter.demo_greeter_api().call_greet(store, "Ada").await
                })
                .await
                .expect("bindings");
            assert_eq!(answer, expected);
            if expected.starts_with("Hello") && greeter.status().revisions.len() == 1 {
                drop(
                    host.update("greeter", guest("greeter-v2"))
                        .await
                        .expect("updated"),
                );
            } else if expected.starts_with("Good") {
                drop(host.rollback("greeter").await.expect("rolled back"));
            }
        }
    }
}

/// Futures of calls can be spawned.
#[tokio::test(flavor = "multi_thread")]
async fn calls_can_be_spawned() {
    let (_host, greeter) = deploy_greeter(Instancing::PerCall).await;
    let bound = greeter
        .bindings(|mut store, instance| generated::Greeter::new(&mut store, instance))
        .await
        .expect("bindings");
    let call = tokio::spawn(async move {
        bound
            .call(async |greeter, store| greeter.demo_greeter_api().call_greet(store, "Ada").await)
            .await
    });
    assert_eq!(
        call.await.expect("a task").expect("an answer"),
        "Hello, Ada!"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_all_kinds_cross_as_text() {
    let host = host();
    let plain = host.deploy(guest("plain-bindgen")).await.expect("deployed");
    for (function, arguments, expected) in [
        ("add", "(20, 22)", "42"),
        ("echo-bytes", "([1, 2, 255])", "[1, 2, 255]"),
        ("fail", "(\"why\")", "err(\"why\")"),
        (
            "swap-names",
            "({family: \"Lovelace\", given: \"Ada\"})",
            "{given: \"Lovelace\", family: \"Ada\"}",
        ),
        ("mirror", "({x: 1.5, y: -2})", "{x: -1.5, y: 2}"),
        ("area", "(rectangle((2, 3)))", "6"),
        ("area", "(nothing)", "0"),
        ("next-colour", "(red)", "green"),
        ("invert", "({read})", "{write, execute}"),
        ("first", "([])", "none"),
        ("first", "([\"a\", \"b\"])", "some(\"a\")"),
        ("parse", "(\"-7\")", "ok(-7)"),
        ("check", "(2)", "ok"),
        ("check", "(3)", "err"),
        ("pair", "(\"x\", 7)", "(7, \"x\")"),
        ("upper", "('ß')", "'ß'"),
        ("upper", "('a')", "'A'"),
        ("negate", "(true)", "false"),
        ("halve", "(3)", "1.5"),
        (
            "nest",
            "([some(ok(circle(1))), none, some(err([red, blue]))])",
            "[some(ok(circle(1))), none, some(err([red, blue]))]",
        ),
    ] {
        let function = plain.dynamic_function(function).expect(function);
        let answer = function
            .call_wave(arguments)
            .await
            .unwrap_or_else(|error| panic!("{arguments}: {error:?}"));
        assert_eq!(answer.as_deref(), Some(expected), "{arguments}");
    }
    let integers = plain.dynamic_function("integers").expect("integers");
    let arguments = "(255, -128, 65535, -32768, 4294967295, -2147483648, 18446744073709551615, -9223372036854775808)";
    let answer = integers
        .call_wave(arguments)
        .await
        .expect("an answer")
        .expect("a list");
    assert!(
        answer.contains("18446744073709551615") && answer.contains("-9223372036854775808"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_calls_take_tuples_lists_and_results() {
    let host = host();
    let plain = host
        .deploy(guest("plain-bindgen"))
        .instancing(Instancing::pooled(1))
        .await
        .expect("deployed");
    let add = plain.function::<(u32, u32), (u32,)>("add").expect("add");
    let echo = plain
        .function::<(Vec<u8>,), (Vec<u8>,)>("echo-bytes")
        .expect("echo");
    let fail = plain
        .function::<(String,), (Result<String, String>,)>("fail")
        .expect("fail");
    assert_eq!(add.call((1, 2)).await.expect("added").0, 3);
    assert_eq!(
        echo.call((vec![7; 65536],)).await.expect("echoed").0,
        vec![7; 65536]
    );
    assert_eq!(
        fail.call(("why".into(),)).await.expect("an answer").0,
        Err("why".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_refused_as_values_with_the_alternative() {
    let host = host();
    let resources = host
        .deploy(guest("plain-resource"))
        .await
        .expect("deployed");
    for function in resources.functions() {
        let error = resources
            .dynamic_function(&function.name.to_string())
            .map(drop)
            .expect_err("a resource is in it");
        assert_eq!(error.kind(), ErrorKind::TypeMismatch);
        assert!(
            error.to_string().contains("use generated bindings"),
            "{error}"
        );
    }
}
