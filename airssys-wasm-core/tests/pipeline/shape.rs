//! Tests of the structure of pipelines.

use airssys_wasm_core::Value;
use airssys_wasm_core::pipeline::{
    EdgeFilter, OnError, OutputPort, PipelineErrors, SourceMode, StageOptions,
};

use crate::components::{PARSE, READ, TEXT, builder, component, failing, rich};

fn names(errors: &PipelineErrors) -> String {
    errors.to_string()
}

#[test]
fn stages_know_their_ports() {
    let pipeline = rich().build().unwrap_or_else(|errors| panic!("{errors}"));
    let read = pipeline.stage("read").expect("read");
    assert_eq!(read.source(), Some(SourceMode::UntilNone));
    assert_eq!(
        read.output().map(ToString::to_string).as_deref(),
        Some("record { id: u64, kind: string, count: s32 }")
    );
    let price = pipeline.stage("price").expect("price");
    assert_eq!(
        price.output().map(ToString::to_string).as_deref(),
        Some("f64")
    );
    assert_eq!(
        price.error().map(ToString::to_string).as_deref(),
        Some("variant { none-left, other(string) }")
    );
    assert!(price.is_fallible() && !price.is_source());
    assert_eq!(pipeline.stage("left").expect("left").output(), None);
    assert_eq!(pipeline.inputs(), []);
    let outputs: Vec<usize> = pipeline
        .outputs()
        .iter()
        .map(|output| output.stage)
        .collect();
    assert_eq!(outputs, [2], "no stage takes the output of `note`");
    assert_eq!(pipeline.topological_order(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(pipeline.capabilities().count(), 6);
}

#[test]
fn edges_know_which_items_take_them() {
    let pipeline = rich().build().unwrap_or_else(|errors| panic!("{errors}"));
    let edges = pipeline.edges();
    let row = |count: i32| {
        Value::Record(vec![
            ("id".into(), 1u64.into()),
            ("kind".into(), "note".into()),
            ("count".into(), count.into()),
        ])
    };
    assert!(edges[0].filter().accepts(&row(1)) && !edges[0].filter().accepts(&row(0)));
    assert!(edges[1].filter().accepts(&row(0)));
    assert_eq!(
        (edges[2].output_port(), edges[2].filter()),
        (OutputPort::Error, &EdgeFilter::Always)
    );
    let price = Value::F64(2.5);
    assert_ne!(
        edges[3].filter().accepts(&price),
        edges[4].filter().accepts(&price),
        "one of the two"
    );
}

#[test]
fn open_ends_are_found() {
    let zip = component("join: func(a: string, b: string) -> string;");
    let pipeline = builder()
        .add_component("one", component(TEXT))
        .add_component("two", component(TEXT))
        .add_component("zip", zip)
        .connect("one.output", "zip.a")
        .connect("two.output", "zip.b")
        .build()
        .unwrap_or_else(|errors| panic!("{errors}"));
    let ends: Vec<_> = pipeline
        .inputs()
        .iter()
        .map(|input| (input.stage, input.param))
        .collect();
    assert_eq!(ends, [(0, 0), (1, 0)]);
    assert_eq!(pipeline.outputs().len(), 1);
}

#[test]
fn one_stage_is_a_pipeline() {
    let join = component("join: func(a: string, b: string) -> string;");
    let pipeline = builder()
        .add_component("join", join)
        .build()
        .expect("a pipeline");
    assert_eq!((pipeline.inputs().len(), pipeline.outputs().len()), (2, 1));
    assert_eq!(pipeline.name().as_str(), "pipeline");
}

#[test]
fn inputs_and_outputs_can_be_declared() {
    let zip = component("join: func(a: string, b: string) -> string;");
    let said = || {
        builder()
            .add_component("one", component(TEXT))
            .add_component("zip", zip.clone())
            .connect("one.output", "zip.a")
    };
    assert!(said().build().is_err(), "`zip.b` is open");
    let pipeline = said()
        .input("one.text")
        .input("zip.b")
        .output("one.output")
        .output("zip.output")
        .build();
    let pipeline = pipeline.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((pipeline.inputs().len(), pipeline.outputs().len()), (2, 2));
    let missing = said()
        .input("zip.b")
        .output("one.output")
        .build()
        .expect_err("two are not declared");
    assert_eq!(missing.len(), 2, "{missing}");
}

#[test]
fn functions_are_found_by_short_and_full_names() {
    let two = component("up: func(n: u32) -> u32; down: func(n: u32) -> u32;");
    for name in [
        "up",
        "test:parts/api#up",
        "test:parts/api@1.0.0#up",
        "test:parts/api@1.2.0#up",
    ] {
        let pipeline = builder()
            .add_component("a", two.clone())
            .add_component_with("b", two.clone(), StageOptions::new().function("down"))
            .connect(format!("a.{name}.output"), "b.input")
            .build();
        let pipeline = pipeline.unwrap_or_else(|errors| panic!("{name}: {errors}"));
        assert_eq!(pipeline.stages()[0].function().name.function(), "up");
        assert_eq!(pipeline.stages()[1].function().name.function(), "down");
    }
}

#[test]
fn a_source_without_an_end_gives_one_item() {
    let once = component("now: func() -> result<string, string>;");
    let pipeline = builder()
        .add_component_with("now", once, failing())
        .build()
        .expect("a pipeline");
    assert_eq!(pipeline.stages()[0].source(), Some(SourceMode::Once));
    let until = component("next: func() -> result<option<string>, string>;");
    let pipeline = builder()
        .add_component_with("next", until, failing())
        .build()
        .expect("a pipeline");
    assert_eq!(pipeline.stages()[0].source(), Some(SourceMode::UntilNone));
    assert_eq!(pipeline.outputs()[0].ty.to_string(), "string");
}

#[test]
fn an_action_for_errors_is_required() {
    let with = |options: StageOptions| {
        builder()
            .add_component("read", component("next: func() -> option<string>;"))
            .add_component_with("parse", component(PARSE), options)
            .connect("read.output", "parse.input")
    };
    assert!(
        names(&with(StageOptions::new()).build().expect_err("silent"))
            .contains("no action for errors")
    );
    for action in [OnError::Fail, OnError::Skip, OnError::DeadLetter] {
        assert!(with(StageOptions::new().on_error(action)).build().is_ok());
    }
    let connected = with(StageOptions::new())
        .add_component("log", component("log: func(line: string);"))
        .connect("parse.error", "log.input");
    assert!(connected.build().is_ok());
}

#[test]
fn a_narrower_type_is_enough() {
    let pipeline = builder()
        .add_component("read", component(READ))
        .add_component(
            "use",
            component("record row { kind: string } tell: func(row: row);"),
        )
        .connect("read.output", "use.input")
        .build();
    assert!(pipeline.is_ok());
}
