//! Pipelines: components connected port to port, checked before anything runs.
//!
//! | file | what it decides |
//! |---|---|
//! | `builder`, `build` | what is a pipeline, and everything that is in the way |
//! | `stage`, `port`, `edge`, `options` | what a pipeline is made of |
//! | `condition`, `share`, `field` | which items take an edge |
//! | `plan` | how values cross an edge |
//! | `definition`, `text` | a pipeline as TOML and JSON |
//! | `explain`, `render` | a pipeline for people |
//! | `export` | a pipeline as one component |
//! | `error`, `form` | the words of the report |
//!
//! Runs nothing: the host does, and asks here which items go where.
//! Tests: beside some files; `tests/pipeline` for what is built of components.
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
#[cfg(feature = "compose")]
mod export;
mod field;
mod form;
mod options;
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
pub use edge::{Edge, FromPort, PipelineInput, PipelineOutput, Route};
pub use error::{PipelineErrors, PipelineProblem, ProblemKind};
pub use explain::PipelineExplanation;
#[cfg(feature = "compose")]
pub use export::ExportError;
pub use field::{FieldPath, FieldPathError};
pub use options::{OnError, Order, Retry, StageOptions};
pub use plan::Lane;
pub use share::Share;
pub use stage::{Source, Stage};

use crate::policy::Requested;
use crate::{Component, ComponentName};

/// Components connected port to port, checked as a whole.
///
/// Does not change any more; cloning is cheap.
#[derive(Clone, Debug)]
pub struct ComponentPipeline(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    name: ComponentName,
    stages: Vec<Stage>,
    edges: Vec<Edge>,
    inputs: Vec<PipelineInput>,
    outputs: Vec<PipelineOutput>,
    order: Vec<usize>,
    said: PipelineDefinition,
    draft: PipelineBuilder,
}

impl ComponentPipeline {
    fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Begins one.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::default()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ComponentName {
        &self.0.name
    }

    /// Its stages, in the order in which they were added.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.0.stages
    }

    /// The stage of a name.
    #[must_use]
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.0.stages.iter().find(|stage| stage.name() == name)
    }

    /// Its edges, in the order in which they were said, those of partitions last.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.0.edges
    }

    /// Where items come in, in the order of stages and parameters.
    #[must_use]
    pub fn inputs(&self) -> &[PipelineInput] {
        &self.0.inputs
    }

    /// Where results go out, in the order of stages.
    #[must_use]
    pub fn outputs(&self) -> &[PipelineOutput] {
        &self.0.outputs
    }

    /// The stages by their place, each after all that it gets items from.
    #[must_use]
    pub fn topological_order(&self) -> &[usize] {
        &self.0.order
    }

    /// How many items may be inside at once, if that is said.
    #[must_use]
    pub fn in_flight_max(&self) -> Option<u32> {
        self.0.said.in_flight_max
    }

    /// The longest that an item may take through all stages, if that is said.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.0.said.deadline
    }

    /// Who asks for what, a stage each. Nothing that one of them is granted is another's.
    pub fn capabilities(&self) -> impl Iterator<Item = (&str, &Requested)> {
        self.0
            .stages
            .iter()
            .map(|stage| (stage.name(), stage.component().requested()))
    }

    /// The longest chains of stages, by their place, that [`Lane::Fused`] joins.
    #[must_use]
    pub fn segments(&self) -> Vec<Vec<usize>> {
        plan::segments(&self.0.edges, &self.0.order)
    }

    /// The pipeline as a text can have it. Components that were given rather than named
    /// are known by `name@version`, or by their digest.
    #[must_use]
    pub fn definition(&self) -> &PipelineDefinition {
        &self.0.said
    }

    /// Checks that this would still be a pipeline with another component in a stage.
    ///
    /// # Errors
    ///
    /// [`PipelineErrors`] with everything that would be wrong.
    pub fn check_replacement(
        &self,
        stage: &str,
        component: &Component,
    ) -> Result<(), PipelineErrors> {
        self.with_replacement(stage, component.clone()).map(drop)
    }

    /// The same pipeline under another name.
    ///
    /// # Errors
    ///
    /// [`PipelineErrors`] if it cannot be called that.
    pub fn with_name(&self, name: &str) -> Result<Self, PipelineErrors> {
        self.0.draft.clone().name(name).build()
    }

    /// The same pipeline with another component in a stage.
    ///
    /// # Errors
    ///
    /// [`PipelineErrors`] with everything that would be wrong.
    pub fn with_replacement(
        &self,
        stage: &str,
        component: Component,
    ) -> Result<Self, PipelineErrors> {
        let mut draft = self.0.draft.clone();
        let names: Vec<&str> = self.0.stages.iter().map(Stage::name).collect();
        match draft.drafts.iter_mut().find(|draft| draft.name == stage) {
            Some(found) => {
                found.reference = builder::reference(&component);
                found.component = component;
            }
            None => {
                let what = format!("there is no stage `{stage}`");
                let problem = PipelineProblem::new(ProblemKind::UnknownStage, "replacement", what);
                let problem = problem.hint(field::hint(stage, names));
                return Err(PipelineErrors::new(self.0.name.as_str(), vec![problem]));
            }
        }
        draft.build()
    }

    /// The port where an edge begins, as text.
    fn giving_text(&self, edge: &Edge) -> String {
        format!(
            "{}.{}",
            self.0.stages[edge.from].name(),
            edge.from_port.word()
        )
    }

    /// The port where an edge ends, as text.
    fn taking_text(&self, edge: &Edge) -> String {
        let stage = &self.0.stages[edge.to];
        format!("{}.{}", stage.name(), stage.inputs()[edge.param].name)
    }
}
