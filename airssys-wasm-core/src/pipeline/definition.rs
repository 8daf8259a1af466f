//! The definition of a pipeline as text: TOML for people, JSON for programs.
//!
//! Names components without containing them; the caller that resolves a definition decides what a
//! name means. An unknown key is an error.
//! Tests: `airssys-wasm-core/tests/pipeline/definition.rs`, `fuzz/fuzz_targets/pipeline.rs`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::builder::StageDraft;
use super::origin::StageOrigin;
use super::{PipelineBuilder, PipelineErrors, PipelineProblem, ProblemKind, StageOptions, text};
use crate::bounds::DEFINITION_BYTES_MAX;
use crate::{Component, policy};

/// The stages, edges and options of a pipeline, with components by name.
///
/// ```
/// use airssys_wasm_core::pipeline::PipelineDefinition;
///
/// let definition = PipelineDefinition::from_toml(r#"
///     name = "etl"
///     connect = [{ from = "read.output", to = "parse.input" }]
///
///     [stages.read]
///     component = "read.wasm"
///
///     [stages.parse]
///     component = "parse.wasm"
///     concurrency = 4
///     on-error = "dead-letter"
/// "#)?;
/// assert_eq!(definition.stages().count(), 2);
/// assert_eq!(PipelineDefinition::from_json(&definition.to_json())?, definition);
/// # Ok::<(), airssys_wasm_core::pipeline::DefinitionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PipelineDefinition {
    #[serde(default = "default_name")]
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_flight_max: Option<u32>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "text::duration"
    )]
    pub(super) deadline: Option<Duration>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) input: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) output: Vec<String>,
    #[serde(with = "text::stages")]
    pub(super) stages: Vec<(String, StageDefinition)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) connect: Vec<ConnectionDefinition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) partition: Vec<PartitionDefinition>,
}

/// A stage of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "text::StageText", into = "text::StageText")]
pub struct StageDefinition {
    pub(super) component: String,
    pub(super) options: StageOptions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionDefinition {
    pub(super) from: String,
    pub(super) to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionDefinition {
    pub(super) from: String,
    pub(super) by: String,
    pub(super) to: Vec<String>,
}

/// A problem in the text of a definition, and its position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct DefinitionError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// A description of the problem and of how to fix it.
    pub problem: String,
}

impl PipelineDefinition {
    /// Parses a definition from TOML.
    ///
    /// # Errors
    ///
    /// Fails with [`DefinitionError`] for the first problem, or if the text has more than
    /// [`DEFINITION_BYTES_MAX`] bytes.
    pub fn from_toml(text: &str) -> Result<Self, DefinitionError> {
        let error = |error: policy::TomlError| DefinitionError {
            line: error.line,
            column: error.column,
            problem: error.problem,
        };
        policy::parse_toml(text, DEFINITION_BYTES_MAX).map_err(error)
    }

    /// Returns the definition as TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a definition is a table of texts and numbers")
    }

    /// Parses a definition from JSON.
    ///
    /// # Errors
    ///
    /// Fails with [`DefinitionError`] for the first problem, or if the text has more than
    /// [`DEFINITION_BYTES_MAX`] bytes.
    pub fn from_json(text: &str) -> Result<Self, DefinitionError> {
        if text.len() > DEFINITION_BYTES_MAX {
            let bytes = text.len();
            let problem = format!(
                "the text has {bytes} bytes, but at most {DEFINITION_BYTES_MAX} are allowed; shorten it"
            );
            return Err(DefinitionError {
                line: 1,
                column: 1,
                problem,
            });
        }
        serde_json::from_str(text).map_err(|error| text::json_error(text, &error))
    }

    /// Returns the definition as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a definition is a table of texts and numbers")
    }

    /// Returns the JSON schema of the JSON form. The TOML form has the same structure.
    #[must_use]
    pub fn schema() -> &'static str {
        include_str!("../../pipeline.schema.json")
    }

    /// The name of the pipeline.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stages with their names, in order.
    pub fn stages(&self) -> impl Iterator<Item = (&str, &StageDefinition)> {
        self.stages
            .iter()
            .map(|(name, stage)| (name.as_str(), stage))
    }

    /// Returns a builder that has, in each stage, the component that `find` returns for its name.
    ///
    /// # Errors
    ///
    /// Fails with [`PipelineErrors`], which lists every component that `find` does not return, with
    /// the reason.
    pub fn resolve<F>(&self, mut find: F) -> Result<PipelineBuilder, PipelineErrors>
    where
        F: FnMut(&str) -> Result<Component, String>,
    {
        let mut problems = Vec::new();
        let mut builder = PipelineBuilder {
            definition: Self {
                stages: Vec::new(),
                ..self.clone()
            },
            stages: Vec::new(),
        };
        for (
            name,
            StageDefinition {
                component: reference,
                options,
            },
        ) in &self.stages
        {
            match find(reference) {
                Ok(component) => builder.stages.push(StageDraft {
                    name: name.clone(),
                    component,
                    reference: reference.clone(),
                    options: options.clone(),
                    origin: StageOrigin::Text,
                }),
                Err(why) => {
                    let what = format!("no component `{reference}`: {why}");
                    problems.push(PipelineProblem::new(
                        ProblemKind::Component,
                        format!("stage `{name}`"),
                        what,
                    ));
                }
            }
        }
        if problems.is_empty() {
            Ok(builder)
        } else {
            Err(PipelineErrors::new(&self.name, problems))
        }
    }

    /// Returns a builder with one component for each stage, in the order of the stages.
    ///
    /// # Errors
    ///
    /// Fails with [`PipelineErrors`], which lists every stage without a component, with the reason.
    pub fn resolve_in_order(
        &self,
        components: impl IntoIterator<Item = Result<Component, String>>,
    ) -> Result<PipelineBuilder, PipelineErrors> {
        let mut left = components.into_iter();
        self.resolve(|_| {
            left.next()
                .unwrap_or_else(|| Err("no component was passed for this stage".into()))
        })
    }
}

impl StageDefinition {
    /// The name of the component; its meaning is up to the caller that resolves it.
    #[must_use]
    pub fn component(&self) -> &str {
        &self.component
    }

    /// The options of the stage.
    #[must_use]
    pub fn options(&self) -> &StageOptions {
        &self.options
    }
}

impl Default for PipelineDefinition {
    fn default() -> Self {
        Self {
            name: default_name(),
            in_flight_max: None,
            deadline: None,
            input: Vec::new(),
            output: Vec::new(),
            stages: Vec::new(),
            connect: Vec::new(),
            partition: Vec::new(),
        }
    }
}

fn default_name() -> String {
    "pipeline".into()
}
