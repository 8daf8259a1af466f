//! Runs three components in a chain: a source, a model, and a handler of its results.
//!
//! The components are unaware of each other. `build` checks that they fit before anything runs: a
//! record returned by one is the parameter of the next. The model is a toy that counts words.
#![expect(clippy::print_stdout, reason = "an example prints")]

use airssys_wasm_host::pipeline::Item;
use airssys_wasm_host::{Component, ComponentPipeline, Host, Instancing, Result};
use futures_util::TryStreamExt as _;

#[tokio::main]
async fn main() -> Result<()> {
    let data_source = component("pipeline-source")?;
    let ai_model = component("pipeline-model")?;
    let result_handler = component("pipeline-handler")?;

    let pipeline = ComponentPipeline::builder()
        .add_component("input", data_source)
        .add_component("processor", ai_model)
        .add_component("output", result_handler)
        .connect("input.output", "processor.input")
        .connect("processor.output", "output.input")
        .build()?;
    print!("{}\n{}\n", pipeline.explain(), pipeline.to_mermaid());

    let host = Host::builder().build()?;
    // The source has state, so it needs a single instance for all calls.
    let pipeline = host
        .pipelines()
        .deploy(pipeline)
        .instancing("input", Instancing::Stateful)
        .await?;
    let mut outcomes = pipeline.run_sources();
    while let Some(outcome) = outcomes.try_next().await? {
        println!(
            "{}",
            outcome
                .into_item()
                .and_then(Item::into_text)
                .unwrap_or_default()
        );
    }
    drop(outcomes);
    pipeline.remove().await
}

/// Loads a guest program of `tests/guests` under its own name.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))?.with_name(name)
}
