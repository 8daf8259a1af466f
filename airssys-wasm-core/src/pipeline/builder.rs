//! A pipeline as it is put together.
//!
//! Takes everything it is told and judges nothing; `build` does.
//! Tests: `tests/pipeline`.

use std::time::Duration;

use super::definition::{Connection, Partition, PipelineDefinition};
use super::form::Form;
use super::{ComponentPipeline, PipelineErrors, StageOptions, build};
use crate::Component;

/// Collects stages and edges for a [`ComponentPipeline`].
///
/// No method but [`build`](Self::build) fails, and that one says everything that is
/// wrong.
///
/// A port is `stage.input` or `stage.output`, where the component exports one function;
/// an input may also be written with the parameter's name, and a function that returns a
/// `result` has `stage.error` besides. Where there are several functions, the port says
/// which: `stage.greet.output`, or `stage.demo:greeter/api@1.0.0#greet.output`.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PipelineBuilder {
    pub(super) said: PipelineDefinition,
    pub(super) drafts: Vec<Draft>,
}

/// A stage before it is known whether it is one.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) component: Component,
    pub(super) reference: String,
    pub(super) options: StageOptions,
    pub(super) form: Form,
}

impl PipelineBuilder {
    /// A name for the pipeline; `pipeline` if it has none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.said.name = name.into();
        self
    }

    /// Adds a stage that runs a component.
    pub fn add_component(self, stage: impl Into<String>, component: impl Into<Component>) -> Self {
        self.add_component_with(stage, component, StageOptions::new())
    }

    /// Adds a stage that runs a component in a certain way.
    pub fn add_component_with(
        mut self,
        stage: impl Into<String>,
        component: impl Into<Component>,
        options: StageOptions,
    ) -> Self {
        let component = component.into();
        let reference = reference(&component);
        self.drafts.push(Draft {
            name: stage.into(),
            component,
            reference,
            options,
            form: Form::Code,
        });
        self
    }

    /// Connects a port that gives to one that takes.
    ///
    /// Several edges from one port: each gets every item. Several edges to one parameter:
    /// it gets the items of all. Edges to several parameters of a stage: it is called when
    /// all parts of an item are there.
    pub fn connect(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.said.connect.push(Connection {
            from: from.into(),
            to: to.into(),
            when: None,
        });
        self
    }

    /// Connects two ports for the items for which a [`Condition`](super::Condition)
    /// holds. An item that takes no edge goes no further, and is counted.
    pub fn connect_when(
        mut self,
        from: impl Into<String>,
        to: impl Into<String>,
        condition: impl Into<String>,
    ) -> Self {
        let when = Some(condition.into());
        self.said.connect.push(Connection {
            from: from.into(),
            to: to.into(),
            when,
        });
        self
    }

    /// Parts what leaves a port among several, by a field: items with the same value go
    /// to the same place. How it is chosen: [`Share`](super::Share).
    pub fn partition<T: Into<String>>(
        mut self,
        from: impl Into<String>,
        by: impl Into<String>,
        to: impl IntoIterator<Item = T>,
    ) -> Self {
        let to = to.into_iter().map(Into::into).collect();
        self.said.partition.push(Partition {
            from: from.into(),
            by: by.into(),
            to,
        });
        self
    }

    /// Says that items come in at a parameter. Every parameter of a stage to which
    /// nothing is connected is such an end without being said; if one is said, all are.
    pub fn input(mut self, port: impl Into<String>) -> Self {
        self.said.input.push(port.into());
        self
    }

    /// Says that an output leaves the pipeline, though stages may take it as well. Every
    /// output that no stage takes does without being said; if one is said, all are.
    pub fn output(mut self, port: impl Into<String>) -> Self {
        self.said.output.push(port.into());
        self
    }

    /// Lets up to `items` be inside at once.
    pub fn in_flight_max(mut self, items: u32) -> Self {
        self.said.in_flight_max = Some(items);
        self
    }

    /// The longest that an item may take, through all stages.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.said.deadline = Some(deadline);
        self
    }

    /// Checks the whole.
    ///
    /// # Errors
    ///
    /// [`PipelineErrors`] with everything that is wrong.
    pub fn build(self) -> Result<ComponentPipeline, PipelineErrors> {
        build::build(self)
    }
}

/// By what a component is known that was given rather than named.
pub(super) fn reference(component: &Component) -> String {
    match (component.name(), component.version()) {
        (Some(name), Some(version)) => format!("{name}@{version}"),
        (Some(name), None) => name.to_string(),
        (None, _) => component.digest().to_string(),
    }
}
