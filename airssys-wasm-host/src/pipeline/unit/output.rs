//! The value that a function returned, as an item at a port.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`, `tests/suite/pipelines/shapes.rs`.

use airssys_wasm_core::Value;
use airssys_wasm_core::pipeline::{OutputPort, SourceMode};
use wasmtime::component::Val;

use super::super::item::{Item, ItemValue};
use super::super::stage::StageValue;

/// The output of a unit for one item.
pub(in super::super) struct UnitOutput {
    pub(in super::super) port: OutputPort,
    /// `None` if the function returns nothing there. From a source that is called until it returns
    /// none, `None` is the end of the source.
    pub(in super::super) item: Option<Item>,
}

impl UnitOutput {
    /// Interprets the value of a function that returns a `result`.
    pub(super) fn from_fallible(returned: StageValue, source: Option<SourceMode>) -> Self {
        match split_result(returned) {
            Ok(returned) => Self::from_infallible(returned, source),
            Err(item) => Self {
                port: OutputPort::Error,
                item,
            },
        }
    }

    /// Interprets the value of a function that returns no error.
    #[inline]
    pub(super) fn from_infallible(returned: StageValue, source: Option<SourceMode>) -> Self {
        Self {
            port: OutputPort::Output,
            item: match source {
                Some(SourceMode::UntilNone) => unwrap_option(returned),
                _ => into_item(returned),
            },
        }
    }
}

fn split_result(returned: StageValue) -> Result<StageValue, Option<Item>> {
    let boxed = |val: Option<Box<Val>>| val.map(|val| Item::from_val(*val));
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
            item.map(|item| Item::from_val(*item))
        }
        StageValue::One(item) => Some(item),
        StageValue::Nothing | StageValue::Either(_) => None,
    }
}

#[inline]
fn into_item(returned: StageValue) -> Option<Item> {
    match returned {
        StageValue::Nothing => None,
        StageValue::One(item) | StageValue::Either(Ok(item) | Err(item)) => Some(item),
        StageValue::Maybe(item) => {
            let value = item
                .map(|item| item.into_value().map(Box::new))
                .transpose()
                .ok()?;
            Some(Item::from(Value::Option(value)))
        }
    }
}
