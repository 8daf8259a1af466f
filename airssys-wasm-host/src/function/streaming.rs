//! A function that has streams among its parameters or in its result.
//!
//! Tests: `tests/suite/pipelines/streams.rs`.

use std::convert::Infallible;
use std::sync::Arc;

use airssys_wasm_core::world::Function as FunctionType;
use airssys_wasm_core::{ComponentName, FunctionName};
use futures_channel::oneshot;
use wasmtime::component::{Func, Val};
use wasmtime::{AsContextMut as _, StoreContextMut};

use super::{Handle, dynamic};
use crate::Result;
use crate::deployment::DeploymentEntry;
use crate::instance::InstanceState;

/// A future that resolves when the stream that a call returned has been written to its end.
pub(crate) type StreamWritten = oneshot::Receiver<Infallible>;

/// A function with streams that survives updates. Each call is run wholly by the revision that it
/// began on.
pub(crate) struct StreamingFunction {
    handle: Arc<Handle<Func>>,
    ty: Arc<FunctionType>,
}

impl StreamingFunction {
    pub(crate) fn for_caller(
        deployment: &Arc<DeploymentEntry>,
        name: FunctionName,
        caller: Option<ComponentName>,
    ) -> Result<Self> {
        let (handle, ty) = dynamic::handle(deployment, name, caller, |_| Ok(()))?;
        Ok(Self { handle, ty })
    }

    pub(crate) fn ty(&self) -> &FunctionType {
        &self.ty
    }

    /// Calls the function with the parameters that `enter` returns. `leave` receives the result,
    /// and returns what to wait for before the instance is given back.
    ///
    /// Dropping the future cancels the call and discards its instance.
    pub(crate) async fn call<E, L>(&self, enter: E, leave: L) -> Result<()>
    where
        E: FnOnce(StoreContextMut<'_, InstanceState>) -> wasmtime::Result<Vec<Val>> + Send,
        L: FnOnce(
                StoreContextMut<'_, InstanceState>,
                Option<Val>,
            ) -> wasmtime::Result<Option<StreamWritten>>
            + Send,
    {
        let results = usize::from(self.ty.result.is_some());
        let run = async move |function: &Func, mut store: StoreContextMut<'_, InstanceState>| {
            let params = enter(store.as_context_mut())?;
            let mut results = vec![Val::Bool(false); results];
            let call = async |accessor: &wasmtime::component::Accessor<InstanceState>| {
                function
                    .call_concurrent(accessor, &params, &mut results)
                    .await?;
                let ended =
                    accessor.with(|mut access| leave(access.as_context_mut(), results.pop()))?;
                if let Some(ended) = ended {
                    // The sender never sends anything; it is dropped at the end of the stream.
                    let _ = ended.await;
                }
                wasmtime::Result::Ok(())
            };
            store.run_concurrent(call).await?
        };
        self.handle
            .call(run, || self.ty.result.is_none().then_some(()))
            .await
    }
}
