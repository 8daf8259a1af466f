//! The authorization of a deployment: the revisions under it, the revocations, and the update that
//! awaits approval.
//!
//! A revocation applies to every revision of the deployment, including those retained for a
//! rollback and the one being prepared.
//! Tests: in this file, `tests/suite/capabilities/revoke.rs`, `tests/suite/capabilities/approval.rs`.

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
    /// The rules that are revoked, each with the number of its last revocation, in this order.
    revoked: Vec<NumberedRevocation>,
    /// The number of revocations so far.
    count: usize,
    pending: Option<Component>,
}

/// A revoked rule, and the number of its revocation among those of the deployment, from 1.
struct NumberedRevocation {
    number: usize,
    rule: Rule,
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
        self.0.lock().count
    }

    /// Adds a revision. Later revocations apply to it, and so do the earlier ones except for the
    /// first `revocations_seen`, which its grants decided on.
    pub(crate) fn add_revision(
        &self,
        authority: &Arc<Authority>,
        open_capabilities: &Arc<OpenCapabilities>,
        revocations_seen: usize,
    ) {
        let mut state = self.0.lock();
        for rule in state.revoked_since(revocations_seen) {
            revoke(authority, open_capabilities, rule);
        }
        state
            .live
            .retain(|(authority, _)| authority.strong_count() > 0);
        state
            .live
            .push((Arc::downgrade(authority), Arc::downgrade(open_capabilities)));
    }

    /// Returns the rules revoked after the first `revocations_seen` revocations.
    pub(crate) fn revoked_since(&self, revocations_seen: usize) -> Vec<Rule> {
        let state = self.0.lock();
        state.revoked_since(revocations_seen).cloned().collect()
    }

    /// Lifts the first `revocations_seen` revocations, because new grants have gone live.
    fn lift(&self, revocations_seen: usize) {
        let mut state = self.0.lock();
        let is_unseen = |revoked: &NumberedRevocation| revoked.number > revocations_seen;
        state.revoked.retain(is_unseen);
    }

    /// Applies the result of a switch: lifts the first `revocations_seen` revocations, and sets the
    /// update that awaits approval.
    pub(crate) fn apply_switch(&self, revocations_seen: usize, pending: Option<Component>) {
        self.lift(revocations_seen);
        self.0.lock().pending = pending;
    }

    pub(crate) fn pending(&self) -> Option<Component> {
        self.0.lock().pending.clone()
    }

    /// Revokes a rule. Returns the grants that it affects.
    pub(crate) fn revoke(&self, active: &Authority, rule: &Rule) -> Vec<Rule> {
        let mut state = self.0.lock();
        let touched = Grants::clone(active.policy().grants()).revoke(rule);
        state.add(rule);
        for (authority, opened) in &state.live {
            if let (Some(authority), Some(opened)) = (authority.upgrade(), opened.upgrade()) {
                revoke(&authority, &opened, rule);
            }
        }
        touched
    }
}

impl AuthorizationState {
    /// Returns the rules revoked after the first `seen` revocations, in the order of their last
    /// revocations.
    fn revoked_since(&self, seen: usize) -> impl Iterator<Item = &Rule> {
        let revoked = self.revoked.iter();
        revoked
            .filter(move |revoked| revoked.number > seen)
            .map(|revoked| &revoked.rule)
    }

    /// Adds a revocation. A rule that is revoked already counts as revoked now.
    fn add(&mut self, rule: &Rule) {
        self.count += 1;
        self.revoked.retain(|revoked| revoked.rule != *rule);
        self.revoked.push(NumberedRevocation {
            number: self.count,
            rule: rule.clone(),
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse().expect("a rule")
    }

    #[test]
    fn a_rule_is_kept_once_and_counts_as_revoked_last() {
        let mut state = AuthorizationState::default();
        for _ in 0..100 {
            state.add(&rule("config a"));
            state.add(&rule("config b"));
        }
        assert_eq!((state.count, state.revoked.len()), (200, 2));
        let authorization = Authorization(Mutex::new(state));
        assert_eq!(authorization.revoked_since(198).len(), 2);
        assert_eq!(authorization.revoked_since(199), [rule("config b")]);
        authorization.lift(199);
        assert_eq!(authorization.revoked_since(0), [rule("config b")]);
        assert_eq!(authorization.revocation_count(), 200);
    }
}
