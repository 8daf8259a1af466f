//! Pipelines that run, of components that know nothing of them.

mod errors;
mod export;
mod lanes;
mod refused;
mod runs;
mod shapes;
mod streams;
mod updates;

use airssys_wasm_host::pipeline::{ComponentPipeline, PipelineBuilder, PipelineDeployment, StageOptions};
use airssys_wasm_host::{Component, Host};

use crate::support::guest;

/// A guest with a function for every stage; said with `function`.
fn stages() -> Component {
    guest("plain-stages")
}

fn of(function: &str) -> StageOptions {
    StageOptions::new().function(function)
}

fn builder() -> PipelineBuilder {
    ComponentPipeline::builder().name("test")
}

/// Stages one after the other, each a function of the guest.
fn chain(functions: &[&str]) -> PipelineBuilder {
    let stages = functions
        .iter()
        .fold(builder(), |builder, function| builder.add_component_with(*function, stages(), of(function)));
    functions.windows(2).fold(stages, |builder, pair| {
        builder.connect(format!("{}.output", pair[0]), format!("{}.input", pair[1]))
    })
}

async fn deploy(host: &Host, builder: PipelineBuilder) -> PipelineDeployment {
    host.deploy_pipeline(builder.build().expect("a pipeline")).await.expect("deployed")
}
