//! Golden tests of the report on invalid pipelines, with a problem of every kind.

use std::time::Duration;

use airssys_wasm_core::Component;
use airssys_wasm_core::pipeline::{
    PipelineBuilder, PipelineDefinition, ProblemKind, RetryPolicy, StageOptions,
};

use crate::components::{PARSE, READ, TEXT, builder, component};

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

#[test]
fn nothing_is_no_pipeline() {
    insta::assert_snapshot!(report(builder()));
}

#[test]
fn everything_is_reported_at_once() {
    let text = || component(TEXT);
    let retry = StageOptions::new().retry(RetryPolicy {
        attempts: 2,
        backoff: Duration::from_secs(1),
    });
    insta::assert_snapshot!(report(
        builder()
            .name("Etl")
            .in_flight_max(0)
            .add_component("read", component(READ))
            .add_component("read", text())
            .add_component("a b", text())
            .add_component_with("parse", component(PARSE), retry.concurrency(0).queue_max(0))
            .add_component("one", text())
            .add_component("two", text())
            .add_component("three", text())
            .connect("read.output", "pares.input")
            .connect("read.outptu", "one.input")
            .connect("one.text", "two.output")
            .connect("one.output", "two.input")
            .connect("one.output", "two.text")
            .connect("two.output", "three.input")
            .connect("three.output", "one.input")
            .connect("three", "one.input")
            .connect("one.step", "one.input")
            .connect("one.stpe.output", "three.input")
    ));
}

#[test]
fn types_that_differ_are_shown_side_by_side() {
    let address = |city: &str, name: &str| {
        format!(
            "record address {{ city: {city}, zip: string }}
             record person {{ name: string, addresses: list<address> }}
             {name}"
        )
    };
    insta::assert_snapshot!(report(
        builder()
            .add_component(
                "people",
                component(&address("string", "next: func() -> option<person>;"))
            )
            .add_component(
                "optional",
                component(&address("option<string>", "put: func(who: person);"))
            )
            .add_component(
                "required",
                component(&address("string", "put: func(who: option<person>);"))
            )
            .add_component(
                "more",
                component("record person { name: string, age: u8 } put: func(who: person);")
            )
            .add_component("text", component("put: func(who: u8, note: string);"))
            .connect("people.output", "optional.input")
            .connect("people.output", "required.input")
            .connect("people.output", "more.input")
            .add_component("line", component("next: func() -> option<string>;"))
            .connect("line.output", "text.who")
            .connect("line.output", "text.note")
    ));
}

#[test]
fn cases_and_directions_of_options() {
    insta::assert_snapshot!(report(
        builder()
            .add_component(
                "kinds",
                component("enum kind { good, bad, new } next: func() -> option<kind>;")
            )
            .add_component(
                "known",
                component("enum kind { good, bad } put: func(kind: kind);")
            )
            .connect("kinds.output", "known.input")
            .add_component("maybe", component("next: func() -> option<option<u8>>;"))
            .add_component("surely", component("put: func(n: u8);"))
            .connect("maybe.output", "surely.input")
            .add_component(
                "tried",
                component("next: func() -> option<result<u8, string>>;")
            )
            .connect("tried.output", "surely.input")
    ));
}

#[test]
fn functions_have_to_be_clear() {
    let two = || component("up: func(n: u32) -> u32; down: func(n: u32) -> u32;");
    insta::assert_snapshot!(report(
        builder()
            .add_component("unclear", two())
            .add_component("torn", two())
            .add_component("gone", two())
            .add_component(
                "none",
                Component::from_bytes(wat::parse_str("(component)").expect("text")).expect("empty")
            )
            .add_component("handles", component("resource r; take: func(r: r);"))
            .add_component("flow", component("flow: func() -> stream<u8>;"))
            .connect("unclear.output", "torn.up.input")
            .connect("torn.down.output", "gone.dwon.input")
            .connect("gone.test:parts/api@1.2.0#up.output", "none.input")
            .connect("flow.output", "handles.input")
    ));
}

#[test]
fn conditions_and_keys_fit_the_items() {
    let sink = || component("record row { id: u64 } put: func(row: row);");
    let to = |builder: PipelineBuilder, name: &str| builder.add_component(name, sink());
    let all = ["a", "b", "c", "d", "e", "f"]
        .iter()
        .fold(builder(), |builder, name| to(builder, name));
    insta::assert_snapshot!(report(
        all.add_component("read", component(READ))
            .connect_when("read.output", "a.input", "cuont > 3")
            .connect_when("read.output", "b.input", "count > \"3\"")
            .connect_when("read.output", "c.input", "kind")
            .connect_when("read.output", "d.input", "count => 3")
            .partition("read.output", "knid", ["e.input"])
            .partition("read.output", "id", ["f.input"])
            .partition("read.output", "id", Vec::<String>::new())
    ));
}

