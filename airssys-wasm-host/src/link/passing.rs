//! The way in which a link passes values.
//!
//! Values of the signatures that core lists have Rust types and are copied as they are. All others
//! are passed as dynamic values, which is slow for long lists of bytes. The tests compare the two.
//! Tests: `tests/suite/links`.

use std::any::Any;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::world::{Function as FunctionType, PlainSignature};

use crate::Result;
use crate::deployment::DeploymentEntry;
use crate::function::{DynamicFunction, Function, Params, Results, WithTypes, with_types};

/// A function of another deployment, by the way in which its values are passed.
pub(super) enum ValuePassing {
    /// As dynamic values.
    Dynamic(DynamicFunction),
    /// As Rust types: a [`Function`] with the types of its signature.
    Typed(Arc<dyn Any + Send + Sync>),
    /// With resource handles, which each call translates into the resources that they stand for.
    WithHandles(DynamicFunction),
}

impl ValuePassing {
    /// Creates a handle to `function` in `target`, for `caller`.
    pub(super) fn connect(
        target: &Arc<DeploymentEntry>,
        function: &FunctionType,
        caller: &ComponentName,
    ) -> Result<ValuePassing> {
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
            ValuePassing::WithHandles(linked)
        } else {
            ValuePassing::Dynamic(linked)
        })
    }
}

/// Returns `true` if the function takes or returns resource handles.
pub(super) fn uses_handles(function: &FunctionType) -> bool {
    function.resources().next().is_some()
}

struct ConnectLink<'a> {
    target: &'a Arc<DeploymentEntry>,
    function: &'a FunctionType,
    caller: &'a ComponentName,
}

impl WithTypes for ConnectLink<'_> {
    type Out = Result<ValuePassing>;

    fn with<P: Params, R: Results>(self) -> Result<ValuePassing> {
        let (name, caller) = (self.function.name.clone(), Some(self.caller.clone()));
        let function = Function::<P, R>::for_caller(self.target, name, caller)?;
        Ok(ValuePassing::Typed(Arc::new(function)))
    }
}

pub(super) fn mismatched_types() -> wasmtime::Error {
    wasmtime::Error::msg("a link and its stub differ in their types; this is a bug")
}
