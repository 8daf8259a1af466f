//! Calls whose guest exits with success, which count as returned if the function has no result to
//! return.
//!
//! That is so for a function without a result, and for one whose `result` has no payload, such as
//! that of a command, which only reports whether it succeeded.
//! Tests: `tests/suite/ends`.

use std::any::Any;

use airssys_wasm_core::world::{Function as FunctionType, Type};
use wasmtime::component::Val;

/// Returns the results of a function with Rust types whose guest exited with success, if it has no
/// result to return.
pub(super) fn typed_exit_result<R: 'static>() -> Option<R> {
    cast(()).or_else(|| cast((Ok::<(), ()>(()),)))
}

/// Returns the result of a function with values whose guest exited with success, if it has no
/// result to return.
pub(super) fn dynamic_exit_result(ty: &FunctionType) -> Option<Option<Val>> {
    match &ty.result {
        None => Some(None),
        Some(Type::Result {
            ok: None,
            err: None,
        }) => Some(Some(Val::Result(Ok(None)))),
        Some(_) => None,
    }
}

/// Returns `value` as an `R`, if it is one.
fn cast<V: 'static, R: 'static>(value: V) -> Option<R> {
    let mut value = Some(value);
    (&mut value as &mut dyn Any)
        .downcast_mut::<Option<R>>()
        .and_then(Option::take)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_succeeds_only_without_a_result_to_return() {
        assert_eq!(typed_exit_result::<()>(), Some(()));
        assert_eq!(typed_exit_result::<(Result<(), ()>,)>(), Some((Ok(()),)));
        assert_eq!(typed_exit_result::<(u32,)>(), None);
        assert_eq!(typed_exit_result::<(Result<(), String>,)>(), None);
    }
}
