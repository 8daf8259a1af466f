//! Calls through types that `wasmtime::component::bindgen!` generated.
//!
//! Tests: the workspace's `tests/calls`.

use std::sync::Arc;

use wasmtime::component::Instance as WasmInstance;
use wasmtime::{AsContextMut, StoreContextMut};

use super::Handle;
use crate::deployment::{Caller, Named};
use crate::instance::{Instance, InstanceState};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// Generated bindings that survive updates. Cloning is cheap.
///
/// Generate them with `exports: { default: async }`, because calls are
/// asynchronous here. See the `typed-bindings` example for a program.
pub struct Bindings<T>(Arc<Handle<T>>);

impl<T> Clone for Bindings<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> Bindings<T> {
    pub(crate) async fn new<New>(deployment: &Arc<Named>, new: New) -> Result<Self>
    where
        New: Fn(StoreContextMut<'_, InstanceState>, &WasmInstance) -> wasmtime::Result<T>
            + Send
            + Sync
            + 'static,
    {
        let find = move |revision: &Revision, instance: &mut Instance| {
            new(instance.store.as_context_mut(), &instance.wasm)
                .map_err(|error| mismatch(revision, &error))
        };
        let what = std::any::type_name::<T>()
            .rsplit("::")
            .next()
            .unwrap_or("bindings")
            .to_owned();
        let handle = Handle::new(deployment, what, Box::new(find), None);
        loop {
            let revision = deployment.revision_to_call()?;
            let mut trial = Instance::start_in_time(&deployment.runtime, &revision).await?;
            handle.bind(&revision, &mut trial)?;
            if handle.register(&revision) {
                return Ok(Self(handle));
            }
        }
    }

    /// Runs one call, or several that must see the same instance, on the revision
    /// that serves at this moment: `async |greeter, store|
    /// greeter.call_greet(store, "Ada").await`.
    ///
    /// All calls in `run` are one call here: admitted once, within one deadline.
    /// Cancel safe, as [`Function::call`](crate::Function::call) is.
    ///
    /// # Errors
    ///
    /// As [`Function::call`](crate::Function::call). An error that `run` returns
    /// discards the instance, as a trap does. So return every error that a call gives:
    /// if `run` keeps one to itself, the instance is used again, and if that error was
    /// a trap, the next call that gets it fails. A guest that exits is an error, [`Exited(0)`]
    /// after success, whatever the function gives.
    ///
    /// [`Exited(0)`]: ErrorKind::Exited
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, if the call has to wait.
    pub async fn call<R>(
        &self,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        self.0.call(run, || None).await
    }
}

fn mismatch(revision: &Revision, error: &wasmtime::Error) -> Error {
    Error::new(
        ErrorKind::TypeMismatch,
        format!("the bindings do not fit {revision}: {error:#}"),
    )
}
