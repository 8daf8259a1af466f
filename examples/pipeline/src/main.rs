//! Runs three components one after the other: a source, a model, and what becomes of its results.
//!
//! None of them knows the others. Whether they fit together is checked before anything runs;
//! a record that one returns is what the next takes. The model is a toy that counts words.
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
    // The source remembers what it has given: one instance, and the same for every call.
    let pipeline = host
        .deploy_pipeline(pipeline)
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

/// One of the guests in `tests/guests`, by that name in what is printed.
fn component(name: &str) -> Result<Component> {
    let components = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/components");
    Component::from_file(format!("{components}/{name}.wasm"))?.with_name(name)
}
