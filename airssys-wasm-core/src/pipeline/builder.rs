//! The builder of a pipeline.
//!
//! Collects parts without checking them; `build` does that.
//! Tests: `airssys-wasm-core/tests/pipeline`.

use std::time::Duration;

use super::definition::{ConnectionDefinition, PartitionDefinition, PipelineDefinition};
use super::origin::StageOrigin;
use super::{ComponentPipeline, PipelineErrors, StageOptions, build};
use crate::Component;

/// A builder for a [`ComponentPipeline`].
///
/// Only [`build`](Self::build) can fail, and it reports every problem at once.
///
/// A port is written `stage.input` or `stage.output` if the component exports one function. An
/// input can also be written with the name of the parameter, and a function that returns a `result`
/// has `stage.error` as well. If the component exports several functions, the port names one:
/// `stage.greet.output`, or `stage.demo:greeter/api@1.0.0#greet.output`.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PipelineBuilder {
    pub(super) definition: PipelineDefinition,
    pub(super) stages: Vec<StageDraft>,
}

/// A stage that has not been checked yet.
#[derive(Clone, Debug)]
pub(super) struct StageDraft {
    pub(super) name: String,
    pub(super) component: Component,
    pub(super) reference: String,
    pub(super) options: StageOptions,
    pub(super) origin: StageOrigin,
}

impl PipelineBuilder {
    /// Sets the name of the pipeline; defaults to `pipeline`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.definition.name = name.into();
        self
    }

    /// Adds a stage that runs a component.
    pub fn add_component(self, stage: impl Into<String>, component: impl Into<Component>) -> Self {
        self.add_component_with(stage, component, StageOptions::new())
    }

    /// Adds a stage that runs a component with `options`.
    pub fn add_component_with(
        mut self,
        stage: impl Into<String>,
        component: impl Into<Component>,
        options: StageOptions,
    ) -> Self {
        let component = component.into();
        let reference = component_reference(&component);
        self.stages.push(StageDraft {
            name: stage.into(),
            component,
            reference,
            options,
            origin: StageOrigin::Code,
        });
        self
    }

    /// Connects an output port to an input port.
    ///
    /// If several edges start from one port, each carries every item. If several edges end at one
    /// parameter, it receives the items of all of them. If edges end at several parameters of a
    /// stage, the stage is called once all parts of an item have arrived.
    pub fn connect(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.definition.connect.push(ConnectionDefinition {
            from: from.into(),
            to: to.into(),
            when: None,
        });
        self
    }

    /// Connects two ports for the items that satisfy a [`Condition`](super::Condition). An item
    /// that takes no edge goes no further and is counted as unrouted.
    pub fn connect_when(
        mut self,
        from: impl Into<String>,
        to: impl Into<String>,
        condition: impl Into<String>,
    ) -> Self {
        let when = Some(condition.into());
        self.definition.connect.push(ConnectionDefinition {
            from: from.into(),
            to: to.into(),
            when,
        });
        self
    }

    /// Partitions the items that leave a port by the value of a field: items with equal values go
    /// to the same target. [`PartitionShare`](super::PartitionShare) describes how the target is chosen.
    pub fn partition<T: Into<String>>(
        mut self,
        from: impl Into<String>,
        by: impl Into<String>,
        to: impl IntoIterator<Item = T>,
    ) -> Self {
        let to = to.into_iter().map(Into::into).collect();
        self.definition.partition.push(PartitionDefinition {
            from: from.into(),
            by: by.into(),
            to,
        });
        self
    }

    /// Declares a parameter as an input of the pipeline. By default, every parameter of a stage to
    /// which nothing is connected is an input; once one input is declared, all of them must be.
    pub fn input(mut self, port: impl Into<String>) -> Self {
        self.definition.input.push(port.into());
        self
    }

    /// Declares a port as an output of the pipeline, even if other stages read it as well. By
    /// default, every output that no stage reads is an output; once one output is declared, all of
    /// them must be.
    pub fn output(mut self, port: impl Into<String>) -> Self {
        self.definition.output.push(port.into());
        self
    }

    /// Sets the maximum number of items inside the pipeline at once, of all calls and runs together.
    /// Others wait for a place, in the order of their arrival. Defaults to the sum of what the stages
    /// work on at once and their [`queue_max`](StageOptions::queue_max).
    pub fn in_flight_max(mut self, items: u32) -> Self {
        self.definition.in_flight_max = Some(items);
        self
    }

    /// Sets the time limit for one item across all stages.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.definition.deadline = Some(deadline);
        self
    }

    /// Checks the pipeline and builds it.
    ///
    /// # Errors
    ///
    /// Fails with [`PipelineErrors`], which lists every problem found.
    pub fn build(self) -> Result<ComponentPipeline, PipelineErrors> {
        build::build(self)
    }
}

/// The reference by which a definition names a component that was passed as a value.
pub(super) fn component_reference(component: &Component) -> String {
    match (component.name(), component.version()) {
        (Some(name), Some(version)) => format!("{name}@{version}"),
        (Some(name), None) => name.to_string(),
        (None, _) => component.digest().to_string(),
    }
}
