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
        let remote = Self {
            session: Arc::clone(session),
            resource: Some(resource),
        };
        let held = store.data_mut().ctx().table.push(remote)?;
        ResourceDynamic::new_own(held.rep(), kind).try_into_resource_any(store.as_context_mut())
    }

    /// Where what a handle of the caller leads to is.
    pub(super) fn lend(
        store: &mut StoreContextMut<'_, InstanceState>,
        rep: u32,
    ) -> wasmtime::Result<(Arc<Session>, ResourceAny)> {
        let remote = store
            .data_mut()
            .ctx()
            .table
            .get(&Resource::<Self>::new_borrow(rep))?;
        Ok((
            Arc::clone(&remote.session),
            remote.resource.ok_or_else(given_away)?,
        ))
    }

    /// Takes it from its owner.
    pub(super) fn take(
        store: &mut StoreContextMut<'_, InstanceState>,
        rep: u32,
    ) -> wasmtime::Result<Self> {
        Ok(store
            .data_mut()
            .ctx()
            .table
            .delete(Resource::<Self>::new_own(rep))?)
    }

    /// Where it is.
    pub(super) fn place(&self) -> wasmtime::Result<(Arc<Session>, ResourceAny)> {
        Ok((
            Arc::clone(&self.session),
            self.resource.ok_or_else(given_away)?,
        ))
    }

    /// It is its instance's from here on.
    pub(super) fn give_away(mut self) -> Option<ResourceAny> {
        let resource = self.resource.take();
        if resource.is_some() {
            self.session.closed();
        }
        resource
    }
}

impl Drop for Remote {
    /// Nobody has it any more.
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            self.session.abandon(resource);
        }
    }
}

fn given_away() -> wasmtime::Error {
    wasmtime::Error::msg("a resource was given away before; this is a bug")
}
