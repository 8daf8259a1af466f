//! Pipelines as the API takes and returns them.

use std::collections::BTreeMap;

use airssys_wasm_core::Value;
use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineBuilder, PipelineDefinition};
use airssys_wasm_core::world::Type;
use airssys_wasm_host::pipeline::{
    DeadLetter, DeployPipeline, Inputs, Item, Outcome, PipelineDeployment, StageStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{GrantRules, Problem};

/// A pipeline to deploy. A stage whose component is not part of the request uses the published
/// package that the definition names.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PipelineSpec {
    /// The pipeline's definition.
    #[schema(value_type = Object)]
    pub(crate) definition: PipelineDefinition,
    /// Grants by stage name. Stages that are not listed are granted nothing.
    pub(crate) grants: BTreeMap<String, GrantRules>,
}

/// The status of a deployed pipeline.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PipelineView {
    /// Name of the pipeline.
    pub(crate) name: String,
    /// Number of items in the pipeline.
    pub(crate) in_flight: usize,
    /// The stages, with fused stages as one entry.
    pub(crate) stages: Vec<StageView>,
    /// The reason the pipeline cannot run; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// The status of a stage, or of several fused stages. Counters cover the time since it was
/// deployed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StageView {
    /// Names of the stages; several if they are fused.
    pub(crate) stages: Vec<String>,
    /// Name of the deployment that runs them.
    pub(crate) deployment: String,
    /// Number of the deployment's active revision.
    pub(crate) revision: u64,
    /// Number of items being processed.
    pub(crate) running: usize,
    /// Number of queued items.
    pub(crate) waiting: u64,
    /// Number of attempts.
    pub(crate) attempts: u64,
    /// Number of attempts that were retries.
    pub(crate) retried: u64,
    /// Number of items skipped.
    pub(crate) skipped: u64,
    /// Number of items sent to the dead letters.
    pub(crate) dead_letters: u64,
    /// Number of results and errors that took no edge because no condition matched.
    pub(crate) unrouted: u64,
    /// Number of items, or parts of items, whose counterparts for a join never arrived.
    pub(crate) unmatched: u64,
    /// The 99th percentile of the duration of an attempt, in microseconds. Rounded up to a power
    /// of two nanoseconds.
    pub(crate) p99_microseconds: u64,
}

/// The graph of a pipeline in several formats.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GraphView {
    /// Explanation as text: stages, edges and how values cross them.
    pub(crate) text: String,
    /// Mermaid flowchart.
    pub(crate) mermaid: String,
    /// Graphviz DOT.
    pub(crate) dot: String,
    /// The definition as TOML.
    pub(crate) definition: String,
}

/// A line of the response to a run: the outcome of an item or, on the last line, the end of the
/// run. A response without such a last line was cut off.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", untagged)]
pub(crate) enum RunLine {
    /// The outcome of one item.
    Outcome {
        /// Number of the item in the run, from 0.
        sequence: u64,
        /// The values that left the pipeline for this item. Empty if the item was skipped or sent
        /// to the dead letters.
        outputs: Vec<PipelineOutput>,
    },
    /// The end of a run that failed or was stopped.
    Ended {
        /// The reason the run ended.
        problem: Problem,
    },
    /// The end of a run in which every item was completed.
    Done {
        /// Always `true`.
        done: bool,
    },
}

/// A value that left a pipeline.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PipelineOutput {
    /// Name of the stage that returned the value.
    pub(crate) stage: String,
    /// The value as WAVE text.
    pub(crate) value: String,
}

/// A dead letter: an item that a stage failed to process.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeadLetterView {
    /// Time of the failure: RFC 3339, UTC, to the millisecond.
    time: String,
    /// Name of the pipeline.
    pipeline: String,
    /// Name of the stage.
    stage: String,
    /// Number of the revision that was called; `null` if no call was made.
    revision: Option<u64>,
    /// Number of the item in its run, from 0.
    sequence: u64,
    /// Number of attempts.
    attempts: u32,
    /// The stage's inputs as WAVE text.
    inputs: Vec<String>,
    /// The reason the last attempt failed.
    cause: String,
}

impl PipelineSpec {
    /// Applies the grants to a deploy request.
    pub(crate) fn prepare<'a>(
        &self,
        mut deploy: DeployPipeline<'a>,
    ) -> Result<DeployPipeline<'a>, Problem> {
        for (stage, given) in &self.grants {
            deploy = deploy.grants(stage, given.parse()?);
        }
        Ok(deploy)
    }
}

/// Returns the name of the form part with a stage's component, by the stage's position in the
/// definition.
pub(crate) fn stage_part_name(place: usize) -> String {
    format!("stage-{place}")
}

