//! Converts this library's values to wasmtime's and back.
//!
//! The tests call a guest that echoes all types.
//! Tests: `tests/suite/calls.rs`.

use airssys_wasm_core::Value;
use airssys_wasm_core::world::{Field, Type};
use wasmtime::component::Val;

use crate::{Error, ErrorKind, Result};

/// Converts a value, which was checked to fit `ty`, to wasmtime's.
pub(crate) fn to_wasm(value: &Value, ty: &Type) -> Val {
    match (value, ty) {
        (Value::List(items), Type::List(ty)) => {
            Val::List(items.iter().map(|item| to_wasm(item, ty)).collect())
        }
        (Value::List(items), Type::FixedLengthList(ty, _)) => {
            Val::FixedLengthList(items.iter().map(|item| to_wasm(item, ty)).collect())
        }
        (Value::Map(entries), Type::Map(key, value)) => Val::Map(
            entries
                .iter()
                .map(|(k, v)| (to_wasm(k, key), to_wasm(v, value)))
                .collect(),
        ),
        (Value::Record(given), Type::Record(fields)) => Val::Record(in_order(given, fields)),
        (Value::Tuple(items), Type::Tuple(types)) => Val::Tuple(
            items
                .iter()
                .zip(types)
                .map(|(item, ty)| to_wasm(item, ty))
                .collect(),
        ),
        (Value::Variant(name, payload), Type::Variant(cases)) => {
            let case = cases.iter().find(|case| case.name == *name);
            Val::Variant(
                name.clone(),
                boxed(payload.as_deref(), case.and_then(|case| case.ty.as_ref())),
            )
        }
        (Value::Option(payload), Type::Option(ty)) => {
            Val::Option(boxed(payload.as_deref(), Some(ty)))
        }
        (Value::Result(Ok(payload)), Type::Result { ok, .. }) => {
            Val::Result(Ok(boxed(payload.as_deref(), ok.as_deref())))
        }
        (Value::Result(Err(payload)), Type::Result { err, .. }) => {
            Val::Result(Err(boxed(payload.as_deref(), err.as_deref())))
        }
        (plain, _) => plain_to_wasm(plain),
    }
}

fn plain_to_wasm(value: &Value) -> Val {
    match value {
        Value::Bool(v) => Val::Bool(*v),
        Value::S8(v) => Val::S8(*v),
        Value::U8(v) => Val::U8(*v),
        Value::S16(v) => Val::S16(*v),
        Value::U16(v) => Val::U16(*v),
        Value::S32(v) => Val::S32(*v),
        Value::U32(v) => Val::U32(*v),
        Value::S64(v) => Val::S64(*v),
        Value::U64(v) => Val::U64(*v),
        Value::F32(v) => Val::Float32(*v),
        Value::F64(v) => Val::Float64(*v),
        Value::Char(v) => Val::Char(*v),
        Value::String(v) => Val::String(v.clone()),
        Value::Enum(name) => Val::Enum(name.clone()),
        Value::Flags(names) => Val::Flags(names.clone()),
        other => unreachable!("the value was checked against its type: {other:?}"),
    }
}

fn boxed(payload: Option<&Value>, ty: Option<&Type>) -> Option<Box<Val>> {
    payload
        .zip(ty)
        .map(|(payload, ty)| Box::new(to_wasm(payload, ty)))
}

/// Returns the fields in the order of the type, as the canonical ABI requires.
fn in_order(given: &[(String, Value)], fields: &[Field]) -> Vec<(String, Val)> {
    let value_of = |field: &Field| given.iter().find(|(name, _)| *name == field.name);
    fields
        .iter()
        .filter_map(|field| Some((field.name.clone(), to_wasm(&value_of(field)?.1, &field.ty))))
        .collect()
}

/// Converts a value of wasmtime's. Fails for resources and streams.
pub(crate) fn from_wasm(value: Val) -> Result<Value> {
    let boxed = |value: Option<Box<Val>>| {
        value
            .map(|value| from_wasm(*value).map(Box::new))
            .transpose()
    };
    Ok(match value {
        Val::Bool(v) => Value::Bool(v),
        Val::S8(v) => Value::S8(v),
        Val::U8(v) => Value::U8(v),
        Val::S16(v) => Value::S16(v),
        Val::U16(v) => Value::U16(v),
        Val::S32(v) => Value::S32(v),
        Val::U32(v) => Value::U32(v),
        Val::S64(v) => Value::S64(v),
        Val::U64(v) => Value::U64(v),
        Val::Float32(v) => Value::F32(v),
        Val::Float64(v) => Value::F64(v),
        Val::Char(v) => Value::Char(v),
        Val::String(v) => Value::String(v),
        Val::List(items) | Val::FixedLengthList(items) => Value::List(all_from_wasm(items)?),
        Val::Tuple(items) => Value::Tuple(all_from_wasm(items)?),
        Val::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(k, v)| Ok((from_wasm(k)?, from_wasm(v)?)))
                .collect::<Result<_>>()?,
        ),
        Val::Record(fields) => Value::Record(
            fields
                .into_iter()
                .map(|(n, v)| Ok((n, from_wasm(v)?)))
                .collect::<Result<_>>()?,
        ),
        Val::Variant(name, payload) => Value::Variant(name, boxed(payload)?),
        Val::Enum(name) => Value::Enum(name),
        Val::Option(payload) => Value::Option(boxed(payload)?),
        Val::Result(Ok(payload)) => Value::Result(Ok(boxed(payload)?)),
        Val::Result(Err(payload)) => Value::Result(Err(boxed(payload)?)),
        Val::Flags(names) => Value::Flags(names),
        Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            return Err(Error::new(
                ErrorKind::TypeMismatch,
                "a resource or stream is not a value",
            ));
        }
    })
}

fn all_from_wasm(items: Vec<Val>) -> Result<Vec<Value>> {
    items.into_iter().map(from_wasm).collect()
}
