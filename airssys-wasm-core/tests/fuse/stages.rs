//! Stages of any type, built from WIT.

use std::fmt::Write;

use airssys_wasm_core::fuse::{Chain, FuseError};
use airssys_wasm_core::world::{Function, Type};
use airssys_wasm_core::{Component, FunctionName};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// Builds a component from WIT that has one world. Its functions trap.
pub(crate) fn component(wit: &str) -> Component {
    Component::from_bytes(bytes(wit)).expect("a component")
}

fn bytes(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let package = resolve
        .push_source("stage.wit", wit)
        .unwrap_or_else(|error| panic!("{wit}\n{error:?}"));
    let world = resolve.select_world(&[package], None).expect("one world");
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    ComponentEncoder::default()
        .module(&module)
        .expect("a module")
        .encode()
        .expect("a component")
}

/// Builds a component that exports `f` in the interface `demo:stage/api`.
pub(crate) fn stage(params: &[Type], result: Option<&Type>) -> Component {
    let mut wit = WitSource::default();
    let params: Vec<String> = params
        .iter()
        .enumerate()
        .map(|(n, ty)| format!("p{n}: {}", wit.ty(ty)))
        .collect();
    let result = result.map_or_else(String::new, |ty| format!("-> {}", wit.ty(ty)));
    let function = format!("f: func({}) {result};", params.join(", "));
    component(&format!(
        "package demo:stage; interface api {{ {} {function} }} world w {{ export api; }}",
        wit.definitions
    ))
}

/// WIT text with type definitions added on demand.
#[derive(Default)]
struct WitSource {
    definitions: String,
    count: usize,
}

impl WitSource {
    fn ty(&mut self, ty: &Type) -> String {
        match ty {
            Type::List(ty) => format!("list<{}>", self.ty(ty)),
            Type::Option(ty) => format!("option<{}>", self.ty(ty)),
            Type::Tuple(types) => {
                let types: Vec<_> = types.iter().map(|ty| self.ty(ty)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            Type::Result { ok, err } => {
                let mut side = |ty: &Option<Box<Type>>| ty.as_ref().map(|ty| self.ty(ty));
                match (side(ok), side(err)) {
                    (None, None) => "result".into(),
                    (ok, None) => format!("result<{}>", ok.unwrap_or_default()),
                    (ok, Some(err)) => format!("result<{}, {err}>", ok.unwrap_or("_".into())),
                }
            }
            Type::Record(fields) => {
                let fields = fields
                    .iter()
                    .map(|field| format!("%{}: {}", field.name, self.ty(&field.ty)));
                let fields = fields.collect();
                self.define("record", fields)
            }
            Type::Variant(cases) => {
                let cases = cases.iter().map(|case| match &case.ty {
                    Some(ty) => format!("%{}({})", case.name, self.ty(ty)),
                    None => format!("%{}", case.name),
                });
                let cases = cases.collect();
                self.define("variant", cases)
            }
            Type::Enum(names) => self.define(
                "enum",
                names.iter().map(|name| format!("%{name}")).collect(),
            ),
            Type::Flags(names) => self.define(
                "flags",
                names.iter().map(|name| format!("%{name}")).collect(),
            ),
            plain => plain.to_string(),
        }
    }

    fn define(&mut self, word: &str, parts: Vec<String>) -> String {
        self.count += 1;
        let name = format!("named{}", self.count);
        write!(
            self.definitions,
            "{word} {name} {{ {} }} ",
            parts.join(", ")
        )
        .expect("text can be written");
        name
    }
}

/// Fuses the functions `f` of the stages.
pub(crate) fn fuse(stages: &[Component]) -> Result<Vec<u8>, FuseError> {
    let function: FunctionName = "f".parse().expect("a name");
    let chain = stages.iter().cloned().fold(Chain::new("run"), |chain, s| {
        chain.stage(s, function.clone())
    });
    chain.fuse()
}

/// Fuses the stages, validates the new component, and returns its function.
pub(crate) fn fused(stages: &[Component]) -> Function {
    let bytes = fuse(stages).unwrap_or_else(|error| panic!("{error}"));
    wasmparser::Validator::new()
        .validate_all(&bytes)
        .expect("valid");
    let component = Component::from_bytes(bytes).expect("a component");
    let exports = &component.world().exports;
    assert!(exports.interfaces.is_empty());
    assert_eq!(exports.functions.len(), 1);
    exports.functions[0].clone()
}
