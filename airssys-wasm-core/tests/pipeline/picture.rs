//! Pictures and words: golden.

use airssys_wasm_core::pipeline::PipelineDefinition;

use crate::components::{component, rich};

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
    let pipeline = definition.resolve(same).expect("components").build().expect("a pipeline");
    let mermaid = pipeline.to_mermaid();
    let edge = mermaid.lines().find(|line| line.contains("s0 -->")).expect("an edge");
    assert_eq!(edge.matches('"').count(), 2, "{edge}");
    assert!(pipeline.to_dot().contains(r#"when == \"x\\\"] --> y\""#), "{}", pipeline.to_dot());
}
