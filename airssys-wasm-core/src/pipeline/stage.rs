//! A stage: one component, one of its exported functions, and the ports of that function.
//!
//! Runs nothing, and does not know what it is connected to.
//! Tests: `airssys-wasm-core/tests/pipeline`.

use super::StageOptions;
use crate::Component;
use crate::world::{ElementType, Function, Param, Type};

/// A component in a pipeline, with a name in that pipeline.
#[derive(Clone, Debug)]
pub struct Stage {
    name: String,
    component: Component,
    function: Function,
    options: StageOptions,
    ports: StagePorts,
}

/// The way in which a stage without parameters produces items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceMode {
    /// An item per call, until the function returns `none`.
    UntilNone,
    /// A single item per run.
    Once,
}

#[derive(Clone, Debug, PartialEq)]
struct StagePorts {
    inputs: Vec<Param>,
    output: Option<Type>,
    error: Option<Type>,
    fallible: bool,
    source: Option<SourceMode>,
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
            ports: StagePorts::new(function, options),
            function: function.clone(),
            options: options.clone(),
        }
    }

    /// The stage's name in the pipeline.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The component that the stage runs.
    #[must_use]
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// The exported function that is called for each item.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// The options of the stage.
    #[must_use]
    pub fn options(&self) -> &StageOptions {
        &self.options
    }

    /// The inputs: the parameters of the function. If the function is called per chunk, streams
    /// take the place of its lists.
    #[must_use]
    pub fn inputs(&self) -> &[Param] {
        &self.ports.inputs
    }

    /// The type of the `output` port: the result of the function, the `ok` side of a `result`, or
    /// the payload of the `option` that a source returns. `None` if the stage produces nothing.
    #[must_use]
    pub fn output(&self) -> Option<&Type> {
        self.ports.output.as_ref()
    }

    /// The type of the `error` port. `None` if the function returns no error, or an error without a
    /// payload.
    #[must_use]
    pub fn error(&self) -> Option<&Type> {
        self.ports.error.as_ref()
    }

    /// The number of elements per chunk and the element types that the function takes and returns,
    /// if the function is called per chunk of a stream.
    #[must_use]
    pub fn chunk(&self) -> Option<(u32, (ElementType, ElementType))> {
        Some((self.options.per_chunk?, list_elements(&self.function)?))
    }

    /// Returns `true` if an input or the output is a stream.
    #[must_use]
    pub fn has_streams(&self) -> bool {
        let ports = self
            .inputs()
            .iter()
            .map(|param| &param.ty)
            .chain(self.output());
        ports
            .into_iter()
            .any(|ty| ElementType::from_stream(ty).is_some())
    }

    /// Returns `true` if the function returns a `result`.
    #[must_use]
    pub fn is_fallible(&self) -> bool {
        self.ports.fallible
    }

    /// Returns `true` if the function has no parameters, so that the stage produces items on its
    /// own.
    #[must_use]
    pub fn is_source(&self) -> bool {
        self.ports.source.is_some()
    }

    /// The way in which the stage produces items, if it is a source.
    #[must_use]
    pub fn source(&self) -> Option<SourceMode> {
        self.ports.source
    }
}

impl StagePorts {
    fn new(function: &Function, options: &StageOptions) -> Self {
        match list_elements(function) {
            Some((taken, given)) if options.per_chunk.is_some() => {
                Self::for_chunks(function, taken, given)
            }
            _ => Self::for_items(function),
        }
    }

    fn for_chunks(function: &Function, taken: ElementType, given: ElementType) -> Self {
        let stream = |param: &Param| Param {
            ty: taken.to_stream_type(),
            ..param.clone()
        };
        Self {
            inputs: function.params.iter().map(stream).collect(),
            output: Some(given.to_stream_type()),
            error: None,
            fallible: false,
            source: None,
        }
    }

    fn for_items(function: &Function) -> Self {
        let (ok, error, fallible) = match &function.result {
            Some(Type::Result { ok, err }) => (ok.as_deref(), err.as_deref(), true),
            plain => (plain.as_ref(), None, false),
        };
        let error = error.cloned();
        let (output, source) = match (ok, function.params.is_empty()) {
            (Some(Type::Option(item)), true) => {
                (Some((**item).clone()), Some(SourceMode::UntilNone))
            }
            (ok, true) => (ok.cloned(), Some(SourceMode::Once)),
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

/// The element types of the list that a function takes and the list that it returns, if it takes
/// and returns nothing else.
fn list_elements(function: &Function) -> Option<(ElementType, ElementType)> {
    match &function.params[..] {
        [param] => Some((
            ElementType::from_list(&param.ty)?,
            ElementType::from_list(function.result.as_ref()?)?,
        )),
        _ => None,
    }
}