#[test]
fn ends_that_are_not_so() {
    let zip = component("join: func(a: string, b: string, c: string) -> string;");
    insta::assert_snapshot!(report(
        builder()
            .add_component("one", component(TEXT))
            .add_component("zip", zip)
            .add_component("alone", component(TEXT))
            .connect("one.output", "zip.a")
            .input("zip.a")
            .input("zip.b")
            .output("zip.c")
    ));
}

/// Hints use the names of the form in which the stage is configured: methods in code, keys in a
/// text.
#[test]
fn hints_use_the_names_of_the_origin() {
    let two = "up: func(n: u32) -> u32; down: func(n: u32) -> u32;";
    let retry = StageOptions::new().retry(RetryPolicy {
        attempts: 2,
        backoff: Duration::ZERO,
    });
    let in_code = report(
        builder()
            .add_component_with("parse", component(PARSE), retry)
            .add_component("unclear", component(two)),
    );
    for words in [
        "set `StageOptions::on_error` to `OnError::Fail`, `OnError::Skip` or `OnError::DeadLetter`,",
        "set `StageOptions::idempotent` if",
        "remove `StageOptions::retry`",
        "set `StageOptions::function`, or name the function in a port: `unclear.up.output`",
    ] {
        assert!(in_code.contains(words), "{words}: {in_code}");
    }
    let text = r#"
        output = ["parse.error"]
        [stages.parse]
        component = "parse"
        retry = { attempts = 2 }
        [stages.unclear]
        component = "unclear"
    "#;
    let definition = PipelineDefinition::from_toml(text).expect("a definition");
    let find = |name: &str| Ok(component(if name == "parse" { PARSE } else { two }));
    let in_text = report(definition.resolve(find).expect("components"));
    for words in [
        "set `on-error` to `fail`, `skip` or `dead-letter`,",
        "set `idempotent` if",
        "remove `retry`",
        "set `function`, or name the function in a port: `unclear.up.output`",
        "connect it to a stage, or set `on-error`",
    ] {
        assert!(in_text.contains(words), "{words}: {in_text}");
    }
    assert!(!in_text.contains("StageOptions"), "{in_text}");
}

#[test]
fn every_cycle_is_reported_once() {
    let stages = ["a", "b", "c", "d", "e"];
    let all = stages.iter().fold(builder(), |builder, name| {
        builder.add_component(*name, component("f: func(x: u8, y: u8, z: u8) -> u8;"))
    });
    let looped = all
        .connect("a.output", "b.x")
        .connect("b.output", "c.x")
        .connect("c.output", "b.y")
        .connect("c.output", "d.x")
        .connect("d.output", "d.y")
        .connect("d.output", "e.x");
    let report = report(looped.clone());
    assert!(
        report.contains("`b -> c -> b`") && report.contains("`d -> d`"),
        "{report}"
    );
    assert_eq!(
        kinds(looped)
            .iter()
            .filter(|kind| **kind == ProblemKind::Cycle)
            .count(),
        2
    );
}

#[test]
fn a_mistake_is_reported_once() {
    let two = || {
        builder()
            .add_component("read", component(READ))
            .add_component("say", component(TEXT))
    };
    assert_eq!(
        kinds(two().connect("read.output", "say.txet")),
        [ProblemKind::Port]
    );
    assert_eq!(
        kinds(two().connect("read.otuput", "say.text")),
        [ProblemKind::Port]
    );
    assert_eq!(
        kinds(two().connect("read.output", "say.text")),
        [ProblemKind::Types]
    );
    assert_eq!(
        kinds(two().connect("read.output", "sya.text")),
        [ProblemKind::UnknownStage]
    );
    let parse = || {
        builder()
            .add_component("parse", component(PARSE))
            .add_component("say", component(TEXT))
    };
    assert_eq!(
        kinds(parse().connect("parse.error", "sya.text")),
        [ProblemKind::UnknownStage]
    );
    assert_eq!(
        kinds(parse().connect("parse.eror", "say.text")),
        [ProblemKind::Port]
    );
    assert_eq!(
        kinds(parse().connect("parse.prase.error", "say.text")),
        [ProblemKind::Function]
    );
}

/// Text from users is shown without characters that control a terminal.
#[test]
fn reports_are_safe_to_show() {
    let strange = "\u{1b}[2J\u{202e}";
    let text = report(
        builder()
            .name(strange)
            .add_component(strange, component(TEXT))
            .connect(strange, format!("{strange}.{strange}"))
            .connect_when("a.b", "c.d", strange),
    );
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n') && !text.contains('\u{202e}'),
        "{text:?}"
    );
}
