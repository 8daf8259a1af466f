//! A function that takes items.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`.

use std::pin::Pin;
use std::sync::atomic::AtomicU64;

use wasmtime::component::Val;

use super::super::item::{Item, Items};
use crate::Result;
use crate::function::ReturnedValue;

/// The value that the function of a stage returns.
pub(in super::super) type StageValue = ReturnedValue<Item>;

pub(super) type StageFuture<'a> = Pin<Box<dyn Future<Output = Result<StageValue>> + Send + 'a>>;

/// The function of a stage. A call stores the number of the revision that serves it in `revision`.
pub(in super::super) trait StageFunction: Send + Sync {
    fn call<'a>(&'a self, items: Items, revision: &'a AtomicU64) -> StageFuture<'a>;
}

/// Returns the value of a function that returned a dynamic value, or nothing.
pub(super) fn into_stage_value(val: Option<Val>) -> StageValue {
    val.map_or(StageValue::Nothing, |val| {
        StageValue::One(Item::from_val(val))
    })
}
