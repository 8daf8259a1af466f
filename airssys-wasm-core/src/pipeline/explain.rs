//! A pipeline in words: stages, edges, how values cross them, and who may reach what.
//!
//! Tests: golden files in `tests/pipeline`.

use std::fmt;

use super::render::write_route;
use super::{ComponentPipeline, Edge, Source, Stage, StageOptions};
use crate::capability::shown;
use crate::policy::{Requested, kinds};

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
        pipeline.edges().iter().try_for_each(|edge| write_edge(f, pipeline, edge))?;
        write_ends(f, pipeline)?;
        for chain in pipeline.segments() {
            let names: Vec<&str> = chain.iter().map(|stage| pipeline.stages()[*stage].name()).collect();
            writeln!(f, "  as one: {}", names.join(", "))?;
        }
        f.write_str("\nreach\n")?;
        pipeline.stages().iter().try_for_each(|stage| write_reach(f, stage))
    }
}

fn write_stage(f: &mut fmt::Formatter<'_>, stage: &Stage, component: &str) -> fmt::Result {
    writeln!(f, "  {}: `{}`\n      {}", stage.name(), shown(component), stage.function())?;
    match stage.source() {
        Some(Source::UntilNone) => writeln!(f, "      gives items until `none`")?,
        Some(Source::Once) => writeln!(f, "      gives one item a run")?,
        None => {}
    }
    let said = options(stage.options());
    if said.is_empty() { Ok(()) } else { writeln!(f, "      {}", said.join(", ")) }
}

/// The options that are not as they would be anyway.
fn options(options: &StageOptions) -> Vec<String> {
    let time = humantime::format_duration;
    let said = [
        options.concurrency.map(|items| format!("{items} at once")),
        options.order.map(|order| format!("order {}", order.word())),
        options.queue_max.map(|items| format!("queue {items}")),
        options.deadline.map(|deadline| format!("deadline {}", time(deadline))),
        options.on_error.map(|action| format!("on error {}", action.word())),
        options.on_failure.map(|action| format!("on failure {}", action.word())),
        options.retry.map(|retry| format!("{} attempts, backoff {}", retry.attempts, time(retry.backoff))),
        options.per_chunk.map(|elements| format!("called for each {elements} elements")),
        options.idempotent.then(|| "idempotent".to_owned()),
    ];
    said.into_iter().flatten().collect()
}

fn write_edge(f: &mut fmt::Formatter<'_>, pipeline: &ComponentPipeline, edge: &Edge) -> fmt::Result {
    let mut line =
        format!("  {} -> {}: {}", pipeline.giving_text(edge), pipeline.taking_text(edge), edge.ty());
    write_route(&mut line, edge.route());
    writeln!(f, "{line}\n      {}: {}", edge.lane().word(), edge.lane_reason())
}

fn write_ends(f: &mut fmt::Formatter<'_>, pipeline: &ComponentPipeline) -> fmt::Result {
    for input in pipeline.inputs() {
        let stage = &pipeline.stages()[input.stage];
        writeln!(f, "  in -> {}.{}: {}", stage.name(), stage.inputs()[input.param].name, input.ty)?;
    }
    for output in pipeline.outputs() {
        writeln!(f, "  {}.output -> out: {}", pipeline.stages()[output.stage].name(), output.ty)?;
    }
    Ok(())
}

fn write_reach(f: &mut fmt::Formatter<'_>, stage: &Stage) -> fmt::Result {
    let component = stage.component();
    let reach = match component.requested() {
        Requested::These(requests) if requests.is_empty() => "asks for nothing".to_owned(),
        Requested::These(requests) => {
            let rules: Vec<String> = requests.iter().map(|(rule, _)| format!("`{rule}`")).collect();
            format!("asks for {}", rules.join(", "))
        }
        Requested::Anything => match kinds(component.world()) {
            kinds if kinds.is_empty() => "says nothing, and imports no means".to_owned(),
            kinds => {
                let words: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
                format!("says nothing, and may be granted {}", words.join(", "))
            }
        },
    };
    writeln!(f, "  {}: {reach}", stage.name())
}
