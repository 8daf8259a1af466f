//! The authorization of a deployment: the revisions under it, the revocations, and the update that
//! awaits approval.
//!
//! A revocation applies to every revision of the deployment, including those retained for a
//! rollback and the one being prepared.
//! Tests: `tests/suite/capabilities/revoke.rs`, `tests/suite/capabilities/approval.rs`.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::Grants;
use parking_lot::Mutex;

use super::{Authority, OpenCapabilities};
use crate::Component;

/// The authorization of a deployment, shared by its revisions.
#[derive(Default)]
pub(crate) struct Authorization(Mutex<AuthorizationState>);

#[derive(Default)]
struct AuthorizationState {
    live: Vec<(Weak<Authority>, Weak<OpenCapabilities>)>,
    /// Revoked rules of this deployment, oldest first.
    revoked: VecDeque<Rule>,
    /// The number of earlier revocations, which new grants have lifted.
    lifted: usize,
    pending: Option<Component>,
}

impl Authorization {
    /// Restores the authorization of a stored deployment. The stored grants of each revision
    /// contain their revocations already.
    pub(crate) fn restored(pending: Option<Component>) -> Self {
        Self(Mutex::new(AuthorizationState {
            pending,
            ..AuthorizationState::default()
        }))
    }

    /// Returns the number of revocations so far, lifted ones included. The grants of an update that
    /// begins now decide on all of them: each is lifted, or part of those grants.
    pub(crate) fn revocation_count(&self) -> usize {
        let state = self.0.lock();
        state.lifted + state.revoked.len()
    }

    /// Adds a revision. Later revocations apply to it, and so do the earlier ones except for the
    /// first `lifted`.
    pub(crate) fn add_revision(
        &self,
        authority: &Arc<Authority>,
        rooms: &Arc<OpenCapabilities>,
        lifted: usize,
    ) {
        let mut state = self.0.lock();
        for rule in state
            .revoked
            .iter()
            .skip(lifted.saturating_sub(state.lifted))
        {
            revoke(authority, rooms, rule);
        }
        state
            .live
            .retain(|(authority, _)| authority.strong_count() > 0);
        state
            .live
            .push((Arc::downgrade(authority), Arc::downgrade(rooms)));
    }

    /// Returns the rules revoked after the first `lifted` revocations.
    pub(crate) fn revoked_since(&self, lifted: usize) -> Vec<Rule> {
        let state = self.0.lock();
        state
            .revoked
            .iter()
            .skip(lifted.saturating_sub(state.lifted))
            .cloned()
            .collect()
    }

    /// Lifts the first `lifted` revocations, because new grants have gone live.
    fn lift(&self, lifted: usize) {
        let mut state = self.0.lock();
        while state.lifted < lifted && state.revoked.pop_front().is_some() {
            state.lifted += 1;
        }
    }

    /// Applies the result of a switch: lifts the first `lifted` revocations, and sets the update
    /// that awaits approval.
    pub(crate) fn apply_switch(&self, lifted: usize, pending: Option<Component>) {
        self.lift(lifted);
        self.0.lock().pending = pending;
    }

    pub(crate) fn pending(&self) -> Option<Component> {
        self.0.lock().pending.clone()
    }

    /// Revokes a rule. Returns the grants that it affects.
    pub(crate) fn revoke(&self, serving: &Authority, rule: &Rule) -> Vec<Rule> {
        let mut state = self.0.lock();
        let touched = Grants::clone(serving.policy().grants()).revoke(rule);
        state.revoked.push_back(rule.clone());
        for (authority, rooms) in &state.live {
            if let (Some(authority), Some(rooms)) = (authority.upgrade(), rooms.upgrade()) {
                revoke(&authority, &rooms, rule);
            }
        }
        touched
    }
}

/// Applies a revocation to one revision.
fn revoke(authority: &Authority, capabilities: &OpenCapabilities, rule: &Rule) {
    let mut grants = authority.policy().grants().clone();
    grants.revoke(rule);
    capabilities.narrow(&authority.policy().with_grants(grants));
    authority.change_grants(|grants| drop(grants.revoke(rule)));
    capabilities.close_revoked();
}
