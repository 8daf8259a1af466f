//! Passes values from one component to another.
//!
//! Values of the signatures that core lists have Rust types and are copied as they are. All others
//! are passed as dynamic values, which is slow for long lists of bytes. The tests compare the two.
//! Tests: `tests/suite/links`.

use std::any::Any;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::world::{Function as FunctionType, PlainSignature};
use wasmtime::component::LinkerInstance;

use super::resources::{self, ResourceKinds};
use super::stub::LinkedCall;
use crate::Result;
use crate::deployment::DeploymentEntry;
use crate::error::LinkFailure;
use crate::function::{DynamicFunction, Function, Params, Results, WithTypes, with_types};
use crate::instance::InstanceState;

/// The way in which a link is called.
pub(super) enum LinkLane {
    Dynamic(DynamicFunction),
    /// A [`Function`] with the types of its signature.
    Typed(Arc<dyn Any + Send + Sync>),
    /// With resource handles, which each call translates into the resources that they stand for.
    WithHandles(DynamicFunction),
}

/// Creates a handle to `function` in `target`, for `caller`.
pub(super) fn connect(
    target: &Arc<DeploymentEntry>,
    function: &FunctionType,
    caller: &ComponentName,
) -> Result<LinkLane> {
    if let Some(signature) = PlainSignature::from_function(function) {
        return with_types(
            signature,
            ConnectLink {
                target,
                function,
                caller,
            },
        );
    }
    let linked = DynamicFunction::for_link(target, function.name.clone(), caller.clone())?;
    Ok(if uses_handles(function) {
        LinkLane::WithHandles(linked)
    } else {
        LinkLane::Dynamic(linked)
    })
}

fn uses_handles(function: &FunctionType) -> bool {
    function.resources().next().is_some()
}

/// Links a stub that calls the link at `place`.
pub(super) fn define(
    instance: &mut LinkerInstance<'_, InstanceState>,
    function: &FunctionType,
    place: usize,
    kinds: &Arc<ResourceKinds>,
) -> wasmtime::Result<()> {
    if uses_handles(function) {
        return resources::define(instance, function, place, kinds);
    }
    let name = function.name.function();
    if let Some(signature) = PlainSignature::from_function(function) {
        return with_types(
            signature,
            DefineStub {
                instance,
                name,
                place,
            },
        );
    }
    instance.func_new_async(name, move |mut store, _, params, results| {
        Box::new(async move {
            let calling = LinkedCall::begin(&mut store, place)?;
            let LinkLane::Dynamic(function) = &calling.link.lane else {
                return Err(mismatched_types());
            };
            let sitting = calling.session_admission().await?;
            let called = function
                .call_linked(&calling.tree, calling.deadline, sitting, params, results)
                .await;
            called.map_err(|error| LinkFailure(error).into())
        })
    })
}

struct ConnectLink<'a> {
    target: &'a Arc<DeploymentEntry>,
    function: &'a FunctionType,
    caller: &'a ComponentName,
}

impl WithTypes for ConnectLink<'_> {
    type Out = Result<LinkLane>;

    fn with<P: Params, R: Results>(self) -> Result<LinkLane> {
        let (name, caller) = (self.function.name.clone(), Some(self.caller.clone()));
        let function = Function::<P, R>::for_caller(self.target, name, caller)?;
        Ok(LinkLane::Typed(Arc::new(function)))
    }
}

struct DefineStub<'a, 'l> {
    instance: &'a mut LinkerInstance<'l, InstanceState>,
    name: &'a str,
    place: usize,
}

impl WithTypes for DefineStub<'_, '_> {
    type Out = wasmtime::Result<()>;

    fn with<P: Params, R: Results>(self) -> wasmtime::Result<()> {
        let place = self.place;
        self.instance
            .func_wrap_async(self.name, move |mut store, params: P| {
                Box::new(async move {
                    let calling = LinkedCall::begin(&mut store, place)?;
                    let LinkLane::Typed(function) = &calling.link.lane else {
                        return Err(mismatched_types());
                    };
                    let Some(function) = function.downcast_ref::<Function<P, R>>() else {
                        return Err(mismatched_types());
                    };
                    let sitting = calling.session_admission().await?;
                    let called = function
                        .call_linked(&calling.tree, calling.deadline, sitting, params)
                        .await;
                    called.map_err(|error: crate::Error| LinkFailure(error).into())
                })
            })
    }
}

pub(super) fn mismatched_types() -> wasmtime::Error {
    wasmtime::Error::msg("a link and its stub differ in their types; this is a bug")
}
