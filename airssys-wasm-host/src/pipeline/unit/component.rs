//! The deployment of a unit: its name, its component, and the function that runs the stages.
//!
//! Tests: `tests/suite/pipelines`.

use airssys_wasm_core::fuse::{Chain, FuseError};
use airssys_wasm_core::pipeline::ComponentPipeline;
use airssys_wasm_core::world::Function;
use airssys_wasm_core::{ComponentName, FunctionName};

use crate::services::HostServices;
use crate::{Component, Error, ErrorKind, Result};

/// The name of the function that fused stages export.
const RUN: &str = "run";

/// Returns the name that stages are deployed under, by the name of the first of them.
pub(in super::super) fn unit_name(pipeline: &ComponentName, first: &str) -> String {
    format!("{pipeline}:{first}")
}

/// Returns the component that runs the stages, which fuses them if there are several.
pub(in super::super) async fn unit_component(
    services: &HostServices,
    pipeline: &ComponentPipeline,
    stages: &[usize],
) -> Result<Component> {
    let all = pipeline.stages();
    if let [stage] = stages {
        return Ok(Component::from(all[*stage].component().clone()));
    }
    let chain = stages.iter().fold(Chain::new(RUN), |chain, stage| {
        let stage = &all[*stage];
        chain.stage(stage.component().clone(), stage.function().name.clone())
    });
    let bytes = services
        .blocking
        .compile(move || chain.fuse().map_err(|error| not_fused(&error)))
        .await?;
    let parts = stages
        .iter()
        .map(|stage| all[*stage].component().clone().into())
        .collect();
    Ok(Component::from_bytes(bytes)?.with_parts(parts))
}

/// Returns the function of `component` that runs the stages.
pub(in super::super) fn unit_function(
    pipeline: &ComponentPipeline,
    stages: &[usize],
    component: &Component,
) -> Result<Function> {
    if let [stage] = stages {
        return Ok(pipeline.stages()[*stage].function().clone());
    }
    let run: FunctionName = RUN.parse()?;
    Ok(component.world().function(&run)?.clone())
}

fn not_fused(error: &FuseError) -> Error {
    Error::new(
        ErrorKind::InvalidPipeline,
        format!("its stages cannot be fused: {error}"),
    )
}
