//! Values of every type pass through a fused component unchanged.
//!
//! The first stage takes the value out of a list, as bytes in memory. The glue passes it on as core
//! values. The last stage writes those back into a list according to `wit-parser`'s view of the
//! Canonical ABI. Alternatively the first stage returns the value as `ok` or `err`.

use std::fmt::Write;

use airssys_wasm_core::Component;
use airssys_wasm_core::fuse::Chain;
use airssys_wasm_host::wasmtime::component::Val;
use proptest::prelude::*;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{FlatTypes, WasmType};
use wit_parser::{Int, Resolve, SizeAlign, Type, TypeDefKind};

use super::random::{Choices, WitGenerator, value};
use super::runner::{Runner, compile};

/// Returns a component that exports `f` at world level.
fn component(
    definitions: &str,
    function: &str,
    body: impl Fn(&Resolve, &wit_parser::Function) -> String,
) -> Component {
    let wit = format!(
        "package demo:echo; interface i {{ {definitions} f: func{function}; }} world w {{ export i; }}"
    );
    let mut resolve = Resolve::default();
    let package = resolve
        .push_source("echo.wit", &wit)
        .unwrap_or_else(|error| panic!("{wit}: {error:?}"));
    let world = resolve.select_world(&[package], None).expect("one world");
    let interface = resolve.packages[package].interfaces["i"];
    let body = body(&resolve, &resolve.interfaces[interface].functions["f"]);
    let text = format!(
        r#"(module
            (memory (export "memory") 16)
            (global $next (mut i32) (i32.const 4096))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "demo:echo/i#f") {body}))"#
    );
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    let bytes = ComponentEncoder::default()
        .module(&module)
        .expect("a module")
        .encode();
    Component::from_bytes(bytes.unwrap_or_else(|error| panic!("{wit} {text}: {error:?}")))
        .expect("a component")
}

/// `list<T> -> T`, and with `result` as `ok`.
fn first_stage(definitions: &str, ty: &str) -> Component {
    component(
        definitions,
        &format!("(l: list<{ty}>) -> {ty}"),
        |resolve, function| {
            let ty = function.result.expect("a result");
            let flat = flat(resolve, &ty);
            let mut core = format!(
                "(param i32 i32) (result {}) ",
                if flat.len() == 1 { flat[0] } else { "i32" }
            );
            core += &match flat.len() {
                1 => single(resolve, &ty, "(local.get 0)"),
                _ => "(local.get 0)".into(),
            };
            core
        },
    )
}

/// `T -> list<T>`, with one element.
fn last_stage(definitions: &str, ty: &str) -> Component {
    component(
        definitions,
        &format!("(x: {ty}) -> list<{ty}>"),
        |resolve, function| {
            let ty = function.params[0].ty;
            let flat = flat(resolve, &ty);
            if flat.len() > 16 {
                return "(param i32) (result i32)
                (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (i32.const 1)) (i32.const 16)"
                .into();
            }
            let mut core = format!("(param {}) (result i32)", flat.join(" "));
            let values: Vec<String> = (0..flat.len())
                .map(|n| format!("(local.get {n})"))
                .collect();
            let mut sizes = SizeAlign::default();
            sizes.fill(resolve);
            store(&mut core, resolve, &sizes, &ty, 1024, &values);
            core + "(i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 1)) (i32.const 16)"
        },
    )
}

/// `list<result<T, E>> -> result<T, E>`.
fn fallible_stage(definitions: &str, ok: &str, error: &str) -> Component {
    component(
        definitions,
        &format!("(l: list<result<{ok}, {error}>>) -> result<{ok}, {error}>"),
        |_, _| "(param i32 i32) (result i32) (local.get 0)".into(),
    )
}

fn flat_types(resolve: &Resolve, ty: &Type) -> Vec<WasmType> {
    let mut storage = [WasmType::I32; 512];
    let mut flat = FlatTypes::new(&mut storage);
    assert!(
        resolve.push_flat(ty, &mut flat),
        "the flat form fits the limit"
    );
    flat.to_vec()
}

fn core_type_name(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

fn flat(resolve: &Resolve, ty: &Type) -> Vec<&'static str> {
    flat_types(resolve, ty)
        .into_iter()
        .map(core_type_name)
        .collect()
}

fn kind<'a>(resolve: &'a Resolve, ty: &Type) -> Option<&'a TypeDefKind> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(ty) => kind(resolve, ty),
        kind => Some(kind),
    }
}

fn store_tag(tag: Int) -> &'static str {
    match tag {
        Int::U8 => "i32.store8",
        Int::U16 => "i32.store16",
        _ => "i32.store",
    }
}

