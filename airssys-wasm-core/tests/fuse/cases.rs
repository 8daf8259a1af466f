//! Typical chains.

use airssys_wasm_core::policy::RequestedCapabilities;
use airssys_wasm_core::world::Type;
use airssys_wasm_core::{Component, Requests};

use crate::stages::{component, fuse, fused, stage};

fn result(ok: Option<Type>, err: Option<Type>) -> Type {
    Type::Result {
        ok: ok.map(Box::new),
        err: err.map(Box::new),
    }
}

/// Returns a stage with the functions of an interface in WIT.
fn stage_of(wit: &str) -> Component {
    component(&format!(
        "package demo:stage; interface api {{ {wit} }} world w {{ export api; }}"
    ))
}

#[test]
fn two_and_three_stages_of_every_kind() {
    for (definitions, ty) in [
        ("", "u32"),
        ("", "string"),
        ("", "list<u8>"),
        ("record r { a: string, b: string }", "r"),
        (
            "variant v { a(f32), b(u32), c(f64), d(string), e } record r { v: v, l: list<v>, o: option<v> }",
            "r",
        ),
        ("flags a { x, y, z }", "a"),
        ("enum e { x, y, z }", "e"),
        ("", "tuple<u8, s16, f32, char, bool>"),
        (
            "record many { a: tuple<u64, u64, u64, u64, u64, u64, u64, u64>, b: list<u32>, c: string, d: tuple<u8, u8, u8, u8, u8> }",
            "many",
        ),
        ("variant v { a(f32), b(f64) }", "v"),
        (
            "variant v { a(tuple<f32, u64>), b(tuple<u32, f32>), c(tuple<f64, f32, string>) }",
            "v",
        ),
    ] {
        let one = stage_of(&format!("{definitions} f: func(a: {ty}) -> {ty};"));
        let function = one.world().exports.interfaces[0].functions[0].clone();
        for count in [2, 3] {
            let new = fused(&vec![one.clone(); count]);
            assert_eq!(new.name.to_string(), "run");
            assert!(new.has_same_type(&function), "{new}");
        }
    }
}

#[test]
fn the_first_stage_may_take_anything() {
    let last = stage(&[Type::U32], Some(&Type::String));
    for params in [vec![], vec![Type::String, Type::U8], vec![Type::U64; 20]] {
        let first = stage(&params, Some(&Type::U32));
        let new = fused(&[first, last.clone()]);
        assert_eq!(
            new.params
                .iter()
                .map(|param| param.ty.clone())
                .collect::<Vec<_>>(),
            params
        );
        assert_eq!(new.result, Some(Type::String));
    }
}

#[test]
fn the_last_stage_may_return_nothing() {
    let new = fused(&[
        stage(&[Type::U32], Some(&Type::String)),
        stage(&[Type::String], None),
    ]);
    assert_eq!(new.result, None);
}

#[test]
fn a_chain_that_may_fail_returns_a_result() {
    let error = Some(Type::String);
    let fails = result(Some(Type::U32), error.clone());
    for (first, last, expected) in [
        (
            fails.clone(),
            Some(Type::U8),
            result(Some(Type::U8), error.clone()),
        ),
        (
            fails.clone(),
            Some(Type::String),
            result(Some(Type::String), error.clone()),
        ),
        (fails.clone(), None, result(None, error.clone())),
        (
            fails.clone(),
            Some(result(Some(Type::F64), error.clone())),
            result(Some(Type::F64), error.clone()),
        ),
        (
            fails,
            Some(result(None, error.clone())),
            result(None, error),
        ),
        (result(Some(Type::U32), None), None, result(None, None)),
        (
            result(Some(Type::U32), None),
            Some(result(None, None)),
            result(None, None),
        ),
    ] {
        let new = fused(&[stage(&[], Some(&first)), stage(&[Type::U32], last.as_ref())]);
        assert_eq!(new.result, Some(expected));
    }
}

#[test]
fn a_result_is_passed_whole_to_a_stage_that_takes_one() {
    let whole = result(Some(Type::U32), Some(Type::String));
    let new = fused(&[stage(&[], Some(&whole)), stage(&[whole], Some(&Type::Bool))]);
    assert_eq!(new.result, Some(Type::Bool));
}

#[test]
fn stages_at_world_level_and_in_versioned_interfaces() {
    let bare = component("package a:b; world w { export f: func(a: u32) -> u32; }");
    let versioned = component(
        "package a:b@1.2.3; interface i { f: func(a: u32) -> u32; } world w { export i; }",
    );
    assert_eq!(fused(&[bare, versioned]).result, Some(Type::U32));
}

#[test]
fn imports_are_merged_and_resources_keep_their_identity() {
    const IO: &str = "interface error { resource error { text: func() -> string; } }
        interface streams { use error.{error}; resource output { write: func(b: list<u8>) -> result<_, error>; }
            open: func() -> output; more: func(e: error); }";
    let using = |world: &str| {
        component(&format!(
            "package a:b@0.2.6; {IO} interface both {{ use error.{{error}}; use streams.{{output}};
            get: func(o: borrow<output>) -> option<error>; }}
            world w {{ {world} export f: func(a: u32) -> u32; }}"
        ))
    };
    let stages = [
        using("import streams;"),
        using("import both; import log: func(s: string);"),
        using("import error;"),
    ];
    let bytes = fuse(&stages).expect("fused");
    wasmparser::Validator::new()
        .validate_all(&bytes)
        .expect("valid");
    let imports = Component::from_bytes(bytes)
        .expect("a component")
        .world()
        .imports
        .clone();
    let names: Vec<_> = imports
        .interfaces
        .iter()
        .map(|interface| interface.name.to_string())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(imports.functions.len(), 1);
}

#[test]
fn different_versions_of_an_interface_stay_apart() {
    let using = |version: &str| {
        component(&format!(
            "package a:b@{version}; interface i {{ resource r; g: func(r: r); }}
            world w {{ import i; export f: func(a: u32) -> u32; }}"
        ))
    };
    let bytes = fuse(&[using("0.2.3"), using("0.2.6")]).expect("fused");
    let component = Component::from_bytes(bytes).expect("a component");
    assert_eq!(component.world().imports.interfaces.len(), 2);
}

/// Exports with the same name may have different types.
#[test]
fn stages_that_export_different_interfaces_of_one_name() {
    let first = stage(&[Type::String], Some(&Type::List(Box::new(Type::U8))));
    let second = stage(&[Type::List(Box::new(Type::U8))], Some(&Type::Char));
    assert_eq!(fused(&[first, second]).result, Some(Type::Char));
}

#[test]
fn imported_names_are_left_to_the_stages() {
    let taken = component(
        "package a:b; world w { record t0 { a: u8 } import g: func(t: t0); export f: func() -> u32; }",
    );
    let last = stage(&[Type::U32], Some(&Type::Enum(vec!["a".into()])));
    assert_eq!(
        fused(&[taken, last]).result,
        Some(Type::Enum(vec!["a".into()]))
    );
}

#[test]
fn requests_nothing_if_every_stage_says_so() {
    let one = stage(&[Type::U32], Some(&Type::U32));
    let says = one.clone().with_requests(Requests::default());
    let requested = |stages: &[Component]| {
        Component::from_bytes(fuse(stages).expect("fused"))
            .expect("a component")
            .requested()
            .clone()
    };
    assert_eq!(
        requested(&[says.clone(), says.clone()]),
        RequestedCapabilities::Listed(Requests::default())
    );
    assert_eq!(
        requested(&[one.clone(), one]),
        RequestedCapabilities::Unlisted
    );
}
