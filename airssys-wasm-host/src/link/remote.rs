//! A caller's stand-in for a resource in another component's instance.
//!
//! Counts as one of the handles that the caller's limits bound.
//! Tests: `tests/suite/links/resources.rs`.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceAny, ResourceDynamic};
use wasmtime::{AsContextMut, StoreContextMut};
use wasmtime_wasi::WasiView;

use crate::call::ResourceSession;
use crate::instance::InstanceState;

/// A resource in another component's instance, for as long as a caller owns it.
pub(super) struct RemoteResource {
    session: Arc<ResourceSession>,
    /// The resource in the store of the session's instance. `None` once it is given away.
    resource: Option<ResourceAny>,
}

impl RemoteResource {
    /// Gives the caller in `store` a handle to `resource`. `kind` is the number of its type there.
    pub(super) fn insert(
        store: &mut StoreContextMut<'_, InstanceState>,
        session: &Arc<ResourceSession>,
        resource: ResourceAny,
        kind: u32,
    ) -> wasmtime::Result<ResourceAny> {
        session.count_opened();
        let remote = Self {
            session: Arc::clone(session),
            resource: Some(resource),
        };
        let held = store.data_mut().ctx().table.push(remote)?;
        ResourceDynamic::new_own(held.rep(), kind).try_into_resource_any(store.as_context_mut())
    }

    /// Returns the session and the resource that a handle of the caller stands for.
    pub(super) fn borrow(
        store: &mut StoreContextMut<'_, InstanceState>,
        rep: u32,
    ) -> wasmtime::Result<(Arc<ResourceSession>, ResourceAny)> {
        let remote = store
            .data_mut()
            .ctx()
            .table
            .get(&Resource::<Self>::new_borrow(rep))?;
        Ok((
            Arc::clone(&remote.session),
            remote.resource.ok_or_else(already_given_away)?,
        ))
    }

    /// Takes the resource from its owner.
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

    /// Returns the session and the resource.
    pub(super) fn session_and_resource(
        &self,
    ) -> wasmtime::Result<(Arc<ResourceSession>, ResourceAny)> {
        Ok((
            Arc::clone(&self.session),
            self.resource.ok_or_else(already_given_away)?,
        ))
    }

    /// Passes the ownership to the instance that the resource is in.
    pub(super) fn give_away(mut self) -> Option<ResourceAny> {
        let resource = self.resource.take();
        if resource.is_some() {
            self.session.count_closed();
        }
        resource
    }
}

impl Drop for RemoteResource {
    /// Leaves the resource to its session, which drops it.
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            self.session.drop_orphan(resource);
        }
    }
}

fn already_given_away() -> wasmtime::Error {
    wasmtime::Error::msg("a resource was already given away; this is a bug")
}
