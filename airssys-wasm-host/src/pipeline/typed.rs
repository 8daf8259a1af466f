//! A pipeline with Rust types at its ends.
//!
//! Checks the types once; the pipeline does the rest.
//! Tests: `tests/suite/pipelines/typed.rs`.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use airssys_wasm_core::pipeline::ComponentPipeline;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::check::port_name;
use super::handle::PipelineDeployment;
use super::item::{Item, ItemType, wrong_edge_type};
use crate::{Error, ErrorKind, Result};

/// A pipeline of one input and one output, called with Rust types. Survives updates of its stages,
/// which never change the types of its ends; cloning is cheap.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use airssys_wasm_host::{Component, ComponentPipeline, Host};
/// use futures_util::{TryStreamExt as _, stream};
/// # let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/adder.wat"));
/// # let (double, again) = (Component::from_bytes(wat::parse_str(text)?)?, Component::from_bytes(wat::parse_str(text)?)?);
///
/// let pipeline = ComponentPipeline::builder()
///     .add_component("double", double)
///     .add_component("again", again)
///     .connect("double.output", "again.input")
///     .build()?;
/// let host = Host::builder().build()?;
/// let quadruple = host.pipelines().deploy(pipeline).await?.typed::<u32, u32>()?;
/// assert_eq!(quadruple.call(3).await?, Some(12));
///
/// let numbers: Vec<u32> = quadruple.run(stream::iter([1, 2, 3])).try_collect().await?;
/// assert_eq!(numbers, [4, 8, 12]);
/// # Ok(()) }
/// ```
pub struct TypedPipeline<In, Out> {
    pipeline: PipelineDeployment,
    types: PhantomData<fn(In) -> Out>,
}

impl PipelineDeployment {
    /// Returns the pipeline with Rust types at its ends, which are checked here once: it must have
    /// one input of the type `In`, and one output of the type `Out`. Updates of stages never change
    /// them.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) with the existing ends and both types of
    /// each.
    pub fn typed<In: ItemType, Out: ItemType>(&self) -> Result<TypedPipeline<In, Out>> {
        TypedPipeline::new(self.clone())
    }
}

impl<In: ItemType, Out: ItemType> TypedPipeline<In, Out> {
    fn new(pipeline: PipelineDeployment) -> Result<Self> {
        let problems = problems::<In, Out>(&pipeline.pipeline());
        if problems.is_empty() {
            return Ok(Self {
                pipeline,
                types: PhantomData,
            });
        }
        let message = format!("`{}`: {}", pipeline.name(), problems.join("; "));
        Err(Error::new(ErrorKind::TypeMismatch, message))
    }

    /// Returns the pipeline without the Rust types, for values of any type.
    #[must_use]
    pub fn pipeline(&self) -> &PipelineDeployment {
        &self.pipeline
    }

    /// Sends one item through, within the deadlines of the pipeline and its stages, where they have
    /// one. Returns `None` if nothing came out: a stage skipped the item or made it a dead letter,
    /// or it took no edge.
    ///
    /// Cancel safe: dropping the future cancels the stages that work on the item.
    ///
    /// # Errors
    ///
    /// Those of [`PipelineDeployment::call`], except that the input always fits; and
    /// [`TypeMismatch`](ErrorKind::TypeMismatch) if one item had several results, which happens
    /// only where several edges lead to one input. [`run`](Self::run) returns all of them.
    ///
    /// # Panics
    ///
    /// If called outside a tokio runtime and the call has to wait.
    pub async fn call(&self, item: In) -> Result<Option<Out>> {
        let mut outputs = self.pipeline.call(item).await?.outputs;
        if outputs.len() > 1 {
            return Err(several_results(&self.pipeline, outputs.len()));
        }
        outputs.pop().map(|(_, item)| into_typed(item)).transpose()
    }

    /// Sends the items of a stream through, and returns the outputs; there is none for an item that
    /// was skipped. Backpressure and order are those of [`PipelineDeployment::run`].
    ///
    /// # Panics
    ///
    /// If the outputs are read outside a tokio runtime.
    pub fn run<S>(&self, input: S) -> TypedOutcomes<Out>
    where
        S: Stream<Item = In> + Send + 'static,
    {
        let outcomes = self.pipeline.run(input);
        let outputs = outcomes.map_ok(|outcome| {
            stream::iter(
                outcome
                    .outputs
                    .into_iter()
                    .map(|(_, item)| into_typed(item)),
            )
        });
        TypedOutcomes(outputs.try_flatten().boxed())
    }
}

/// The outputs of a run, in the order of its items unless a stage specifies otherwise. Ends with
/// the input, after the first error, and when the pipeline is removed.
///
/// Dropping it cancels the items inside.
#[must_use = "a run makes progress only while its outcomes are read"]
pub struct TypedOutcomes<Out>(BoxStream<'static, Result<Out>>);

impl<Out> Stream for TypedOutcomes<Out> {
    type Item = Result<Out>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<In, Out> Clone for TypedPipeline<In, Out> {
    fn clone(&self) -> Self {
        Self {
            pipeline: self.pipeline.clone(),
            types: PhantomData,
        }
    }
}

impl<In, Out> fmt::Debug for TypedPipeline<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = (type_name::<In>(), type_name::<Out>());
        f.debug_tuple("TypedPipeline")
            .field(&self.pipeline.name())
            .field(&types)
            .finish()
    }
}

/// Lists how the ends of a pipeline differ from the Rust types.
fn problems<In: ItemType, Out: ItemType>(pipeline: &ComponentPipeline) -> Vec<String> {
    let output = |stage: usize| format!("{}.output", pipeline.stages()[stage].name());
    let inputs = pipeline
        .inputs()
        .iter()
        .map(|input| (port_name(pipeline, input), &input.ty))
        .collect();
    let outputs = pipeline
        .outputs()
        .iter()
        .map(|end| (output(end.stage), &end.ty))
        .collect();
    let problems = [
        problem::<In>("input", inputs),
        problem::<Out>("output", outputs),
    ];
    problems.into_iter().flatten().collect()
}

fn problem<T: ItemType>(
    word: &str,
    ends: Vec<(String, &airssys_wasm_core::world::Type)>,
) -> Option<String> {
    let rust = T::wit_type();
    match &ends[..] {
        [(_, ty)] if **ty == rust => None,
        [(port, ty)] => Some(format!(
            "{word} `{port}` is `{ty}`, but `{}` is `{rust}`",
            type_name::<T>()
        )),
        [] => Some(format!(
            "it has no {word}, but `{}` needs one",
            type_name::<T>()
        )),
        several => {
            let ports: Vec<String> = several
                .iter()
                .map(|(port, ty)| format!("`{port}: {ty}`"))
                .collect();
            let ports = ports.join(", ");
            Some(format!(
                "it has several {word}s, {ports}, but `{}` is for one",
                type_name::<T>()
            ))
        }
    }
}

fn into_typed<T: ItemType>(item: Item) -> Result<T> {
    T::from_item(item).ok_or_else(wrong_edge_type)
}

fn several_results(pipeline: &PipelineDeployment, results: usize) -> Error {
    let message = format!(
        "`{}` returned {results} results for one item, but a typed call returns one; use `run` to get all of them",
        pipeline.name()
    );
    Error::new(ErrorKind::TypeMismatch, message)
}
