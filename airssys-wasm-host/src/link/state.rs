//! The links of an instance: the functions that it calls, its permits, and its sessions.
//!
//! Tests: `tests/suite/links`.

use std::sync::{Arc, Weak};

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::Operation;

use super::function::{LinkedFunction, LinkedFunctions};
use crate::call::ResourceSession;
use crate::capability::{Caller, Permit};
use crate::deployment::DeploymentEntry;

/// The links of an instance. A slot of instances that are linked to others.
pub(super) struct InstanceLinks {
    functions: LinkedFunctions,
    caller: Caller,
    /// The permits to call each function, once requested.
    permits: Vec<Option<Permit>>,
    /// The sessions in which it may hold resources of other components; some may have ended.
    sessions: Vec<Weak<ResourceSession>>,
}

impl InstanceLinks {
    pub(super) fn new(functions: LinkedFunctions, caller: Caller) -> Self {
        Self {
            functions,
            caller,
            permits: Vec::new(),
            sessions: Vec::new(),
        }
    }

    /// Returns the function at a place among the imports.
    pub(super) fn function(&self, place: usize) -> Option<Arc<LinkedFunction>> {
        self.functions.get(place).cloned()
    }

    /// Returns the sessions with a deployment.
    #[inline]
    pub(super) fn sessions(&self, target: &Arc<DeploymentEntry>) -> Vec<Arc<ResourceSession>> {
        self.sessions
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|session| session.is_in(target))
            .collect()
    }

    /// Adds a session, in which the instance may hold resources from now on.
    pub(super) fn add_session(&mut self, session: &Arc<ResourceSession>) {
        self.sessions.retain(|known| known.strong_count() > 0);
        self.sessions.push(Arc::downgrade(session));
    }

    /// Returns `true` if the instance may call the function at `place`. Asks the authority for the
    /// first call, and again after a revocation.
    pub(super) fn may_call(&mut self, place: usize, interface: &str) -> bool {
        let Caller { authority, calls } = &self.caller;
        let call = calls.current();
        if self.permits.len() <= place {
            self.permits.resize(place + 1, None);
        }
        let permit = &mut self.permits[place];
        if let Some(permit) = permit {
            return authority.still_allows(permit, call);
        }
        let operation = Operation::Named {
            kind: CapabilityKind::Call,
            name: interface.to_owned(),
        };
        *permit = authority.ask(operation, call).ok();
        permit.is_some()
    }
}