/// Builds a pipeline from its definition and the components of its stages, in order.
pub(crate) fn build_pipeline(
    definition: &PipelineDefinition,
    components: Vec<Result<airssys_wasm_host::Component, String>>,
) -> Result<ComponentPipeline, Problem> {
    let components = components
        .into_iter()
        .map(|component| component.map(Into::into));
    let built = definition
        .resolve_in_order(components)
        .and_then(PipelineBuilder::build);
    Ok(built.map_err(airssys_wasm_host::Error::from)?)
}

/// Parses an item for each input of a pipeline from WAVE text. Several inputs are written as a
/// tuple.
pub(crate) fn parse_inputs(pipeline: &ComponentPipeline, text: &str) -> Result<Inputs, Problem> {
    let types: Vec<Type> = pipeline
        .inputs()
        .iter()
        .map(|input| wave_type(&input.ty))
        .collect();
    let read = |ty: &Type| {
        Value::from_wave(text, ty)
            .map_err(|error| Problem::from(airssys_wasm_host::Error::from(error)))
    };
    Ok(match &types[..] {
        [ty] => Item::from(read(ty)?).into(),
        _ => match read(&Type::Tuple(types))? {
            Value::Tuple(values) => values.into_iter().map(Item::from).collect(),
            other => Item::from(other).into(),
        },
    })
}

/// Returns the type an input is parsed as: a stream is written as the list of its elements.
fn wave_type(ty: &Type) -> Type {
    match ty {
        Type::Stream(Some(element)) => Type::List(element.clone()),
        other => other.clone(),
    }
}

impl RunLine {
    pub(crate) fn from_outcome(outcome: Result<Outcome, airssys_wasm_host::Error>) -> Self {
        outcome
            .map_err(Problem::from)
            .and_then(outcome_line)
            .unwrap_or_else(|problem| Self::Ended { problem })
    }
}

fn outcome_line(outcome: Outcome) -> Result<RunLine, Problem> {
    let output = |(stage, item): (std::sync::Arc<str>, Item)| {
        Ok(PipelineOutput {
            stage: stage.to_string(),
            value: item.into_value()?.to_wave(),
        })
    };
    let outputs = outcome
        .outputs
        .into_iter()
        .map(output)
        .collect::<Result<_, Problem>>()?;
    Ok(RunLine::Outcome {
        sequence: outcome.sequence,
        outputs,
    })
}

impl PipelineView {
    pub(crate) fn from_deployment(pipeline: &PipelineDeployment) -> Self {
        let status = pipeline.status();
        Self {
            name: status.pipeline.to_string(),
            in_flight: status.in_flight,
            stages: status.stages.iter().map(Into::into).collect(),
            problem: None,
        }
    }

    /// Describes a pipeline that cannot run.
    pub(crate) fn broken(name: String, problem: String) -> Self {
        Self {
            name,
            in_flight: 0,
            stages: Vec::new(),
            problem: Some(problem),
        }
    }
}

impl From<&StageStatus> for StageView {
    fn from(stage: &StageStatus) -> Self {
        Self {
            stages: stage.stages.clone(),
            deployment: stage.deployment.to_string(),
            revision: stage.revision,
            running: stage.running,
            waiting: stage.waiting,
            attempts: stage.attempts,
            retried: stage.retried,
            skipped: stage.skipped,
            dead_letters: stage.dead_letters,
            unrouted: stage.unrouted,
            unmatched: stage.unmatched,
            p99_microseconds: stage.p99.as_micros().try_into().unwrap_or(u64::MAX),
        }
    }
}

impl From<&ComponentPipeline> for GraphView {
    fn from(pipeline: &ComponentPipeline) -> Self {
        Self {
            text: pipeline.explain().to_string(),
            mermaid: pipeline.to_mermaid(),
            dot: pipeline.to_dot(),
            definition: pipeline.definition().to_toml(),
        }
    }
}

impl DeadLetterView {
    /// Returns the pipeline, the stage, and the number of the item in its run.
    pub(crate) fn location(&self) -> (&str, &str, u64) {
        (&self.pipeline, &self.stage, self.sequence)
    }
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let input = |item: Item| {
            item.into_value()
                .map_or_else(|error| error.to_string(), |it| it.to_wave())
        };
        Self {
            time: super::event::timestamp(),
            pipeline: letter.pipeline.to_string(),
            stage: letter.stage,
            revision: letter.revision,
            sequence: letter.sequence,
            attempts: letter.attempts,
            inputs: letter.inputs.into_iter().map(input).collect(),
            cause: letter.cause.to_string(),
        }
    }
}
