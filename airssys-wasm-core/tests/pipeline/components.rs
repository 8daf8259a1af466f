//! Components built from the text of an interface.

use airssys_wasm_core::Component;
use airssys_wasm_core::pipeline::{ComponentPipeline, OnError, PipelineBuilder, StageOptions};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// Builds a component that exports the interface `test:parts/api@1.2.0` with these items.
pub(crate) fn component(interface: &str) -> Component {
    component_with(interface, "")
}

/// Builds the component with additional lines of metadata.
pub(crate) fn component_with(interface: &str, about: &str) -> Component {
    let text = format!(
        "package test:parts@1.2.0;\ninterface api {{ {interface} }}\nworld w {{ export api; }}"
    );
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("test.wit", &text)
        .unwrap_or_else(|error| panic!("{error:#}\n{text}"));
    let world = resolve.select_world(&[package], None).expect("one world");
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
    if !about.is_empty() {
        custom_section(
            &mut module,
            "airssys:component",
            &format!("airssys:component 1\n{about}\n"),
        );
    }
    let encoder = ComponentEncoder::default()
        .module(&module)
        .expect("a module");
    Component::from_bytes(encoder.validate(true).encode().expect("encodes")).expect("a component")
}

fn custom_section(module: &mut Vec<u8>, name: &str, data: &str) {
    let byte = |length: usize| {
        u8::try_from(length)
            .ok()
            .filter(|byte| *byte < 128)
            .expect("short")
    };
    module.extend([0, byte(1 + name.len() + data.len()), byte(name.len())]);
    module.extend(name.bytes().chain(data.bytes()));
}

/// A source of records.
pub(crate) const READ: &str = r"
    record row { id: u64, kind: string, count: s32 }
    next: func() -> option<row>;
";

/// A fallible conversion of text to a number.
pub(crate) const PARSE: &str = "parse: func(text: string) -> result<u32, string>;";

/// A function from text to text.
pub(crate) const TEXT: &str = "step: func(text: string) -> string;";

pub(crate) fn builder() -> PipelineBuilder {
    ComponentPipeline::builder()
}

pub(crate) fn failing() -> StageOptions {
    StageOptions::new().on_error(OnError::Fail)
}

fn named(name: &str, interface: &str) -> Component {
    component(interface).with_name(name.parse().expect("a name"))
}

/// A pipeline with a bit of everything.
pub(crate) fn rich() -> PipelineBuilder {
    builder()
        .name("demo:etl")
        .in_flight_max(64)
        .deadline(std::time::Duration::from_secs(30))
        .add_component("read", named("read", READ))
        .add_component_with(
            "price",
            named(
                "price",
                "record row { id: u64, count: s32 }
                 variant problem { none-left, other(string) }
                 price: func(row: row) -> result<f64, problem>;",
            ),
            StageOptions::new()
                .concurrency(4)
                .order(airssys_wasm_core::pipeline::OutputOrder::AsFinished)
                .queue_max(8)
                .deadline(std::time::Duration::from_millis(250))
                .on_failure(OnError::DeadLetter)
                .idempotent()
                .retry(airssys_wasm_core::pipeline::RetryPolicy {
                    attempts: 3,
                    backoff: std::time::Duration::from_millis(20),
                }),
        )
        .add_component(
            "note",
            named(
                "note",
                "record row { kind: string } note: func(row: row) -> string;",
            ),
        )
        .add_component("left", named("left", "put: func(price: f64);"))
        .add_component("right", named("right", "put: func(price: f64);"))
        .add_component(
            "complain",
            named(
                "complain",
                "variant problem { none-left, other(string), more } tell: func(what: problem);",
            ),
        )
        .connect_when("read.output", "price.input", "count > 0")
        .connect_when("read.output", "note.row", "kind == \"note\"")
        .connect("price.error", "complain.input")
        .partition("price.output", "", ["left.input", "right.input"])
}
