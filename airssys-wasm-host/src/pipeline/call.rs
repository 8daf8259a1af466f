//! Calls the function of a stage, by the lane that its signature allows.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use airssys_wasm_core::pipeline::{Source, Stage};
use airssys_wasm_core::world::{Function as FunctionType, Signature};
use airssys_wasm_core::{ComponentName, FunctionName};
use wasmtime::component::Val;

use super::item::{Held, Item, Items, Returned};
use super::stream::{PerChunk, Streaming};
use super::time::AttemptTime;
use crate::deployment::Named;
use crate::function::{
    DynamicFunction, Function, Params, Results, StreamingFunction, WithTypes, with_types,
};
use crate::{Error, ErrorKind, Result};

pub(super) type Called<'a> = Pin<Box<dyn Future<Output = Result<Returned>> + Send + 'a>>;

/// A function that takes items. A call stores the number of the revision that serves it in
/// `revision`.
pub(super) trait Call: Send + Sync {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> Called<'a>;
}

/// The output of a stage for one item.
pub(super) enum Came {
    /// The function's output, if it has one.
    Output(Option<Item>),
    /// The error that the function returned, if it has a payload.
    Error(Option<Item>),
    /// The end of a source.
    End,
}

/// Interprets the value that a stage's function returned.
pub(super) fn meaning(returned: Returned, is_fallible: bool, source: Option<Source>) -> Came {
    let returned = if is_fallible {
        split(returned)
    } else {
        Ok(returned)
    };
    match (returned, source) {
        (Err(error), _) => Came::Error(error),
        (Ok(returned), Some(Source::UntilNone)) => match unwrapped(returned) {
            Some(item) => Came::Output(Some(item)),
            None => Came::End,
        },
        (Ok(returned), _) => Came::Output(whole(returned)),
    }
}

fn split(returned: Returned) -> Result<Returned, Option<Item>> {
    let boxed = |val: Option<Box<Val>>| val.map(|val| Item(Held::Val(*val)));
    match returned {
        Returned::Either(Ok(item)) => Ok(Returned::One(item)),
        Returned::Either(Err(item)) => Err(Some(item)),
        Returned::One(Item(Held::Val(Val::Result(Ok(ok))))) => {
            Ok(boxed(ok).map_or(Returned::Nothing, Returned::One))
        }
        Returned::One(Item(Held::Val(Val::Result(Err(error))))) => Err(boxed(error)),
        other => Ok(other),
    }
}

fn unwrapped(returned: Returned) -> Option<Item> {
    match returned {
        Returned::Maybe(item) => item,
        Returned::One(Item(Held::Val(Val::Option(item)))) => {
            item.map(|item| Item(Held::Val(*item)))
        }
        Returned::One(item) => Some(item),
        Returned::Nothing | Returned::Either(_) => None,
    }
}

fn whole(returned: Returned) -> Option<Item> {
    match returned {
        Returned::Nothing => None,
        Returned::One(item) | Returned::Either(Ok(item) | Err(item)) => Some(item),
        Returned::Maybe(item) => {
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
    target: &Arc<Named>,
    function: &FunctionType,
    stage: &Stage,
    pipeline: &ComponentName,
) -> Result<Arc<dyn Call>> {
    let connect = Connect {
        target,
        function,
        pipeline,
    };
    let time = AttemptTime::of(stage, target);
    if let Some((elements, lists)) = stage.chunk() {
        return Ok(Arc::new(PerChunk::new(
            connect.values()?,
            elements,
            lists,
            time,
        )));
    }
    if stage.has_streams() {
        let (name, caller) = connect.names();
        return Ok(Arc::new(Streaming::new(
            StreamingFunction::of_caller(target, name, caller)?,
            time,
        )));
    }
    connect.values()
}

struct Connect<'a> {
    target: &'a Arc<Named>,
    function: &'a FunctionType,
    pipeline: &'a ComponentName,
}

impl Connect<'_> {
    /// Creates a function that is called with values.
    fn values(self) -> Result<Arc<dyn Call>> {
        if let Some(signature) = Signature::of(self.function) {
            return with_types(signature, self);
        }
        let (name, caller) = self.names();
        Ok(Arc::new(Dynamic(DynamicFunction::of_caller(
            self.target,
            name,
            caller,
        )?)))
    }

    fn names(&self) -> (FunctionName, Option<ComponentName>) {
        (self.function.name.clone(), Some(self.pipeline.clone()))
    }
}

impl WithTypes for Connect<'_> {
    type Out = Result<Arc<dyn Call>>;

    fn with<P: Params, R: Results>(self) -> Self::Out {
        let (name, caller) = self.names();
        Ok(Arc::new(Typed(Function::<P, R>::of_caller(
            self.target,
            name,
            caller,
        )?)))
    }
}

struct Typed<P, R>(Function<P, R>);

impl<P: Params, R: Results> Call for Typed<P, R> {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> Called<'a> {
        Box::pin(async move {
            let params = P::from_items(items).ok_or_else(other_types)?;
            Ok(self.0.call_told(params, revision).await?.into_returned())
        })
    }
}

struct Dynamic(DynamicFunction);

impl Call for Dynamic {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> Called<'a> {
        let params = self.0.ty().params.iter();
        let params: Result<Vec<Val>> = items
            .into_iter()
            .zip(params)
            .map(|(item, param)| item.into_val(&param.ty))
            .collect();
        Box::pin(async move {
            let result = self.0.call_told(params?, revision).await?;
            Ok(result.map_or(Returned::Nothing, |val| Returned::One(Item(Held::Val(val)))))
        })
    }
}

pub(super) fn other_types() -> Error {
    Error::new(
        ErrorKind::Internal,
        "an item does not have the type of its edge; this is a bug",
    )
}
