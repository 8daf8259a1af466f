//! Computes a square root with three implementations, and takes the majority's result.
//!
//! One implementation is wrong where its numbers are not exact. The vote is a stage with three
//! parameters, called once all three results for a question have arrived.
#![expect(clippy::print_stdout, reason = "an example prints")]

use airssys_wasm_host::pipeline::{Item, OnError, StageOptions};
use airssys_wasm_host::{Component, ComponentPipeline, Host, Result, Value};

const QUESTIONS: [&str; 5] = ["2", "65536", "16777215", "4294836224", "4294967295"];

#[tokio::main]
async fn main() -> Result<()> {
    let roots = component("quorum-roots")?;
    let of = |function| StageOptions::new().function(function);
    let pipeline = ComponentPipeline::builder()
        .name("quorum")
        .add_component_with("read", roots.clone(), of("read").on_error(OnError::Fail))
        .add_component_with("newton", roots.clone(), of("newton"))
        .add_component_with("search", roots.clone(), of("search"))
        .add_component_with("float", roots, of("float"))
        .add_component("vote", component("quorum-vote")?)
        .connect("read.output", "newton.input")
        .connect("read.output", "search.input")
        .connect("read.output", "float.input")
        .connect("newton.output", "vote.a")
        .connect("search.output", "vote.b")
        .connect("float.output", "vote.c")
        .build()?;

    let host = Host::builder().build()?;
    let pipeline = host.pipelines().deploy(pipeline).await?;
    for question in QUESTIONS {
        let verdict = pipeline
            .call(question)
            .await?
            .into_item()
            .map(Item::into_value)
            .transpose()?;
        println!(
            "root of {question}: {}",
            verdict.as_ref().map_or("nothing".into(), Value::to_string)
        );
    }
    if let Err(error) = pipeline.call("many").await {
        println!("root of many: {error}");
    }
    Ok(())
}

/// Loads a guest program of `tests/guests`.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))
}
