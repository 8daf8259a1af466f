//! Tests of the lanes of edges.

use std::time::Duration;

use airssys_wasm_core::pipeline::{ComponentPipeline, Lane, OnError, StageOptions};
use airssys_wasm_core::{Capability, Component, Requests};

use crate::components::{builder, component, component_with};

const PAIR: &str = "record pair { a: string, b: u32 } step: func(pair: pair) -> pair;";

fn two(first: Component, second: Component) -> ComponentPipeline {
    two_with(first, second, StageOptions::new())
}

fn two_with(first: Component, second: Component, options: StageOptions) -> ComponentPipeline {
    builder()
        .add_component("first", first)
        .add_component_with("second", second, options)
        .connect("first.output", "second.input")
        .build()
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn two_with_first(first: Component, options: StageOptions) -> ComponentPipeline {
    builder()
        .add_component_with("first", first, options)
        .add_component("second", component(PAIR))
        .connect("first.output", "second.input")
        .build()
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn lane(pipeline: &ComponentPipeline) -> (Lane, &str) {
    (
        pipeline.edges()[0].lane(),
        pipeline.edges()[0].lane_reason(),
    )
}

#[test]
fn stages_without_capabilities_are_fused() {
    let pipeline = two(component(PAIR), component(PAIR));
    assert_eq!(lane(&pipeline).0, Lane::Fused, "{}", lane(&pipeline).1);
    assert_eq!(pipeline.segments(), [vec![0, 1]]);
}

#[test]
fn stages_with_capabilities_options_or_state_are_not_fused() {
    let reader = || {
        let requests = Requests::new([Capability::FileRead("/data".into())]).expect("a request");
        component(PAIR).with_requests(requests)
    };
    let stateful = || component_with(PAIR, "name kept\ninstancing stateful");
    let cases = [
        (two(component(PAIR), reader()), "may use capabilities"),
        (two(reader(), component(PAIR)), "may use capabilities"),
        (two(stateful(), component(PAIR)), "`first` is stateful"),
        (
            two_with(
                component(PAIR),
                component(PAIR),
                StageOptions::new().deadline(Duration::from_secs(1)),
            ),
            "non-default options",
        ),
        (
            two_with(
                component(PAIR),
                component(PAIR),
                StageOptions::new().on_failure(OnError::Skip),
            ),
            "non-default options",
        ),
        (
            two(
                component(PAIR),
                component("record pair { b: u32 } step: func(pair: pair) -> u32;"),
            ),
            "the types differ",
        ),
    ];
    let more = [
        (
            two_with_first(
                component(
                    "record pair { a: string, b: u32 } step: func(pair: pair) -> result<pair, string>;",
                ),
                StageOptions::new().on_error(OnError::Fail),
            ),
            "`first` can return an error",
        ),
        (
            two_with_first(
                component("record pair { a: string, b: u32 } next: func() -> option<pair>;"),
                StageOptions::new(),
            ),
            "`first` is a source",
        ),
        (
            two(
                component("record blob { data: list<u8> } step: func(blob: blob) -> blob;"),
                component("record blob { data: list<u8> } step: func(blob: blob) -> blob;"),
            ),
            "bytes pass faster",
        ),
    ];
    for (pipeline, expected) in cases.into_iter().chain(more) {
        let (lane, reason) = lane(&pipeline);
        assert_eq!(lane, Lane::Dynamic, "{expected}");
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
}

#[test]
fn plain_types_take_the_typed_lane() {
    let bytes = || component("step: func(data: list<u8>) -> list<u8>;");
    assert_eq!(lane(&two(bytes(), bytes())).0, Lane::Typed);
    let lines = component("next: func() -> result<string, string>;");
    let pipeline = builder()
        .add_component_with("lines", lines, StageOptions::new().on_error(OnError::Skip))
        .add_component_with(
            "parse",
            component("check: func(text: string) -> result<string, string>;"),
            StageOptions::new().on_error(OnError::Skip),
        )
        .connect("lines.output", "parse.input")
        .build()
        .expect("a pipeline");
    assert_eq!(lane(&pipeline).0, Lane::Typed);
    let optional = component("step: func(data: list<u8>) -> option<u8>;");
    let (lane, reason) = {
        let pipeline = two(bytes(), optional);
        (lane(&pipeline).0, lane(&pipeline).1.to_owned())
    };
    assert_eq!(lane, Lane::Dynamic);
    assert!(reason.contains("the signature of `second`"), "{reason}");
}

#[test]
fn a_chain_ends_where_edges_meet() {
    let number = || component("step: func(n: u32) -> u32;");
    let pipeline = ["a", "b", "c", "d", "e"]
        .iter()
        .fold(builder(), |builder, name| {
            builder.add_component(*name, number())
        })
        .connect("a.output", "b.input")
        .connect("b.output", "c.input")
        .connect("c.output", "d.input")
        .connect("c.output", "e.input")
        .build()
        .expect("a pipeline");
    assert_eq!(pipeline.segments(), [vec![0, 1, 2]]);
}
