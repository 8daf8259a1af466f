//! Restores a pipeline from the state directory.
//!
//! Its stages are deployments that are restored like any other. Their active revisions are what the
//! pipeline runs, even if they were updated or rolled back since.
//! Tests: `tests/suite/state/pipelines.rs`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineDefinition};

use super::dead_letter::{DeadLetterReceiver, check_receiver};
use super::running::RunningPipeline;
use super::unit::{Unit, unit_function, unit_name};
use crate::context::HostContext;
use crate::handle::Deployment;
use crate::state::PipelineRecord;
use crate::{Component, Error, ErrorKind, Result};

/// Restores a pipeline with its stages. Blocks.
///
/// # Errors
///
/// [`ErrorKind::StateDamaged`] with the reason the pipeline cannot run.
pub(super) fn restore(
    context: &HostContext,
    dead_letters: Option<&Arc<dyn DeadLetterReceiver>>,
    name: &ComponentName,
    record: &PipelineRecord,
) -> Result<RunningPipeline> {
    try_restore(context, dead_letters, name, record).map_err(|error| {
        let message = format!("the pipeline `{name}` is deployed but cannot run: {error}");
        Error::new(ErrorKind::StateDamaged, message)
    })
}

fn try_restore(
    context: &HostContext,
    dead_letters: Option<&Arc<dyn DeadLetterReceiver>>,
    name: &ComponentName,
    record: &PipelineRecord,
) -> Result<RunningPipeline> {
    let definition =
        PipelineDefinition::from_json(&record.definition).map_err(|error| damaged(&error))?;
    let stages: Vec<&str> = definition.stages().map(|(stage, _)| stage).collect();
    let mut units = Vec::new();
    let mut components: Vec<Option<Component>> = vec![None; stages.len()];
    for places in &record.units {
        let first = places
            .first()
            .and_then(|first| stages.get(*first))
            .ok_or_else(incomplete)?;
        let deployment = Deployment(context.deployments.get(&unit_name(name, first))?);
        let component = deployment.component();
        for (place, part) in places.iter().zip(component.stages()) {
            *components.get_mut(*place).ok_or_else(incomplete)? = Some(part.clone());
        }
        units.push((places.clone(), deployment, component));
    }
    let components = components
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .ok_or_else(incomplete)?;
    let pipeline = with_components(&definition, &record.digests, components)?;
    check_receiver(&pipeline, dead_letters)?;
    let units = units.iter().map(|(places, deployment, component)| {
        let function = unit_function(&pipeline, places, component)?;
        Unit::connect(&pipeline, places, deployment, &function)
    });
    let units = units.collect::<Result<Vec<_>>>()?;
    Ok(RunningPipeline::new(pipeline, units, dead_letters.cloned()))
}

/// Returns the pipeline with the current components of its stages.
fn with_components(
    definition: &PipelineDefinition,
    digests: &[String],
    components: Vec<Component>,
) -> Result<ComponentPipeline> {
    let each = components
        .iter()
        .map(|component| Ok(component.clone().into()));
    let mut pipeline = definition.resolve_in_order(each)?.build()?;
    // Replaced components have other names than those in the definition.
    for (place, component) in components.into_iter().enumerate() {
        if digests.get(place) != Some(&component.digest().to_string()) {
            let stage = pipeline.stages()[place].name().to_owned();
            pipeline = pipeline.with_replacement(&stage, component.into())?;
        }
    }
    Ok(pipeline)
}

fn incomplete() -> Error {
    damaged(&"not every stage has a component")
}

fn damaged(problem: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::StateDamaged,
        format!("its stored record cannot be read: {problem}"),
    )
}
