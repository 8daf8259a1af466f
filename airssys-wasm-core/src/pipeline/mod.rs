//! Pipelines: components connected port to port and checked as a whole before anything runs.
//!
//! | file | contents |
//! |---|---|
//! | `builder`, `build` | the builder, and the checks that turn it into a pipeline |
//! | `stage`, `port`, `edge`, `options` | the parts of a pipeline |
//! | `condition`, `share`, `field` | the choice of items that take an edge |
//! | `plan` | the lane in which values cross each edge |
//! | `definition`, `text` | a pipeline as TOML and JSON |
//! | `explain`, `render` | descriptions and diagrams for people |
//! | `export` | a pipeline as one component |
//! | `error`, `origin` | the error report and its wording |
//!
//! Runs nothing: the host moves the items and asks this module which edges they take.
//! Tests: `airssys-wasm-core/src/pipeline`, `airssys-wasm-core/tests/pipeline`.
//!
//! ```
//! use airssys_wasm_core::pipeline::ComponentPipeline;
//! use airssys_wasm_core::Component;
//!
//! # let text = r#"(component
//! #   (core module $m (func (export "f") (param i32) (result i32) local.get 0))
//! #   (core instance $i (instantiate $m))
//! #   (func (export "step") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#;
//! # let (twice, next) = (Component::from_bytes(wat::parse_str(text)?)?, Component::from_bytes(wat::parse_str(text)?)?);
//! let pipeline = ComponentPipeline::builder()
//!     .add_component("twice", twice)
//!     .add_component("next", next)
//!     .connect("twice.output", "next.input")
//!     .build()?;
//! assert_eq!(pipeline.inputs().len(), 1);
//! assert_eq!(pipeline.outputs()[0].stage, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod builder;
mod condition;
mod definition;
mod edge;
mod error;
mod explain;
#[cfg(feature = "fuse")]
mod export;
mod field;
mod options;
mod origin;
mod plan;
mod port;
mod render;
mod share;
mod stage;
mod text;

use std::sync::Arc;
use std::time::Duration;

pub use builder::PipelineBuilder;
pub use condition::{Condition, ConditionError};
pub use definition::{DefinitionError, PipelineDefinition, StageDefinition};
pub use edge::{Edge, EdgeFilter, OutputPort, PipelineInput, PipelineOutput};
pub use error::{PipelineErrors, PipelineProblem, ProblemKind};
pub use explain::PipelineExplanation;
#[cfg(feature = "fuse")]
pub use export::ExportError;
pub use field::{FieldPath, FieldPathError};
pub use options::{OnError, OutputOrder, RetryPolicy, StageOptions};
pub use plan::Lane;
pub use share::PartitionShare;
pub use stage::{SourceMode, Stage};

use crate::policy::RequestedCapabilities;
use crate::{Component, ComponentName};

/// A checked pipeline: components connected port to port.
///
/// Immutable and cheap to clone.
#[derive(Clone, Debug)]
pub struct ComponentPipeline(Arc<PipelineParts>);

#[derive(Debug)]
struct PipelineParts {
    name: ComponentName,
    stages: Vec<Stage>,
    edges: Vec<Edge>,
    inputs: Vec<PipelineInput>,
    outputs: Vec<PipelineOutput>,
    order: Vec<usize>,
    definition: PipelineDefinition,
    builder: PipelineBuilder,
}

impl ComponentPipeline {
    fn new(parts: PipelineParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Returns a new builder.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::default()
    }

    /// The pipeline's name.
    #[must_use]
    pub fn name(&self) -> &ComponentName {
        &self.0.name
    }

    /// The stages, in the order in which they were added.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.0.stages
    }

    /// Returns the stage named `name`, if it exists.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.0.stages.iter().find(|stage| stage.name() == name)
    }

    /// The edges, in the order in which they were connected; those of partitions come last.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.0.edges
    }

    /// The inputs of the pipeline, ordered by stage and parameter.
    #[must_use]
    pub fn inputs(&self) -> &[PipelineInput] {
        &self.0.inputs
    }

    /// The outputs of the pipeline, ordered by stage.
    #[must_use]
    pub fn outputs(&self) -> &[PipelineOutput] {
        &self.0.outputs
    }

    /// The indices of the stages in topological order: each stage comes after every stage that
    /// feeds it.
    #[must_use]
    pub fn topological_order(&self) -> &[usize] {
        &self.0.order
    }

    /// The maximum number of items inside the pipeline at once, of all calls and runs together, if one
    /// is set.
    #[must_use]
    pub fn in_flight_max(&self) -> Option<u32> {
        self.0.definition.in_flight_max
    }

    /// The time limit for one item across all stages, if one is set.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.0.definition.deadline
    }

    /// The capabilities that each stage requests, by stage name. A grant to one stage never extends
    /// to another.
    pub fn capabilities(&self) -> impl Iterator<Item = (&str, &RequestedCapabilities)> {
        self.0
            .stages
            .iter()
            .map(|stage| (stage.name(), stage.component().requested()))
    }

    /// The longest chains of stages joined by [`Lane::Fused`] edges, as indices of stages.
    #[must_use]
    pub fn segments(&self) -> Vec<Vec<usize>> {
        plan::segments(&self.0.edges, &self.0.order)
    }

    /// The definition of this pipeline. Components passed to the builder, rather than resolved from
    /// a definition, are referred to as `name@version` or by digest.
    #[must_use]
    pub fn definition(&self) -> &PipelineDefinition {
        &self.0.definition
    }

    /// Checks that the pipeline stays valid with another component in a stage.
    ///
    /// # Errors
    ///
    /// Fails with [`PipelineErrors`], which lists every problem found.
    pub fn check_replacement(
        &self,
        stage: &str,
        component: &Component,
    ) -> Result<(), PipelineErrors> {
        self.with_replacement(stage, component.clone()).map(drop)
    }

    /// Returns this pipeline under another name.
    ///
    /// # Errors
    ///
    /// Fails with [`PipelineErrors`] if `name` is not a valid name.
    pub fn with_name(&self, name: &str) -> Result<Self, PipelineErrors> {
        self.0.builder.clone().name(name).build()
    }

    /// Returns this pipeline with another component in a stage.
    ///
    /// # Errors
    ///
    /// Fails with [`PipelineErrors`], which lists every problem found.
    pub fn with_replacement(
        &self,
        stage: &str,
        component: Component,
    ) -> Result<Self, PipelineErrors> {
        let mut draft = self.0.builder.clone();
        let names: Vec<&str> = self.0.stages.iter().map(Stage::name).collect();
        match draft.stages.iter_mut().find(|draft| draft.name == stage) {
            Some(found) => {
                found.reference = builder::component_reference(&component);
                found.component = component;
            }
            None => {
                let what = format!("there is no stage `{stage}`");
                let problem = PipelineProblem::new(ProblemKind::UnknownStage, "replacement", what);
                let problem = problem.with_hint(field::name_hint(stage, names));
                return Err(PipelineErrors::new(self.0.name.as_str(), vec![problem]));
            }
        }
        draft.build()
    }

    /// The text of the port from which an edge starts.
    fn output_port_text(&self, edge: &Edge) -> String {
        format!(
            "{}.{}",
            self.0.stages[edge.from].name(),
            edge.output_port.as_str()
        )
    }

    /// The text of the port at which an edge ends.
    fn input_port_text(&self, edge: &Edge) -> String {
        let stage = &self.0.stages[edge.to];
        format!("{}.{}", stage.name(), stage.inputs()[edge.param].name)
    }
}
