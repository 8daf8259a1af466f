//! Calls the function of a stage, by the lane that its signature allows.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::pipeline::{SourceMode, Stage};
use airssys_wasm_core::world::{Function as FunctionType, PlainSignature};
use airssys_wasm_core::{ComponentName, FunctionName};
use wasmtime::component::Val;

use super::item::{Item, ItemValue, Items, StageValue};
use super::stream::{ChunkedCall, StreamingCall};
use super::time::AttemptLimit;
use crate::deployment::DeploymentEntry;
use crate::function::{
    DynamicFunction, Function, Params, Results, StreamingFunction, WithTypes, with_types,
};
use crate::{Error, ErrorKind, Result};

pub(super) type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<StageValue>> + Send + 'a>>;

/// A function that takes items. A call stores the number of the revision that serves it in
/// `revision`.
pub(super) trait StageCall: Send + Sync {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> CallFuture<'a>;
}

/// The output of a stage for one item.
pub(super) enum StageOutput {
    /// The function's output, if it has one.
    Output(Option<Item>),
    /// The error that the function returned, if it has a payload.
    Error(Option<Item>),
    /// The end of a source.
    End,
}

/// Interprets the value that a stage's function returned, if it is no error.
pub(super) fn interpret(returned: StageValue, source: Option<SourceMode>) -> StageOutput {
    match source {
        Some(SourceMode::UntilNone) => match unwrap_option(returned) {
            Some(item) => StageOutput::Output(Some(item)),
            None => StageOutput::End,
        },
        _ => StageOutput::Output(into_item(returned)),
    }
}

/// Interprets the value that a fallible function of a stage returned.
pub(super) fn interpret_result(returned: StageValue, source: Option<SourceMode>) -> StageOutput {
    match split_result(returned) {
        Ok(returned) => interpret(returned, source),
        Err(error) => StageOutput::Error(error),
    }
}

fn split_result(returned: StageValue) -> Result<StageValue, Option<Item>> {
    let boxed = |val: Option<Box<Val>>| val.map(|val| Item(ItemValue::Val(*val)));
    match returned {
        StageValue::Either(Ok(item)) => Ok(StageValue::One(item)),
        StageValue::Either(Err(item)) => Err(Some(item)),
        StageValue::One(Item(ItemValue::Val(Val::Result(Ok(ok))))) => {
            Ok(boxed(ok).map_or(StageValue::Nothing, StageValue::One))
        }
        StageValue::One(Item(ItemValue::Val(Val::Result(Err(error))))) => Err(boxed(error)),
        other => Ok(other),
    }
}

fn unwrap_option(returned: StageValue) -> Option<Item> {
    match returned {
        StageValue::Maybe(item) => item,
        StageValue::One(Item(ItemValue::Val(Val::Option(item)))) => {
            item.map(|item| Item(ItemValue::Val(*item)))
        }
        StageValue::One(item) => Some(item),
        StageValue::Nothing | StageValue::Either(_) => None,
    }
}

fn into_item(returned: StageValue) -> Option<Item> {
    match returned {
        StageValue::Nothing => None,
        StageValue::One(item) | StageValue::Either(Ok(item) | Err(item)) => Some(item),
        StageValue::Maybe(item) => {
            let value = item
                .map(|item| item.into_value().map(Box::new))
                .transpose()
                .ok()?;
            Some(Item::from(airssys_wasm_core::Value::Option(value)))
        }
    }
}

/// Creates a handle to a stage's function in its deployment, for a pipeline.
pub(super) fn connect(
    target: &Arc<DeploymentEntry>,
    function: &FunctionType,
    stage: &Stage,
    pipeline: &ComponentName,
) -> Result<Arc<dyn StageCall>> {
    let connect = ConnectStage {
        target,
        function,
        pipeline,
    };
    let time = AttemptLimit::for_stage(stage, target);
    if let Some((elements, lists)) = stage.chunk() {
        return Ok(Arc::new(ChunkedCall::new(
            connect.connect_values()?,
            elements,
            lists,
            time,
        )));
    }
    if stage.has_streams() {
        let (name, caller) = connect.names();
        return Ok(Arc::new(StreamingCall::new(
            StreamingFunction::for_caller(target, name, caller)?,
            time,
        )));
    }
    connect.connect_values()
}

struct ConnectStage<'a> {
    target: &'a Arc<DeploymentEntry>,
    function: &'a FunctionType,
    pipeline: &'a ComponentName,
}

impl ConnectStage<'_> {
    /// Creates a function that is called with values.
    fn connect_values(self) -> Result<Arc<dyn StageCall>> {
        if let Some(signature) = PlainSignature::from_function(self.function) {
            return with_types(signature, self);
        }
        let (name, caller) = self.names();
        Ok(Arc::new(DynamicCall(DynamicFunction::for_caller(
            self.target,
            name,
            caller,
        )?)))
    }

    fn names(&self) -> (FunctionName, Option<ComponentName>) {
        (self.function.name.clone(), Some(self.pipeline.clone()))
    }
}

impl WithTypes for ConnectStage<'_> {
    type Out = Result<Arc<dyn StageCall>>;

    fn with<P: Params, R: Results>(self) -> Self::Out {
        let (name, caller) = self.names();
        Ok(Arc::new(TypedCall(Function::<P, R>::for_caller(
            self.target,
            name,
            caller,
        )?)))
    }
}

struct TypedCall<P, R>(Function<P, R>);

impl<P: Params, R: Results> StageCall for TypedCall<P, R> {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> CallFuture<'a> {
        Box::pin(async move {
            let params = P::from_values(items).ok_or_else(wrong_edge_type)?;
            Ok(self
                .0
                .call_recording_revision(params, revision)
                .await?
                .into_returned())
        })
    }
}

struct DynamicCall(DynamicFunction);

impl StageCall for DynamicCall {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> CallFuture<'a> {
        let params = self.0.ty().params.iter();
        let params: Result<Vec<Val>> = items
            .into_iter()
            .zip(params)
            .map(|(item, param)| item.into_val(&param.ty))
            .collect();
        Box::pin(async move {
            let result = self.0.call_recording_revision(params?, revision).await?;
            Ok(result.map_or(StageValue::Nothing, |val| {
                StageValue::One(Item(ItemValue::Val(val)))
            }))
        })
    }
}

pub(super) fn wrong_edge_type() -> Error {
    Error::new(
        ErrorKind::Internal,
        "an item does not have the type of its edge; this is a bug",
    )
}
