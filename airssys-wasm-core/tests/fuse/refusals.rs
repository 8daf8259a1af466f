//! Chains that cannot be fused, and the error messages.

use airssys_wasm_core::fuse::Chain;
use airssys_wasm_core::world::Type;
use airssys_wasm_core::{Capability, Component, Requests};

use crate::stages::{component, fuse, stage};

fn refusal(stages: &[Component]) -> String {
    fuse(stages).expect_err("refused").to_string()
}

fn result(ok: Type, err: Type) -> Type {
    Type::Result {
        ok: Some(Box::new(ok)),
        err: Some(Box::new(err)),
    }
}

#[test]
fn errors_name_the_mismatch() {
    let numbers = stage(&[Type::U32], Some(&Type::U32));
    let texts = stage(&[Type::String], Some(&Type::String));
    let fails = stage(&[Type::U32], Some(&result(Type::U32, Type::String)));
    let fails_otherwise = stage(&[Type::U32], Some(&result(Type::U32, Type::U8)));
    let silent = stage(&[Type::U32], None);
    let both = stage(&[Type::U32, Type::U8], Some(&Type::U32));
    for (stages, expected) in [
        (vec![], "at least 2 stages, but this one has 0"),
        (vec![&numbers], "at least 2 stages, but this one has 1"),
        (
            vec![&numbers, &texts],
            "stage 2, `demo:stage/api#f`, takes `string`, but the stage before it returns `u32`",
        ),
        (
            vec![&fails, &texts],
            "takes `string`, but the stage before it returns `u32`",
        ),
        (
            vec![&silent, &numbers],
            "stage 1, `demo:stage/api#f`, returns no value",
        ),
        (vec![&numbers, &both], "has 2 parameters"),
        (
            vec![&fails, &fails_otherwise],
            "stage 2, `demo:stage/api#f`, fails with `u8`, but an earlier stage with `string`",
        ),
        (
            vec![&fails, &numbers, &fails_otherwise, &numbers],
            "stage 3",
        ),
    ] {
        let stages: Vec<Component> = stages.into_iter().cloned().collect();
        let message = refusal(&stages);
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn errors_name_instance_bound_types() {
    let last = stage(&[Type::U32], Some(&Type::U32));
    for (function, expected) in [
        ("resource r; f: func() -> r;", "`own<"),
        (
            "resource r; f: func(a: list<tuple<u8, borrow<r>>>) -> u32;",
            "`borrow<",
        ),
        ("f: func(a: stream<u8>) -> u32;", "`stream<u8>`"),
        ("f: func(a: future<u8>) -> u32;", "`future<u8>`"),
        ("f: async func() -> u32;", "`async func`"),
    ] {
        let wit = format!("package a:b; interface i {{ {function} }} world w {{ export i; }}");
        let message = refusal(&[component(&wit), last.clone()]);
        assert!(
            message.contains("stage 1, `a:b/i#f`") && message.contains(expected),
            "{expected}: {message}"
        );
    }
}

#[test]
fn names_are_checked() {
    let numbers = stage(&[Type::U32], Some(&Type::U32));
    let chain = |export: &str, function: &str| {
        let name: airssys_wasm_core::FunctionName = function.parse().expect("a name");
        Chain::new(export)
            .stage(numbers.clone(), name.clone())
            .stage(numbers.clone(), name)
            .fuse()
    };
    assert!(chain("run-all", "f").is_ok());
    assert!(
        chain("Run it", "f")
            .expect_err("no name")
            .to_string()
            .contains("`Run it`")
    );
    let message = chain("run", "g").expect_err("no function").to_string();
    assert!(
        message.contains("stage 1: no exported function `g`"),
        "{message}"
    );
}

#[test]
fn authority_is_never_joined() {
    let numbers = stage(&[Type::U32], Some(&Type::U32));
    let requests = Requests::new([Capability::FileRead("/data".into())]).expect("requests");
    let message = refusal(&[numbers.clone(), numbers.with_requests(requests)]);
    assert!(
        message.contains("stage 2 requests") && message.contains("`file-read /data`"),
        "{message}"
    );
}

#[test]
fn imports_that_contradict_each_other() {
    let using = |ty: &str| {
        component(&format!(
            "package a:b; interface i {{ g: func(a: {ty}); }}
            world w {{ import i; export f: func(a: u32) -> u32; }}"
        ))
    };
    assert!(refusal(&[using("u8"), using("string")]).contains("cannot be joined"));
    assert!(refusal(&[using("list<u8>"), using("list<u16>")]).contains("cannot be joined"));
}
