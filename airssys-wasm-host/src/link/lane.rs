//! How values cross from one component to another.
//!
//! Values of common signatures have Rust types and are copied as they are; all others are
//! described, which is slow for long lists of bytes.
//! Tests: the workspace's `tests/suite/links`, which compares the two.

use std::any::Any;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::world::{Function as FunctionType, Type};
use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower};

use super::stub::{Calling, LinkFailed};
use crate::Result;
use crate::deployment::Named;
use crate::function::{DynamicFunction, Function};
use crate::instance::InstanceState;

/// How a link is called.
pub(super) enum Calls {
    Dynamic(DynamicFunction),
    /// A [`Function`] of the types that `of_types` finds.
    Typed(Arc<dyn Any + Send + Sync>),
}

/// A handle to `function` in `target`, for `caller`.
pub(super) fn connect(target: &Arc<Named>, function: &FunctionType, caller: &ComponentName) -> Result<Calls> {
    match of_types(function, Connect { target, function, caller }) {
        Some(typed) => typed,
        None => {
            let name = function.name.clone();
            DynamicFunction::of_caller(target, name, Some(caller.clone())).map(Calls::Dynamic)
        }
    }
}

/// Links a stub that calls the link at `place`.
pub(super) fn define(
    instance: &mut LinkerInstance<'_, InstanceState>,
    function: &FunctionType,
    place: usize,
) -> wasmtime::Result<()> {
    let name = function.name.function();
    if let Some(defined) = of_types(function, Define { instance, name, place }) {
        return defined;
    }
    instance.func_new_async(name, move |mut store, _, params, results| {
        Box::new(async move {
            let calling = Calling::begin(&mut store, place)?;
            let Calls::Dynamic(function) = &calling.link.calls else { return Err(other_types()) };
            let called = function.call_linked(&calling.tree, calling.deadline, params, results).await;
            called.map_err(|error| LinkFailed(error).into())
        })
    })
}

/// Does something with the Rust types of a signature.
trait WithTypes {
    type Out;

    fn with<Params, Results>(self) -> Self::Out
    where
        Params: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
        Results: ComponentNamedList + Lower + Lift + Send + Sync + 'static;
}

struct Connect<'a> {
    target: &'a Arc<Named>,
    function: &'a FunctionType,
    caller: &'a ComponentName,
}

impl WithTypes for Connect<'_> {
    type Out = Result<Calls>;

    fn with<Params, Results>(self) -> Result<Calls>
    where
        Params: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
        Results: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
    {
        let (name, caller) = (self.function.name.clone(), Some(self.caller.clone()));
        let function = Function::<Params, Results>::of_caller(self.target, name, caller)?;
        Ok(Calls::Typed(Arc::new(function)))
    }
}

struct Define<'a, 'l> {
    instance: &'a mut LinkerInstance<'l, InstanceState>,
    name: &'a str,
    place: usize,
}

impl WithTypes for Define<'_, '_> {
    type Out = wasmtime::Result<()>;

    fn with<Params, Results>(self) -> wasmtime::Result<()>
    where
        Params: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
        Results: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
    {
        let place = self.place;
        self.instance.func_wrap_async(self.name, move |mut store, params: Params| {
            Box::new(async move {
                let calling = Calling::begin(&mut store, place)?;
                let Calls::Typed(function) = &calling.link.calls else { return Err(other_types()) };
                let Some(function) = function.downcast_ref::<Function<Params, Results>>() else {
                    return Err(other_types());
                };
                let called = function.call_linked(&calling.tree, calling.deadline, params).await;
                called.map_err(|error: crate::Error| LinkFailed(error).into())
            })
        })
    }
}

fn other_types() -> wasmtime::Error {
    wasmtime::Error::msg("a link has other types than its stub; this is a bug")
}

type Bytes = Vec<u8>;
type Text = String;

/// The Rust types of a signature, if it is one of those that have a lane of their own.
fn of_types<W: WithTypes>(function: &FunctionType, with: W) -> Option<W::Out> {
    let params: Vec<&Type> = function.params.iter().map(|param| &param.ty).collect();
    match params[..] {
        [] => result_types::<(), W>(function, with),
        [ty] if is_bytes(ty) => result_types::<(Bytes,), W>(function, with),
        [Type::String] => result_types::<(Text,), W>(function, with),
        [Type::U32] => result_types::<(u32,), W>(function, with),
        [Type::U64] => result_types::<(u64,), W>(function, with),
        [Type::U32, Type::U32] => result_types::<(u32, u32), W>(function, with),
        [Type::String, ty] if is_bytes(ty) => result_types::<(Text, Bytes), W>(function, with),
        _ => None,
    }
}

fn result_types<Params, W>(function: &FunctionType, with: W) -> Option<W::Out>
where
    Params: ComponentNamedList + Lower + Lift + Send + Sync + 'static,
    W: WithTypes,
{
    Some(match function.result.as_ref() {
        None => with.with::<Params, ()>(),
        Some(ty) if is_bytes(ty) => with.with::<Params, (Bytes,)>(),
        Some(Type::String) => with.with::<Params, (Text,)>(),
        Some(Type::U32) => with.with::<Params, (u32,)>(),
        Some(Type::U64) => with.with::<Params, (u64,)>(),
        Some(Type::Option(ty)) if is_bytes(ty) => with.with::<Params, (Option<Bytes>,)>(),
        Some(Type::Result { ok: Some(ok), err: Some(err) }) if **err == Type::String => match &**ok {
            Type::String => with.with::<Params, (Result<Text, Text>,)>(),
            ok if is_bytes(ok) => with.with::<Params, (Result<Bytes, Text>,)>(),
            _ => return None,
        },
        _ => return None,
    })
}

fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::List(item) if **item == Type::U8)
}