/// Returns code that loads a value in memory as a single core value.
fn single(resolve: &Resolve, ty: &Type, address: &str) -> String {
    let load = match (ty, kind(resolve, ty)) {
        (Type::Bool | Type::U8, _) => "i32.load8_u".into(),
        (Type::S8, _) => "i32.load8_s".into(),
        (Type::U16, _) => "i32.load16_u".into(),
        (Type::S16, _) => "i32.load16_s".into(),
        (Type::U64 | Type::S64, _) => "i64.load".into(),
        (Type::F32, _) => "f32.load".into(),
        (Type::F64, _) => "f64.load".into(),
        (_, Some(TypeDefKind::Tuple(tuple))) => return single(resolve, &tuple.types[0], address),
        (_, Some(TypeDefKind::Record(record))) => {
            return single(resolve, &record.fields[0].ty, address);
        }
        (_, Some(TypeDefKind::Enum(e))) if e.tag() == Int::U8 => "i32.load8_u".into(),
        (_, Some(TypeDefKind::Enum(e))) if e.tag() == Int::U16 => "i32.load16_u".into(),
        (_, Some(TypeDefKind::Flags(flags))) => match flags.flags.len() {
            0..=8 => "i32.load8_u".to_owned(),
            9..=16 => "i32.load16_u".into(),
            _ => "i32.load".into(),
        },
        _ => "i32.load".into(),
    };
    format!("({load} {address})")
}

/// Appends code that stores a value given as core values.
fn store(
    code: &mut String,
    resolve: &Resolve,
    sizes: &SizeAlign,
    ty: &Type,
    at: usize,
    values: &[String],
) {
    let instruction = match (ty, kind(resolve, ty)) {
        (_, Some(TypeDefKind::Tuple(tuple))) => {
            return store_fields(code, resolve, sizes, &tuple.types, at, values);
        }
        (_, Some(TypeDefKind::Record(record))) => {
            let types: Vec<_> = record.fields.iter().map(|field| field.ty).collect();
            return store_fields(code, resolve, sizes, &types, at, values);
        }
        (_, Some(TypeDefKind::Variant(v))) => {
            let cases: Vec<_> = v.cases.iter().map(|case| case.ty).collect();
            return store_cases(code, resolve, sizes, (ty, v.tag(), &cases), at, values);
        }
        (_, Some(TypeDefKind::Option(some))) => {
            return store_cases(
                code,
                resolve,
                sizes,
                (ty, Int::U8, &[None, Some(*some)]),
                at,
                values,
            );
        }
        (_, Some(TypeDefKind::Result(result))) => {
            return store_cases(
                code,
                resolve,
                sizes,
                (ty, Int::U8, &[result.ok, result.err]),
                at,
                values,
            );
        }
        (Type::String, _) | (_, Some(TypeDefKind::List(_))) => {
            put(code, "i32.store", at, &values[0]);
            return put(code, "i32.store", at + 4, &values[1]);
        }
        (Type::Bool | Type::U8 | Type::S8, _) => "i32.store8",
        (Type::U16 | Type::S16, _) => "i32.store16",
        (Type::U64 | Type::S64, _) => "i64.store",
        (Type::F32, _) => "f32.store",
        (Type::F64, _) => "f64.store",
        (_, Some(TypeDefKind::Flags(flags))) => match flags.flags.len() {
            0..=8 => "i32.store8",
            9..=16 => "i32.store16",
            _ => "i32.store",
        },
        (_, Some(TypeDefKind::Enum(e))) => store_tag(e.tag()),
        _ => "i32.store",
    };
    put(code, instruction, at, &values[0]);
}

fn put(code: &mut String, instruction: &str, at: usize, value: &str) {
    writeln!(code, "({instruction} (i32.const {at}) {value})")
        .expect("writing to a string succeeds");
}

fn store_fields(
    code: &mut String,
    resolve: &Resolve,
    sizes: &SizeAlign,
    types: &[Type],
    at: usize,
    values: &[String],
) {
    let mut values = values;
    for (offset, ty) in sizes.field_offsets(types) {
        let (own, rest) = values.split_at(flat_types(resolve, ty).len());
        store(code, resolve, sizes, ty, at + offset.size_wasm32(), own);
        values = rest;
    }
}

