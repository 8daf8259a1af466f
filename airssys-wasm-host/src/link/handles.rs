//! Finds the resource handles in a value.
//!
//! Tests: `tests/suite/links/resources.rs`.

use airssys_wasm_core::world::{Field, Type};
use wasmtime::component::{ResourceAny, Val};

use super::passing::mismatched_types;

/// Returns the handle that takes the place of another one; the text is the name of its type.
pub(super) type ReplaceHandle<'a> =
    dyn FnMut(ResourceAny, &str) -> wasmtime::Result<ResourceAny> + 'a;

/// Returns the value with each of its handles replaced by `with`.
pub(super) fn replace_handles(
    value: &Val,
    ty: &Type,
    with: &mut ReplaceHandle<'_>,
) -> wasmtime::Result<Val> {
    Ok(match (value, ty) {
        (Val::Resource(handle), Type::Own(name) | Type::Borrow(name)) => {
            Val::Resource(with(*handle, name)?)
        }
        (Val::List(items), Type::List(ty)) => {
            Val::List(replace_all(items.iter().map(|item| (item, &**ty)), with)?)
        }
        (Val::FixedLengthList(items), Type::FixedLengthList(ty, _)) => {
            Val::FixedLengthList(replace_all(items.iter().map(|item| (item, &**ty)), with)?)
        }
        (Val::Tuple(items), Type::Tuple(types)) => {
            Val::Tuple(replace_all(items.iter().zip(types), with)?)
        }
        (Val::Map(entries), Type::Map(key, ty)) => {
            let entry = |(k, v): &(Val, Val)| {
                Ok((
                    replace_handles(k, key, with)?,
                    replace_handles(v, ty, with)?,
                ))
            };
            Val::Map(entries.iter().map(entry).collect::<wasmtime::Result<_>>()?)
        }
        (Val::Record(values), Type::Record(fields)) => {
            let field = |((name, value), field): (&(String, Val), &Field)| {
                Ok((name.clone(), replace_handles(value, &field.ty, with)?))
            };
            Val::Record(
                values
                    .iter()
                    .zip(fields)
                    .map(field)
                    .collect::<wasmtime::Result<_>>()?,
            )
        }
        (Val::Variant(name, payload), Type::Variant(cases)) => {
            let case = cases
                .iter()
                .find(|case| case.name == *name)
                .and_then(|case| case.ty.as_ref());
            Val::Variant(name.clone(), replace_payload(payload, case, with)?)
        }
        (Val::Option(payload), Type::Option(ty)) => {
            Val::Option(replace_payload(payload, Some(ty), with)?)
        }
        (Val::Result(Ok(payload)), Type::Result { ok, .. }) => {
            Val::Result(Ok(replace_payload(payload, ok.as_deref(), with)?))
        }
        (Val::Result(Err(payload)), Type::Result { err, .. }) => {
            Val::Result(Err(replace_payload(payload, err.as_deref(), with)?))
        }
        (Val::Resource(_), _) => return Err(mismatched_types()),
        (plain, _) => plain.clone(),
    })
}

fn replace_all<'a>(
    items: impl Iterator<Item = (&'a Val, &'a Type)>,
    with: &mut ReplaceHandle<'_>,
) -> wasmtime::Result<Vec<Val>> {
    items
        .map(|(item, ty)| replace_handles(item, ty, with))
        .collect()
}

fn replace_payload(
    payload: &Option<Box<Val>>,
    ty: Option<&Type>,
    with: &mut ReplaceHandle<'_>,
) -> wasmtime::Result<Option<Box<Val>>> {
    let Some((payload, ty)) = payload.as_deref().zip(ty) else {
        return Ok(None);
    };
    Ok(Some(Box::new(replace_handles(payload, ty, with)?)))
}
