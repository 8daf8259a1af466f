//! Items checked against the type of an input, and converted to the type of an edge or parameter.
//!
//! Tests: `tests/suite/pipelines/refused.rs`, `tests/suite/pipelines/lanes.rs`.

use airssys_wasm_core::world::Type;
use airssys_wasm_core::{Value, ValueMismatch};
use wasmtime::component::Val;

use super::{Item, ItemValue, not_a_value};
use crate::function::values;
use crate::{Error, ErrorKind, Result};

impl Item {
    /// Prepares the item for an input of type `ty`. If it has another type, fails with a
    /// description of it.
    pub(in super::super) fn fit_input(&mut self, ty: &Type) -> Result<(), String> {
        // An item from a stage of another pipeline may have any type.
        if let ItemValue::Val(val) = &self.0 {
            self.0 = ItemValue::Value(
                values::from_wasm(val.clone()).map_err(|error| error.to_string())?,
            );
        }
        let fits = match (&self.0, ty) {
            (ItemValue::Bytes(_), Type::List(item)) => **item == Type::U8,
            (ItemValue::Stream(flow), ty) => flow.element().to_stream_type() == *ty,
            (_, Type::Stream(Some(element))) => {
                return self.fit_input(&Type::List(element.clone()));
            }
            (ItemValue::Text(_), Type::String)
            | (ItemValue::U32(_), Type::U32)
            | (ItemValue::U64(_), Type::U64) => true,
            (ItemValue::Value(value), ty) => {
                return value
                    .fits(ty)
                    .map_err(|error| describe_mismatch(value, &error));
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(format!("`{}`", self.type_text()))
        }
    }

    /// Converts the item to a type that its own type flows into.
    pub(in super::super) fn into_type(self, ty: &Type) -> Result<Self> {
        let value = self.into_value()?;
        value
            .into_type(ty)
            .map(Self::from)
            .map_err(|error| Error::new(ErrorKind::TypeMismatch, error.to_string()))
    }

    /// Converts the item to a value of the runtime, of a type that it was checked against.
    pub(in super::super) fn into_val(self, ty: &Type) -> Result<Val> {
        Ok(match self.0 {
            ItemValue::Bytes(bytes) => Val::List(bytes.into_iter().map(Val::U8).collect()),
            ItemValue::Text(text) => Val::String(text),
            ItemValue::U32(number) => Val::U32(number),
            ItemValue::U64(number) => Val::U64(number),
            ItemValue::Val(val) => val,
            ItemValue::Value(value) => values::to_wasm(&value, ty),
            ItemValue::Stream(_) => return Err(not_a_value()),
        })
    }

    /// Describes the type, as far as it is known.
    fn type_text(&self) -> String {
        match &self.0 {
            ItemValue::Bytes(_) => "list<u8>".into(),
            ItemValue::Text(_) => "string".into(),
            ItemValue::U32(_) => "u32".into(),
            ItemValue::U64(_) => "u64".into(),
            ItemValue::Value(value) => value.describe(),
            ItemValue::Val(_) => "value".into(),
            ItemValue::Stream(flow) => flow.element().to_stream_type().to_string(),
        }
    }
}

/// Describes a value, and the part of it that has another type.
fn describe_mismatch(value: &Value, error: &ValueMismatch) -> String {
    match error.path() {
        [] => format!("`{}`", value.describe()),
        _ => format!("`{}`: {error}", value.describe()),
    }
}
