//! Golden tests of diagrams and descriptions.

use airssys_wasm_core::pipeline::{PipelineDefinition, StageOptions};

use crate::components::{TEXT, builder, component, rich};

#[test]
fn mermaid_is_golden() {
    insta::assert_snapshot!(rich().build().expect("a pipeline").to_mermaid());
}

#[test]
fn dot_is_golden() {
    insta::assert_snapshot!(rich().build().expect("a pipeline").to_dot());
}

#[test]
fn explanation_is_golden() {
    insta::assert_snapshot!(rich().build().expect("a pipeline").explain().to_string());
}

/// Only stages that are not fused have capabilities.
#[test]
fn fused_stages_have_no_capabilities() {
    let with = |options: StageOptions| {
        let two = builder().add_component("a", component(TEXT));
        let two = two
            .add_component_with("b", component(TEXT), options)
            .connect("a.output", "b.input");
        two.build().expect("a pipeline").explain().to_string()
    };
    let apart = with(StageOptions::new().concurrency(2));
    assert!(
        apart.contains("\n  a: has no list of requests, and imports nothing that can be granted\n"),
        "{apart}"
    );
    let fused = with(StageOptions::new());
    assert!(
        fused.contains("\n  a: none, because it is fused; with grants it would not be fused\n"),
        "{fused}"
    );
}

/// An unnamed component is shown by a prefix of its digest.
#[test]
fn unnamed_components_are_shown_by_digest() {
    let pipeline = builder()
        .add_component("a", component(TEXT))
        .build()
        .expect("a pipeline");
    let digest = component(TEXT).digest().to_string();
    let explained = pipeline.explain().to_string();
    assert!(
        explained.contains(&format!("\n  a: `{}`, unnamed\n", &digest[..19])),
        "{explained}"
    );
    let named = component(TEXT).with_name("named".parse().expect("a name"));
    let explained = pipeline
        .with_replacement("a", named)
        .expect("a pipeline")
        .explain()
        .to_string();
    assert!(explained.contains("\n  a: `named`\n"), "{explained}");

    let text = "[stages.a]\ncomponent = \"a.wasm\"";
    let definition = PipelineDefinition::from_toml(text).expect("a definition");
    let pipeline = definition
        .resolve(|_| Ok(component(TEXT)))
        .expect("components")
        .build();
    let explained = pipeline.expect("a pipeline").explain().to_string();
    assert!(
        explained.contains(&format!("\n  a: `a.wasm`, `{}`\n", &digest[..19])),
        "{explained}"
    );
}

#[test]
fn labels_do_not_end_early() {
    let text = r#"
        name = "quotes"
        connect = [{ from = "a.output", to = "b.input", when = "== \"x\\\"] --> y\"" }]
        [stages.a]
        component = "a"
        [stages.b]
        component = "b"
    "#;
    let definition = PipelineDefinition::from_toml(text).expect("a definition");
    let same = |_: &str| Ok(component("step: func(text: string) -> string;"));
    let pipeline = definition
        .resolve(same)
        .expect("components")
        .build()
        .expect("a pipeline");
    let mermaid = pipeline.to_mermaid();
    let edge = mermaid
        .lines()
        .find(|line| line.contains("s0 -->"))
        .expect("an edge");
    assert_eq!(edge.matches('"').count(), 2, "{edge}");
    assert!(
        pipeline.to_dot().contains(r#"when == \"x\\\"] --> y\""#),
        "{}",
        pipeline.to_dot()
    );
}
