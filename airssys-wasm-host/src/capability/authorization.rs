//! What a name was given, which revisions live by it, and which update waits to be
//! approved.
//!
//! A revocation reaches every revision there is, those that are kept for a rollback
//! and one that is being prepared included.
//! Tests: the workspace's `tests/suite/capabilities/revoke` and `approval`.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::Grants;
use parking_lot::Mutex;

use super::{Authority, Rooms};
use crate::Component;

/// The authority of every revision of a name.
#[derive(Default)]
pub(crate) struct Authorization(Mutex<State>);

#[derive(Default)]
struct State {
    live: Vec<(Weak<Authority>, Weak<Rooms>)>,
    /// Taken back from this name, oldest first.
    revoked: VecDeque<Rule>,
    /// How many were taken back before those, and have been granted again.
    lifted: usize,
    pending: Option<Component>,
}

impl Authorization {
    /// As it was kept. What was revoked then is revoked in the grants of each revision.
    pub(crate) fn restored(pending: Option<Component>) -> Self {
        Self(Mutex::new(State {
            pending,
            ..State::default()
        }))
    }

    /// How many rules were ever taken back. Grants that are said now lift those.
    pub(crate) fn revocations(&self) -> usize {
        let state = self.0.lock();
        state.lifted + state.revoked.len()
    }

    /// From now on what is revoked is revoked for this one too, and so is what was before,
    /// but for the first `lifted` revocations.
    pub(crate) fn add(&self, authority: &Arc<Authority>, rooms: &Arc<Rooms>, lifted: usize) {
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

    /// What was taken back after the first `lifted` revocations.
    pub(crate) fn revoked_since(&self, lifted: usize) -> Vec<Rule> {
        let state = self.0.lock();
        state
            .revoked
            .iter()
            .skip(lifted.saturating_sub(state.lifted))
            .cloned()
            .collect()
    }

    /// New grants have gone live: the first `lifted` revocations are over.
    fn lift(&self, lifted: usize) {
        let mut state = self.0.lock();
        while state.lifted < lifted && state.revoked.pop_front().is_some() {
            state.lifted += 1;
        }
    }

    /// An update waits to be approved; one that waited before does so no more.
    pub(crate) fn wait(&self, pending: Component) {
        self.0.lock().pending = Some(pending);
    }

    /// What a switch left: the first `lifted` revocations are over, and what waits.
    pub(crate) fn settle(&self, lifted: usize, pending: Option<Component>) {
        self.lift(lifted);
        self.0.lock().pending = pending;
    }

    pub(crate) fn pending(&self) -> Option<Component> {
        self.0.lock().pending.clone()
    }

    /// Takes a rule back. Returns the grants that are touched.
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

fn revoke(authority: &Authority, rooms: &Rooms, rule: &Rule) {
    // First the way paths are walked, then who may: nobody walks the old way with the new
    // grants.
    let mut grants = authority.policy().grants().clone();
    grants.revoke(rule);
    rooms.files.change(&authority.policy().with_grants(grants));
    authority.change(|grants| drop(grants.revoke(rule)));
    rooms.connections.clear();
}