fn store_cases(
    code: &mut String,
    resolve: &Resolve,
    sizes: &SizeAlign,
    (ty, tag, cases): (&Type, Int, &[Option<Type>]),
    at: usize,
    values: &[String],
) {
    let tag_value = &values[0];
    put(code, store_tag(tag), at, tag_value);
    let joined = flat_types(resolve, ty);
    let payload = at
        + sizes
            .payload_offset(tag, cases.iter().map(Option::as_ref))
            .size_wasm32();
    for (number, case) in cases.iter().enumerate() {
        let Some(case) = case else { continue };
        let own: Vec<String> = flat_types(resolve, case)
            .into_iter()
            .zip(joined.iter().zip(values).skip(1))
            .map(|(to, (from, value))| narrow(core_type_name(*from), core_type_name(to), value))
            .collect();
        write!(code, "(if (i32.eq {tag_value} (i32.const {number})) (then ")
            .expect("writing to a string succeeds");
        store(code, resolve, sizes, case, payload, &own);
        writeln!(code, "))").expect("writing to a string succeeds");
    }
}

fn narrow(from: &str, to: &str, value: &str) -> String {
    match (from, to) {
        _ if from == to => value.into(),
        ("i32", "f32") => format!("(f32.reinterpret_i32 {value})"),
        ("i64", "i32") => format!("(i32.wrap_i64 {value})"),
        ("i64", "f32") => format!("(f32.reinterpret_i32 (i32.wrap_i64 {value}))"),
        ("i64", "f64") => format!("(f64.reinterpret_i64 {value})"),
        other => panic!("{other:?}"),
    }
}

/// Fuses the `f` functions of these components.
fn fuse(stages: &[Component]) -> Runner {
    let chain = stages.iter().fold(Chain::new("run"), |chain, stage| {
        chain.stage(stage.clone(), "f".parse().expect("a name"))
    });
    Runner::new(&compile(
        &chain.fuse().unwrap_or_else(|error| panic!("{error}")),
    ))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_value_passes_unchanged(
        types in prop::collection::vec(any::<u8>(), 0..24),
        values in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut wit = WitGenerator::default();
        let ty = wit.ty(&mut Choices(&types), 3);
        let mut fused = fuse(&[first_stage(&wit.definitions, &ty), last_stage(&wit.definitions, &ty)]);
        let list = fused.params("run").remove(0);
        let mut choices = Choices(&values);
        for _ in 0..4 {
            let element = value(&list.unwrap_list().ty(), &mut choices);
            let input = Val::List(vec![element]);
            let output = fused.call("run", std::slice::from_ref(&input)).expect("an answer");
            prop_assert_eq!(output, Some(input), "{} {}", &wit.definitions, &ty);
        }
    }

    #[test]
    fn any_error_ends_the_chain_and_passes_unchanged(
        types in prop::collection::vec(any::<u8>(), 0..32),
        values in prop::collection::vec(any::<u8>(), 0..400),
        fails_last in any::<bool>(),
    ) {
        let mut wit = WitGenerator::default();
        let mut choices = Choices(&types);
        let ok = format!("tuple<{}>", wit.ty(&mut choices, 2));
        let error = wit.ty(&mut choices, 2);
        let mut stages = vec![fallible_stage(&wit.definitions, &ok, &error), last_stage(&wit.definitions, &ok)];
        if fails_last {
            stages.push(fallible_list_stage(&wit.definitions, &ok, &error));
        }
        let mut fused = fuse(&stages);
        let list = fused.params("run").remove(0);
        let mut choices = Choices(&values);
        for _ in 0..4 {
            let Val::Result(element) = value(&list.unwrap_list().ty(), &mut choices) else { panic!("a result") };
            let input = Val::List(vec![Val::Result(element.clone())]);
            let output = fused.call("run", &[input]).expect("an answer");
            let expected = element.map(|value| {
                Some(Box::new(Val::List(vec![*value.expect("a value")])))
            });
            prop_assert_eq!(output, Some(Val::Result(expected)), "{} {} {}", &wit.definitions, &ok, &error);
        }
    }
}

/// `list<T> -> result<list<T>, E>`, always `ok`. Where the list lies after the
/// discriminant depends on `E`.
fn fallible_list_stage(definitions: &str, ok: &str, error: &str) -> Component {
    let types = format!("(l: list<{ok}>) -> result<list<{ok}>, {error}>");
    component(definitions, &types, |resolve, function| {
        let mut sizes = SizeAlign::default();
        sizes.fill(resolve);
        let result = function.result.expect("a result");
        let Some(TypeDefKind::Result(parts)) = kind(resolve, &result) else {
            panic!("a result")
        };
        let payload = sizes
            .payload_offset(Int::U8, [parts.ok.as_ref(), parts.err.as_ref()])
            .size_wasm32();
        format!(
            "(param i32 i32) (result i32) (i32.store8 (i32.const 64) (i32.const 0))
            (i32.store (i32.const {}) (local.get 0)) (i32.store (i32.const {}) (local.get 1)) (i32.const 64)",
            64 + payload,
            68 + payload
        )
    })
}
