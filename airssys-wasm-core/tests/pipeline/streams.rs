//! Tests of streams between stages: matching types, single readers, and lists in place of streams.

use std::time::Duration;

use airssys_wasm_core::pipeline::{
    ComponentPipeline, Lane, OnError, PipelineBuilder, PipelineDefinition, ProblemKind,
    RetryPolicy, StageOptions,
};
use airssys_wasm_core::world::ElementType;

use crate::components::{builder, component};

const MAP: &str = "change: func(bytes: stream<u8>) -> stream<u8>;";
const LISTS: &str = "change: func(bytes: list<u8>) -> list<u8>;";

fn built(builder: PipelineBuilder) -> ComponentPipeline {
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

fn report(builder: PipelineBuilder) -> String {
    builder.build().expect_err("no pipeline").to_string()
}

fn kinds(builder: PipelineBuilder) -> Vec<ProblemKind> {
    builder
        .build()
        .expect_err("no pipeline")
        .iter()
        .map(|problem| problem.kind())
        .collect()
}

fn two(first: &str, second: &str, options: StageOptions) -> PipelineBuilder {
    builder()
        .add_component("a", component(first))
        .add_component_with("b", component(second), options)
        .connect("a.output", "b.input")
}

#[test]
fn streams_of_plain_elements_cross_in_a_lane_of_their_own() {
    for element in ElementType::ALL {
        let function = format!("change: func(items: {0}) -> {0};", element.to_stream_type());
        let pipeline = built(two(&function, &function, StageOptions::new()));
        assert_eq!(pipeline.edges()[0].lane(), Lane::Streamed, "{element:?}");
        assert_eq!(pipeline.outputs()[0].ty, element.to_stream_type());
    }
}

#[test]
fn a_list_flows_into_a_stream_of_its_elements_and_not_back() {
    let pipeline = built(two(LISTS, MAP, StageOptions::new()));
    assert_eq!(pipeline.edges()[0].lane(), Lane::Streamed);
    insta::assert_snapshot!(report(two(MAP, LISTS, StageOptions::new())));
    let other = "change: func(bytes: stream<u32>) -> u32;";
    assert_eq!(
        kinds(two(LISTS, other, StageOptions::new())),
        [ProblemKind::Types]
    );
}

#[test]
fn a_function_of_lists_is_called_per_chunk_if_configured() {
    let pipeline = built(two(MAP, LISTS, StageOptions::new().per_chunk(1000)));
    let stage = &pipeline.stages()[1];
    assert_eq!(
        stage.chunk(),
        Some((1000, (ElementType::U8, ElementType::U8)))
    );
    assert_eq!(
        (&stage.inputs()[0].ty, stage.output()),
        (
            &ElementType::U8.to_stream_type(),
            Some(&ElementType::U8.to_stream_type())
        )
    );
    assert!(
        pipeline
            .explain()
            .to_string()
            .contains("called for every 1000 elements")
    );
    for no_lists in [
        "f: func(a: u32) -> list<u8>;",
        "f: func(a: list<u8>, b: u32) -> list<u8>;",
        MAP,
    ] {
        let options = StageOptions::new().per_chunk(10);
        let problems = kinds(builder().add_component_with("a", component(no_lists), options));
        assert_eq!(problems, [ProblemKind::Options], "{no_lists}");
    }
    let none = StageOptions::new().per_chunk(0);
    assert_eq!(
        kinds(builder().add_component_with("a", component(LISTS), none)),
        [ProblemKind::Options]
    );
}

#[test]
fn what_reads_a_stream_twice_is_refused() {
    let both = two(MAP, MAP, StageOptions::new())
        .add_component("c", component(MAP))
        .connect("a.output", "c.input");
    insta::assert_snapshot!(report(both));
    assert_eq!(
        kinds(two(MAP, MAP, StageOptions::new()).output("a.output")).len(),
        2,
        "it is also an output"
    );
    let join = "join: func(a: stream<u8>, b: stream<u8>) -> u64;";
    let both = two(LISTS, MAP, StageOptions::new())
        .add_component("c", component(MAP))
        .add_component("join", component(join))
        .connect("b.output", "join.a")
        .connect("c.output", "join.b");
    assert_eq!(kinds(both), [ProblemKind::Stream], "they could deadlock");
    let again = StageOptions::new().idempotent().retry(RetryPolicy {
        attempts: 2,
        backoff: Duration::ZERO,
    });
    assert_eq!(kinds(two(MAP, MAP, again)), [ProblemKind::Stream]);
    let aside = StageOptions::new().on_failure(OnError::DeadLetter);
    assert_eq!(kinds(two(MAP, MAP, aside)), [ProblemKind::Stream]);
}

#[test]
fn other_streams_and_streams_inside_of_something_are_refused() {
    for function in [
        "f: func(a: stream<f64>);",
        "f: func(a: list<stream<u8>>);",
        "f: func() -> option<stream<u8>>;",
        "f: func(a: stream);",
        "f: func(a: future<u8>);",
        "f: func(a: u32) -> result<u32, stream<u8>>;",
    ] {
        assert_eq!(
            kinds(builder().add_component("a", component(function))),
            [ProblemKind::NotAStage],
            "{function}"
        );
    }
    insta::assert_snapshot!(report(
        builder().add_component("a", component("f: func(a: stream<f64>);"))
    ));
}

#[test]
fn chunks_are_part_of_the_definition() {
    let pipeline = built(two(MAP, LISTS, StageOptions::new().per_chunk(8)));
    let text = pipeline.definition().to_toml();
    assert!(text.contains("per-chunk = 8"), "{text}");
    assert_eq!(
        PipelineDefinition::from_toml(&text).expect("reads"),
        *pipeline.definition()
    );
}

#[test]
fn pipelines_with_streams_cannot_be_exported() {
    let error = built(two(MAP, MAP, StageOptions::new()))
        .export_component("run")
        .expect_err("no component");
    assert!(
        error.to_string().contains("a stream passes through `a`"),
        "{error}"
    );
}
