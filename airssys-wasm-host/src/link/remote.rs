//! What stands in a caller for a resource in another component's instance.
//!
//! Counts as one of the handles that the caller's limits bound.
//! Tests: the workspace's `tests/suite/links/resources`.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceAny, ResourceDynamic};
use wasmtime::{AsContextMut, StoreContextMut};
use wasmtime_wasi::WasiView;

use super::session::Session;
use crate::instance::InstanceState;

/// A resource of another, as long as a caller owns it.
pub(super) struct Remote {
    session: Arc<Session>,
    /// In the store of the session's instance; none once it is given away.
    resource: Option<ResourceAny>,
}

impl Remote {
    /// Gives the caller in `store` a handle, of the type that has number `kind` there.
    pub(super) fn hold(
        store: &mut StoreContextMut<'_, InstanceState>,
        session: &Arc<Session>,
        resource: ResourceAny,
        kind: u32,
    ) -> wasmtime::Result<ResourceAny> {
        session.opened();
        let remote = Self { session: Arc::clone(session), resource: Some(resource) };
        let held = store.data_mut().ctx().table.push(remote)?;
        store.data_mut().remember(session);
        ResourceDynamic::new_own(held.rep(), kind).try_into_resource_any(store.as_context_mut())
    }

    /// What a handle of the caller leads to: lent for a call, or given away.
    pub(super) fn lend_or_give(
        store: &mut StoreContextMut<'_, InstanceState>,
        handle: ResourceAny,
    ) -> wasmtime::Result<(Arc<Session>, ResourceAny)> {
        let handle = handle.try_into_resource_dynamic(store.as_context_mut())?;
        if handle.owned() {
            return Self::give(store, handle.rep());
        }
        let remote = store.data_mut().ctx().table.get(&Resource::<Self>::new_borrow(handle.rep()))?;
        Ok((Arc::clone(&remote.session), remote.resource.ok_or_else(given_away)?))
    }

    /// Takes it from its owner.
    pub(super) fn give(
        store: &mut StoreContextMut<'_, InstanceState>,
        rep: u32,
    ) -> wasmtime::Result<(Arc<Session>, ResourceAny)> {
        let mut remote = store.data_mut().ctx().table.delete(Resource::<Self>::new_own(rep))?;
        let resource = remote.resource.take().ok_or_else(given_away)?;
        remote.session.closed();
        Ok((Arc::clone(&remote.session), resource))
    }
}

impl Drop for Remote {
    /// The instance that owned it has gone.
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            self.session.abandon(resource);
        }
    }
}

fn given_away() -> wasmtime::Error {
    wasmtime::Error::msg("a resource was given away before; this is a bug")
}
