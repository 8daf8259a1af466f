//! The functions linked into a component for those of others: each looks up its link and calls it.
//!
//! A stub knows the place of its function among the imports. The revision determines which
//! deployment serves it.
//! Tests: `tests/suite/links`.

use std::sync::Arc;

use airssys_wasm_core::world::{Function as FunctionType, Interface, PlainSignature};
use wasmtime::component::{Linker, LinkerInstance};

use super::call::LinkedCall;
use super::passing::{ValuePassing, mismatched_types, uses_handles};
use super::resources::{self, ResourceKinds};
use crate::error::LinkFailure;
use crate::function::{Function, Params, Results, WithTypes, box_future, with_types};
use crate::instance::InstanceState;

/// Links a stub for each function that another deployment serves.
pub(crate) fn define(
    linker: &mut Linker<InstanceState>,
    imports: &[&Interface],
) -> wasmtime::Result<()> {
    let (mut places, kinds) = (0.., Arc::new(ResourceKinds::from_imports(imports)));
    for import in imports {
        let mut instance = linker.instance(&import.name.to_string())?;
        resources::define_types(&mut instance, import, &kinds)?;
        for (function, place) in import.functions.iter().zip(&mut places) {
            define_function(&mut instance, function, place, &kinds)?;
        }
    }
    Ok(())
}

/// Links a stub that calls the link at `place`.
fn define_function(
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
        box_future(Box::new_uninit(), async move {
            let call = LinkedCall::begin(&mut store, place)?;
            let ValuePassing::Dynamic(function) = &call.function.passing else {
                return Err(mismatched_types());
            };
            let session = call.session_admission().await?;
            let called = function
                .call_linked(&call.tree, call.deadline, session.as_ref(), params, results)
                .await;
            called.map_err(|error| LinkFailure(error).into())
        })
    })
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
                box_future(Box::new_uninit(), async move {
                    let call = LinkedCall::begin(&mut store, place)?;
                    let ValuePassing::Typed(function) = &call.function.passing else {
                        return Err(mismatched_types());
                    };
                    let Some(function) = function.downcast_ref::<Function<P, R>>() else {
                        return Err(mismatched_types());
                    };
                    let session = call.session_admission().await?;
                    let called = function
                        .call_linked(&call.tree, call.deadline, session.as_ref(), params)
                        .await;
                    called.map_err(|error: crate::Error| LinkFailure(error).into())
                })
            })
    }
}
