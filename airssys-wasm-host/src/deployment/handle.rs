//! A deployment in the hands of an embedder.
//!
//! Calls are made through what it hands out; it decides nothing itself.
//! Tests: the workspace's `tests`.

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::policy::{Explanation, Grants, Operation};
use airssys_wasm_core::{ComponentName, FunctionName, Rule};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, Instance as WasmInstance, Lift, Lower};

use super::{Kept, Named, RevisionStatus, Status};
use crate::function::{Bindings, DynamicFunction, Function};
use crate::{Component, InstanceState, Result};

/// A name with a revision that serves it. Survives updates; cloning is cheap.
///
/// What it hands out goes on working when the name moves to another revision.
#[derive(Clone)]
pub struct Deployment(pub(crate) Arc<Named>);

impl Deployment {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &ComponentName {
        &self.0.name
    }

    /// A typed function, checked against its WIT type now and again before every
    /// update goes live.
    ///
    /// `Params` and `Results` are tuples of Rust types that fit the WIT types:
    /// `(String, u32)`, `(Result<Vec<u8>, String>,)`. The fastest way to call.
    ///
    /// # Errors
    ///
    /// [`FunctionNotFound`](crate::ErrorKind::FunctionNotFound) with the nearest
    /// name, [`TypeMismatch`](crate::ErrorKind::TypeMismatch) with both types,
    /// [`InvalidName`](crate::ErrorKind::InvalidName).
    pub fn function<Params, Results>(&self, name: &str) -> Result<Function<Params, Results>>
    where
        Params: ComponentNamedList + Lower + Send + Sync + 'static,
        Results: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        Function::new(&self.0, name.parse()?)
    }

    /// A function whose types are known only at run time.
    ///
    /// # Errors
    ///
    /// [`FunctionNotFound`](crate::ErrorKind::FunctionNotFound) with the nearest
    /// name, [`TypeMismatch`](crate::ErrorKind::TypeMismatch) if a type of the
    /// function is no value (a resource, a stream), and
    /// [`InvalidName`](crate::ErrorKind::InvalidName).
    pub fn dynamic_function(&self, name: &str) -> Result<DynamicFunction> {
        DynamicFunction::new(&self.0, name.parse()?)
    }

    /// Calls through types that `wasmtime::component::bindgen!` generated.
    ///
    /// `new` is the generated constructor: `|store, instance| Greeter::new(store,
    /// instance)`. It is run once for each instance, so it must depend on nothing
    /// else. An instance is started to check that it fits.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) if the revision that
    /// serves does not have these exports, and what starting an instance can
    /// give.
    pub async fn bindings<T, New>(&self, new: New) -> Result<Bindings<T>>
    where
        T: Send + Sync + 'static,
        New: Fn(StoreContextMut<'_, InstanceState>, &WasmInstance) -> wasmtime::Result<T>
            + Send
            + Sync
            + 'static,
    {
        Bindings::new(&self.0, new).await
    }

    /// Every function that can be called, with its WIT type.
    #[must_use]
    pub fn functions(&self) -> Vec<(FunctionName, String)> {
        let serving = self.0.serving();
        let world = serving.revision.component.world();
        world
            .exports
            .all_functions()
            .map(|f| (f.name.clone(), f.signature()))
            .collect()
    }

    /// The component that serves.
    #[must_use]
    pub fn component(&self) -> Component {
        self.0.revision().component.clone()
    }

    /// Whether the revision that serves may do something, and on what grounds. Nothing is
    /// done, and nothing recorded.
    #[must_use]
    pub fn explain(&self, operation: &Operation) -> Explanation {
        self.0.revision().authority.explain(operation)
    }

    /// What the revision that serves is granted and denied.
    #[must_use]
    pub fn grants(&self) -> Grants {
        self.0.revision().authority.policy().grants().clone()
    }

    /// The rules that were revoked before and that the grants of the revision that serves gave
    /// back.
    #[must_use]
    pub fn lifted(&self) -> Vec<Rule> {
        self.0.revision().lifted.clone()
    }

    /// The least set of rules that would have allowed what the revision that serves did
    /// so far. None unless that is being found out: [`Enforcement::AuditOnly`](crate::Enforcement::AuditOnly).
    #[must_use]
    pub fn learned(&self) -> Option<Vec<Rule>> {
        self.0.revision().authority.learned()
    }

    /// What it looks like at this moment.
    #[must_use]
    pub fn status(&self) -> Status {
        let serving = self.0.serving();
        Status {
            component: self.0.name.clone(),
            serving: RevisionStatus::of(&serving.revision),
            revisions: self
                .0
                .history
                .lock()
                .kept()
                .iter()
                .map(Kept::status)
                .collect(),
            calls_in_flight: serving.calls_inside(),
            calls_admitted: serving.calls_admitted(),
            calls_failed: self.0.failures.by_end(),
            instances: serving.instances.count(),
            memory_bytes: serving.revision.share.memory().taken(),
            descriptors: serving.revision.share.descriptors().taken(),
            slices: serving.revision.share.slices(),
            links: serving.revision.links.targets(),
        }
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deployment").field(&self.0.name).finish()
    }
}
