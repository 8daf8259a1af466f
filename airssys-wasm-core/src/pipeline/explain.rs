//! The description of a pipeline: its stages, its edges with their lanes, and the capabilities of
//! each stage.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/picture.rs`.

use std::fmt;

use super::render::write_route;
use super::{ComponentPipeline, Edge, SourceMode, Stage, StageOptions};
use crate::Component;
use crate::capability::escape_for_message;
use crate::policy::{RequestedCapabilities, imported_kinds};

/// The capabilities of a stage that is fused with others.
const FUSED: &str = "none, because it is fused; with grants it would not be fused";

/// A description of a pipeline for its operator; displays as a report.
#[derive(Clone, Debug)]
pub struct PipelineExplanation(ComponentPipeline);

impl ComponentPipeline {
    /// Returns a description of the pipeline.
    #[must_use]
    pub fn explain(&self) -> PipelineExplanation {
        PipelineExplanation(self.clone())
    }
}

impl fmt::Display for PipelineExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pipeline = &self.0;
        write!(f, "pipeline `{}`", pipeline.name())?;
        if let Some(items) = pipeline.in_flight_max() {
            write!(f, ", at most {items} items at once")?;
        }
        if let Some(deadline) = pipeline.deadline() {
            write!(f, ", {} per item", humantime::format_duration(deadline))?;
        }
        f.write_str("\n\nstages\n")?;
        let definition = pipeline.definition();
        for (stage, (_, said)) in pipeline.stages().iter().zip(definition.stages()) {
            write_stage(f, stage, said.component())?;
        }
        f.write_str("\nedges\n")?;
        pipeline
            .edges()
            .iter()
            .try_for_each(|edge| write_edge(f, pipeline, edge))?;
        write_inputs_and_outputs(f, pipeline)?;
        let fused = pipeline.segments();
        for chain in &fused {
            let names: Vec<&str> = chain
                .iter()
                .map(|stage| pipeline.stages()[*stage].name())
                .collect();
            writeln!(f, "  fused: {}", names.join(", "))?;
        }
        f.write_str("\ncapabilities\n")?;
        pipeline
            .stages()
            .iter()
            .enumerate()
            .try_for_each(|(place, stage)| {
                let is_fused = fused.iter().any(|chain| chain.contains(&place));
                let reach = if is_fused {
                    FUSED.to_owned()
                } else {
                    capabilities_text(stage)
                };
                writeln!(f, "  {}: {reach}", stage.name())
            })
    }
}

fn write_stage(f: &mut fmt::Formatter<'_>, stage: &Stage, said: &str) -> fmt::Result {
    let component = component_identity(stage.component(), said);
    writeln!(
        f,
        "  {}: {component}\n      {}",
        stage.name(),
        stage.function()
    )?;
    match stage.source() {
        Some(SourceMode::UntilNone) => writeln!(f, "      produces items until `none`")?,
        Some(SourceMode::Once) => writeln!(f, "      produces one item per run")?,
        None => {}
    }
    let said = custom_options(stage.options());
    if said.is_empty() {
        Ok(())
    } else {
        writeln!(f, "      {}", said.join(", "))
    }
}

/// The options that differ from their defaults.
fn custom_options(options: &StageOptions) -> Vec<String> {
    let time = humantime::format_duration;
    let said = [
        options.concurrency.map(|items| format!("{items} at once")),
        options
            .order
            .map(|order| format!("order {}", order.as_str())),
        options.queue_max.map(|items| format!("queue {items}")),
        options
            .deadline
            .map(|deadline| format!("deadline {}", time(deadline))),
        options
            .on_error
            .map(|action| format!("on error {}", action.as_str())),
        options
            .on_failure
            .map(|action| format!("on failure {}", action.as_str())),
        options.retry.map(|retry| {
            format!(
                "{} attempts, backoff {}",
                retry.attempts,
                time(retry.backoff)
            )
        }),
        options
            .per_chunk
            .map(|elements| format!("called for every {elements} elements")),
        options.idempotent.then(|| "idempotent".to_owned()),
    ];
    said.into_iter().flatten().collect()
}

fn write_edge(
    f: &mut fmt::Formatter<'_>,
    pipeline: &ComponentPipeline,
    edge: &Edge,
) -> fmt::Result {
    let mut line = format!(
        "  {} -> {}: {}",
        pipeline.output_port_text(edge),
        pipeline.input_port_text(edge),
        edge.ty()
    );
    write_route(&mut line, edge.filter());
    writeln!(
        f,
        "{line}\n      {}: {}",
        edge.lane().as_str(),
        edge.lane_reason()
    )
}

fn write_inputs_and_outputs(
    f: &mut fmt::Formatter<'_>,
    pipeline: &ComponentPipeline,
) -> fmt::Result {
    for input in pipeline.inputs() {
        let stage = &pipeline.stages()[input.stage];
        writeln!(
            f,
            "  in -> {}.{}: {}",
            stage.name(),
            stage.inputs()[input.param].name,
            input.ty
        )?;
    }
    for output in pipeline.outputs() {
        writeln!(
            f,
            "  {}.output -> out: {}",
            pipeline.stages()[output.stage].name(),
            output.ty
        )?;
    }
    Ok(())
}

/// The capabilities that a stage requests or can be granted.
fn capabilities_text(stage: &Stage) -> String {
    let component = stage.component();
    match component.requested() {
        RequestedCapabilities::Listed(requests) if requests.is_empty() => {
            "requests nothing".to_owned()
        }
        RequestedCapabilities::Listed(requests) => {
            let rules: Vec<String> = requests
                .iter()
                .map(|(rule, _)| format!("`{rule}`"))
                .collect();
            format!("requests {}", rules.join(", "))
        }
        RequestedCapabilities::Unlisted => match imported_kinds(component.world()) {
            kinds if kinds.is_empty() => {
                "has no list of requests, and imports nothing that can be granted".to_owned()
            }
            kinds => {
                let words: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("`{}`", kind.as_str()))
                    .collect();
                format!(
                    "has no list of requests, and can be granted {}",
                    words.join(", ")
                )
            }
        },
    }
}

/// The identity of the component in a stage: its reference, and a prefix of its digest if it is
/// unnamed.
fn component_identity(component: &Component, said: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 12;
    let digest = component.digest().to_string();
    let short = &digest[..SHOWN];
    match component.name() {
        Some(_) => format!("`{}`", escape_for_message(said)),
        None if said == digest => format!("`{short}`, unnamed"),
        None => format!("`{}`, `{short}`", escape_for_message(said)),
    }
}
