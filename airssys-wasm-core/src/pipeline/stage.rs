//! A stage: one component, one exported function of it, and the ports of that.
//!
//! Does not run anything, and does not know what it is connected to.
//! Tests: `tests/pipeline`.

use super::StageOptions;
use crate::Component;
use crate::world::{Function, Param, Type};

/// A component in a pipeline, under a name that is the pipeline's.
#[derive(Clone, Debug)]
pub struct Stage {
    name: String,
    component: Component,
    function: Function,
    options: StageOptions,
    ports: Ports,
}

/// How a stage without parameters gives items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// An item a call, until it gives `none`.
    UntilNone,
    /// One item a run.
    Once,
}

#[derive(Clone, Debug, PartialEq)]
struct Ports {
    output: Option<Type>,
    error: Option<Type>,
    fallible: bool,
    source: Option<Source>,
}

impl Stage {
    pub(super) fn new(
        name: &str,
        component: &Component,
        function: &Function,
        options: &StageOptions,
    ) -> Self {
        Self {
            name: name.to_owned(),
            component: component.clone(),
            ports: Ports::of(function),
            function: function.clone(),
            options: options.clone(),
        }
    }

    /// Its name in the pipeline.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What runs in it.
    #[must_use]
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// The exported function that is called for each item.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// How it is run.
    #[must_use]
    pub fn options(&self) -> &StageOptions {
        &self.options
    }

    /// Its inputs: the parameters of the function.
    #[must_use]
    pub fn inputs(&self) -> &[Param] {
        &self.function.params
    }

    /// What comes out of `output`: the result, of a `result` the ok side, and of a source
    /// that ends with `none` what it gives before. None: nothing comes out.
    #[must_use]
    pub fn output(&self) -> Option<&Type> {
        self.ports.output.as_ref()
    }

    /// What comes out of `error`. None: the function returns no error, or one that
    /// carries nothing.
    #[must_use]
    pub fn error(&self) -> Option<&Type> {
        self.ports.error.as_ref()
    }

    /// Whether the function returns a `result`.
    #[must_use]
    pub fn is_fallible(&self) -> bool {
        self.ports.fallible
    }

    /// Whether it has no parameters, and gives items by itself.
    #[must_use]
    pub fn is_source(&self) -> bool {
        self.ports.source.is_some()
    }

    /// How it gives items, if it does so by itself.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        self.ports.source
    }
}

impl Ports {
    fn of(function: &Function) -> Self {
        let (ok, error, fallible) = match &function.result {
            Some(Type::Result { ok, err }) => (ok.as_deref(), err.as_deref(), true),
            plain => (plain.as_ref(), None, false),
        };
        let error = error.cloned();
        let (output, source) = match (ok, function.params.is_empty()) {
            (Some(Type::Option(item)), true) => (Some((**item).clone()), Some(Source::UntilNone)),
            (ok, true) => (ok.cloned(), Some(Source::Once)),
            (ok, false) => (ok.cloned(), None),
        };
        Self { output, error, fallible, source }
    }
}
