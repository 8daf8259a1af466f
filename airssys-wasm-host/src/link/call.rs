//! A call through a link.
//!
//! Tests: `tests/suite/links`.

use std::sync::Arc;

use wasmtime::StoreContextMut;

use super::function::LinkedFunction;
use super::state::InstanceLinks;
use crate::call::{CallTree, ResourceSession, SessionAdmission, call_tree};
use crate::clock::Ticks;
use crate::deployment::ActiveRevision;
use crate::error::LinkFailure;
use crate::instance::InstanceState;
use crate::{Error, ErrorKind};

/// A call through a link that was found to be allowed.
pub(super) struct LinkedCall {
    pub(super) function: Arc<LinkedFunction>,
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
        let Some(function) = links.function(place) else {
            let message = "the host that serves its links was dropped";
            return Err(LinkFailure(Error::new(ErrorKind::HostDropped, message)).into());
        };
        if !links.may_call(place, &function.interface) {
            let message = format!(
                "calling `{}` is no longer granted: `call {}`",
                function.target.name, function.interface
            );
            return Err(LinkFailure(Error::new(ErrorKind::NotGranted, message)).into());
        }
        let sessions = links.sessions(&function.target);
        let (_, deadline) = state.time();
        Ok(Self {
            function,
            tree: call_tree(state),
            deadline,
            sessions,
        })
    }

    /// Returns the session that serves the call, if the caller has one that holds an instance of
    /// the revision that the call is admitted to.
    pub(super) async fn session_admission(
        &self,
    ) -> Result<Option<SessionAdmission<'_>>, LinkFailure> {
        if !self.sessions.iter().any(|session| session.is_exclusive()) {
            return Ok(None);
        }
        let entered = Box::pin(self.tree.enter(&self.function.target))
            .await
            .map_err(LinkFailure)?;
        let session = self
            .session(&entered.active_revision)
            .filter(|session| session.is_exclusive());
        Ok(session.map(|session| SessionAdmission {
            entry: entered,
            session,
        }))
    }

    /// Returns the caller's session in `active`, if it has one.
    pub(super) fn session(&self, active: &Arc<ActiveRevision>) -> Option<Arc<ResourceSession>> {
        self.sessions
            .iter()
            .find(|session| session.is_open_in(active))
            .cloned()
    }
}
