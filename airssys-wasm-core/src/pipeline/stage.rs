//! A stage: one component, one exported function of it, and the ports of that.
//!
//! Does not run anything, and does not know what it is connected to.
//! Tests: `tests/pipeline`.

use super::StageOptions;
use crate::Component;
use crate::world::{Element, Function, Param, Type};

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
    inputs: Vec<Param>,
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
            ports: Ports::of(function, options),
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

    /// Its inputs: the parameters of the function; of one that is called for each chunk,
    /// streams in place of lists.
    #[must_use]
    pub fn inputs(&self) -> &[Param] {
        &self.ports.inputs
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

    /// If its function is called for each chunk of a stream: how many elements are one, and
    /// what the lists are made of that it takes and gives.
    #[must_use]
    pub fn chunk(&self) -> Option<(u32, (Element, Element))> {
        Some((self.options.per_chunk?, lists(&self.function)?))
    }

    /// Whether one of its inputs or its output is a stream.
    #[must_use]
    pub fn has_streams(&self) -> bool {
        let ports = self
            .inputs()
            .iter()
            .map(|param| &param.ty)
            .chain(self.output());
        ports.into_iter().any(|ty| Element::of_stream(ty).is_some())
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
    fn of(function: &Function, options: &StageOptions) -> Self {
        match lists(function) {
            Some((taken, given)) if options.per_chunk.is_some() => {
                Self::of_chunks(function, taken, given)
            }
            _ => Self::of_items(function),
        }
    }

    fn of_chunks(function: &Function, taken: Element, given: Element) -> Self {
        let stream = |param: &Param| Param {
            ty: taken.stream(),
            ..param.clone()
        };
        Self {
            inputs: function.params.iter().map(stream).collect(),
            output: Some(given.stream()),
            error: None,
            fallible: false,
            source: None,
        }
    }

    fn of_items(function: &Function) -> Self {
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
        Self {
            inputs: function.params.clone(),
            output,
            error,
            fallible,
            source,
        }
    }
}

/// What the lists are made of that a function takes and gives, if it does nothing else.
fn lists(function: &Function) -> Option<(Element, Element)> {
    match &function.params[..] {
        [param] => Some((
            Element::of_list(&param.ty)?,
            Element::of_list(function.result.as_ref()?)?,
        )),
        _ => None,
    }
}
