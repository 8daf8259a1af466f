//! A guest that ends itself with success, in a function that has no result to give: the call
//! returned.
//!
//! A function without a result has none to give, nor has one whose `result` carries nothing, as
//! that of a command: it says only whether it succeeded.
//! Tests: the workspace's `tests/suite/ends`.

use std::any::Any;

use airssys_wasm_core::world::{Function as FunctionType, Type};
use wasmtime::component::Val;

/// The results of a function with Rust types whose guest exited with success, if that is a result.
pub(super) fn typed<R: 'static>() -> Option<R> {
    take(()).or_else(|| take((Ok::<(), ()>(()),)))
}

/// The result of a function with values, likewise.
pub(super) fn dynamic(ty: &FunctionType) -> Option<Option<Val>> {
    match &ty.result {
        None => Some(None),
        Some(Type::Result {
            ok: None,
            err: None,
        }) => Some(Some(Val::Result(Ok(None)))),
        Some(_) => None,
    }
}

/// `value` as an `R`, if it is one.
fn take<V: 'static, R: 'static>(value: V) -> Option<R> {
    let mut value = Some(value);
    (&mut value as &mut dyn Any)
        .downcast_mut::<Option<R>>()
        .and_then(Option::take)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_result_to_give_succeeds() {
        assert_eq!(typed::<()>(), Some(()));
        assert_eq!(typed::<(Result<(), ()>,)>(), Some((Ok(()),)));
        assert_eq!(typed::<(u32,)>(), None);
        assert_eq!(typed::<(Result<(), String>,)>(), None);
    }
}
