//! The functions linked into a component for those of others: each looks up its link and calls it.
//!
//! Identified by the place of the function among the imports. The revision determines which
//! deployment serves it.
//! Tests: `tests/suite/links`.

use std::sync::Arc;

use airssys_wasm_core::world::Interface;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::lane;
use super::links::LinkedFunction;
use super::resources::{self, ResourceKinds};
use super::state::InstanceLinks;
use crate::call::CallTree;
use crate::call::{ResourceSession, SessionAdmission, call_tree};
use crate::clock::Ticks;
use crate::deployment::ActiveRevision;
use crate::error::LinkFailure;
use crate::instance::InstanceState;
use crate::{Error, ErrorKind};

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
            lane::define(&mut instance, function, place, &kinds)?;
        }
    }
    Ok(())
}

/// A call through a link that was found to be allowed.
pub(super) struct LinkedCall {
    pub(super) link: Arc<LinkedFunction>,
    pub(super) tree: Arc<CallTree>,
    /// The deadline of the caller.
    pub(super) deadline: Ticks,
    /// The sessions of the caller with the target.
    sessions: Vec<Arc<ResourceSession>>,
}

impl LinkedCall {
    pub(super) fn begin(
        store: &mut StoreContextMut<'_, InstanceState>,
        place: usize,
    ) -> wasmtime::Result<Self> {
        let state = store.data_mut();
        let links: &mut InstanceLinks = state.slot_mut();
        let Some(link) = links.function(place) else {
            let message = "the host that serves its links was dropped";
            return Err(LinkFailure(Error::new(ErrorKind::HostDropped, message)).into());
        };
        if !links.may_call(place, &link.interface) {
            let message = format!(
                "calling `{}` is no longer granted: `call {}`",
                link.target.name, link.interface
            );
            return Err(LinkFailure(Error::new(ErrorKind::NotGranted, message)).into());
        }
        let sessions = links.sessions(&link.target);
        let (_, deadline) = state.time();
        Ok(Self {
            link,
            tree: call_tree(state),
            deadline,
            sessions,
        })
    }

    /// Returns the session that serves the call, if the caller has one that holds an instance of
    /// the revision that the call is admitted to.
    pub(super) async fn session_admission(&self) -> Result<Option<SessionAdmission>, LinkFailure> {
        if !self.sessions.iter().any(|session| session.is_exclusive()) {
            return Ok(None);
        }
        let entered = Box::pin(self.tree.enter(&self.link.target))
            .await
            .map_err(LinkFailure)?;
        let kept = self
            .session(&entered.active_revision)
            .filter(|session| session.is_exclusive());
        Ok(kept.map(|session| SessionAdmission {
            entry: entered,
            session,
        }))
    }

    /// Returns the caller's session in `serving`, if it has one.
    pub(super) fn session(&self, serving: &Arc<ActiveRevision>) -> Option<Arc<ResourceSession>> {
        self.sessions
            .iter()
            .find(|session| session.is_open_in(serving))
            .cloned()
    }
}
