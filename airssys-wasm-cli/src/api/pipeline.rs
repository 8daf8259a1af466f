//! Pipelines, as they are said and told.

use std::collections::BTreeMap;

use airssys_wasm_core::Value;
use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineBuilder, PipelineDefinition};
use airssys_wasm_core::world::Type;
use airssys_wasm_host::pipeline::{
    DeadLetter, DeployPipeline, Inputs, Item, Outcome, PipelineDeployment, StageStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Given, Problem};

/// A pipeline to be deployed. A component that is not sent along is what is published under the
/// name that its stage says.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PipelineSpec {
    #[schema(value_type = Object)]
    pub(crate) definition: PipelineDefinition,
    /// What each stage is granted; nothing unless said.
    pub(crate) grants: BTreeMap<String, Given>,
}

/// A pipeline that is deployed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PipelineView {
    pub(crate) name: String,
    pub(crate) in_flight: usize,
    pub(crate) stages: Vec<StageView>,
    /// Why it cannot run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// A stage, or several that were fused.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StageView {
    pub(crate) stages: Vec<String>,
    /// The deployment that runs them.
    pub(crate) deployment: String,
    pub(crate) revision: u64,
    pub(crate) running: usize,
    pub(crate) waiting: u64,
    pub(crate) attempts: u64,
    pub(crate) retried: u64,
    pub(crate) skipped: u64,
    pub(crate) dead_letters: u64,
    pub(crate) unrouted: u64,
    pub(crate) unmatched: u64,
    /// 99 of 100 attempts took no longer.
    pub(crate) p99_microseconds: u64,
}

/// A pipeline in one of its forms.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GraphView {
    pub(crate) text: String,
    pub(crate) mermaid: String,
    pub(crate) dot: String,
    /// As TOML.
    pub(crate) definition: String,
}

/// What came of an item of a run, a line each; and how the run has ended, in the last one.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", untagged)]
pub(crate) enum Came {
    Outcome {
        sequence: u64,
        outputs: Vec<Output>,
    },
    Ended {
        problem: Problem,
    },
    /// All items have come to their end. Without this or the other at its end, it was cut off.
    Done {
        done: bool,
    },
}

/// What left a pipeline, as WAVE.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Output {
    pub(crate) stage: String,
    pub(crate) value: String,
}

/// An item that was put aside.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LetterView {
    time: String,
    pipeline: String,
    stage: String,
    revision: Option<u64>,
    sequence: u64,
    attempts: u32,
    inputs: Vec<String>,
    cause: String,
}

impl PipelineSpec {
    /// What is said here, said of a deployment.
    pub(crate) fn prepare<'a>(
        &self,
        mut deploy: DeployPipeline<'a>,
    ) -> Result<DeployPipeline<'a>, Problem> {
        for (stage, given) in &self.grants {
            deploy = deploy.grants(stage, given.read()?);
        }
        Ok(deploy)
    }
}

/// The name of the part that has the component of a stage, by its place in the definition.
pub(crate) fn part_of_stage(place: usize) -> String {
    format!("stage-{place}")
}

/// The pipeline of these components, a stage each.
pub(crate) fn build(
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

/// An item for each input of a pipeline, from WAVE: of several inputs as a tuple.
pub(crate) fn inputs(pipeline: &ComponentPipeline, text: &str) -> Result<Inputs, Problem> {
    let types: Vec<Type> = pipeline
        .inputs()
        .iter()
        .map(|input| readable(&input.ty))
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

/// A stream is written as the list of what it has.
fn readable(ty: &Type) -> Type {
    match ty {
        Type::Stream(Some(element)) => Type::List(element.clone()),
        other => other.clone(),
    }
}

impl Came {
    pub(crate) fn of(outcome: Result<Outcome, airssys_wasm_host::Error>) -> Self {
        outcome
            .map_err(Problem::from)
            .and_then(told)
            .unwrap_or_else(|problem| Self::Ended { problem })
    }
}

fn told(outcome: Outcome) -> Result<Came, Problem> {
    let output = |(stage, item): (std::sync::Arc<str>, Item)| {
        Ok(Output {
            stage: stage.to_string(),
            value: item.into_value()?.to_wave(),
        })
    };
    let outputs = outcome
        .outputs
        .into_iter()
        .map(output)
        .collect::<Result<_, Problem>>()?;
    Ok(Came::Outcome {
        sequence: outcome.sequence,
        outputs,
    })
}

impl PipelineView {
    pub(crate) fn of(pipeline: &PipelineDeployment) -> Self {
        let status = pipeline.status();
        Self {
            name: status.pipeline.to_string(),
            in_flight: status.in_flight,
            stages: status.stages.iter().map(Into::into).collect(),
            problem: None,
        }
    }

    /// One that cannot run.
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
            deployment: stage.component.to_string(),
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

impl LetterView {
    /// Whose it is: pipeline, stage, and its number in the run.
    pub(crate) fn of(&self) -> (&str, &str, u64) {
        (&self.pipeline, &self.stage, self.sequence)
    }
}

impl From<DeadLetter> for LetterView {
    fn from(letter: DeadLetter) -> Self {
        let input = |item: Item| {
            item.into_value()
                .map_or_else(|error| error.to_string(), |it| it.to_wave())
        };
        Self {
            time: super::happening::now(),
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
