//! A pipeline in words: stages, edges, how values cross them, and who may reach what.
//!
//! Tests: golden files in `tests/pipeline`.

use std::fmt;

use super::render::write_route;
use super::{ComponentPipeline, Edge, Source, Stage, StageOptions};
use crate::Component;
use crate::capability::shown;
use crate::policy::{Requested, kinds};

/// The reach of a stage that is fused with others.
const FUSED: &str = "nothing, as it is fused; with grants it would stay apart";

/// What a pipeline is, for whoever runs it; prints as a report.
#[derive(Clone, Debug)]
pub struct PipelineExplanation(ComponentPipeline);

impl ComponentPipeline {
    /// The pipeline in words.
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
            write!(f, ", {} an item", humantime::format_duration(deadline))?;
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
        write_ends(f, pipeline)?;
        let fused = pipeline.segments();
        for chain in &fused {
            let names: Vec<&str> = chain
                .iter()
                .map(|stage| pipeline.stages()[*stage].name())
                .collect();
            writeln!(f, "  as one: {}", names.join(", "))?;
        }
        f.write_str("\nreach\n")?;
        pipeline
            .stages()
            .iter()
            .enumerate()
            .try_for_each(|(place, stage)| {
                let is_fused = fused.iter().any(|chain| chain.contains(&place));
                let reach = if is_fused {
                    FUSED.to_owned()
                } else {
                    reach(stage)
                };
                writeln!(f, "  {}: {reach}", stage.name())
            })
    }
}

fn write_stage(f: &mut fmt::Formatter<'_>, stage: &Stage, said: &str) -> fmt::Result {
    let component = identity(stage.component(), said);
    writeln!(
        f,
        "  {}: {component}\n      {}",
        stage.name(),
        stage.function()
    )?;
    match stage.source() {
        Some(Source::UntilNone) => writeln!(f, "      gives items until `none`")?,
        Some(Source::Once) => writeln!(f, "      gives one item a run")?,
        None => {}
    }
    let said = options(stage.options());
    if said.is_empty() {
        Ok(())
    } else {
        writeln!(f, "      {}", said.join(", "))
    }
}

/// The options that are not as they would be anyway.
fn options(options: &StageOptions) -> Vec<String> {
    let time = humantime::format_duration;
    let said = [
        options.concurrency.map(|items| format!("{items} at once")),
        options.order.map(|order| format!("order {}", order.word())),
        options.queue_max.map(|items| format!("queue {items}")),
        options
            .deadline
            .map(|deadline| format!("deadline {}", time(deadline))),
        options
            .on_error
            .map(|action| format!("on error {}", action.word())),
        options
            .on_failure
            .map(|action| format!("on failure {}", action.word())),
        options.retry.map(|retry| {
            format!(
                "{} attempts, backoff {}",
                retry.attempts,
                time(retry.backoff)
            )
        }),
        options
            .per_chunk
            .map(|elements| format!("called for each {elements} elements")),
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
        pipeline.giving_text(edge),
        pipeline.taking_text(edge),
        edge.ty()
    );
    write_route(&mut line, edge.route());
    writeln!(
        f,
        "{line}\n      {}: {}",
        edge.lane().word(),
        edge.lane_reason()
    )
}

fn write_ends(f: &mut fmt::Formatter<'_>, pipeline: &ComponentPipeline) -> fmt::Result {
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

/// What a stage asks for, or may be granted.
fn reach(stage: &Stage) -> String {
    let component = stage.component();
    match component.requested() {
        Requested::These(requests) if requests.is_empty() => "asks for nothing".to_owned(),
        Requested::These(requests) => {
            let rules: Vec<String> = requests
                .iter()
                .map(|(rule, _)| format!("`{rule}`"))
                .collect();
            format!("asks for {}", rules.join(", "))
        }
        Requested::Anything => match kinds(component.world()) {
            kinds if kinds.is_empty() => "says nothing, and imports no means".to_owned(),
            kinds => {
                let words: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("`{}`", kind.word()))
                    .collect();
                format!("says nothing, and may be granted {}", words.join(", "))
            }
        },
    }
}

/// What runs in a stage: what it was called, and the beginning of its digest if it says no
/// name itself.
fn identity(component: &Component, said: &str) -> String {
    const SHOWN: usize = "sha256:".len() + 12;
    let digest = component.digest().to_string();
    let short = &digest[..SHOWN];
    match component.name() {
        Some(_) => format!("`{}`", shown(said)),
        None if said == digest => format!("`{short}`, which says no name"),
        None => format!("`{}`, `{short}`", shown(said)),
    }
}
