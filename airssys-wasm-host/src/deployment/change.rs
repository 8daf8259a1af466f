//! A change of a deployment: the only one at a time, stored before it takes effect.
//!
//! Tests: in this file, `tests/suite/state`, `tests/suite/promises/atomic_failure.rs`.

use std::sync::Arc;

use airssys_wasm_core::Rule;
use parking_lot::MutexGuard;

use super::{ActiveRevision, DeploymentEntry, HandlesInSwitch, History};
use crate::state::{Action, Change, ComponentRecord, DeploymentRecord, Transaction};
use crate::{Component, Result};

/// A change in progress, as a guard: no other change of the deployment begins before it is dropped.
/// Dropping it without a commit changes nothing, except that a revocation stays.
pub(crate) struct DeploymentChange<'a> {
    entry: &'a DeploymentEntry,
    _lock: MutexGuard<'a, ()>,
    /// The history after the change.
    history: History,
    /// The update that awaits approval after the change.
    pending: Option<Component>,
}

impl<'a> DeploymentChange<'a> {
    pub(super) fn begin(entry: &'a DeploymentEntry) -> Self {
        let lock = entry.commit_lock.lock();
        Self {
            entry,
            _lock: lock,
            history: entry.history.lock().clone(),
            pending: entry.authorization.pending(),
        }
    }

    /// Returns the history, to be changed.
    pub(crate) fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    /// Sets the update that awaits approval, or removes it.
    pub(crate) fn set_pending(&mut self, pending: Option<Component>) {
        self.pending = pending;
    }

    /// Revokes a rule in the retained revisions at once, so that it stays revoked even if the change
    /// cannot be stored.
    pub(super) fn revoke(&mut self, rule: &Rule) -> Result<()> {
        let mut history = self.entry.history.lock();
        history.revoke(rule)?;
        self.history = history.clone();
        Ok(())
    }

    /// Stores the change, and applies it.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed) if the deployment has ended,
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if the change cannot be stored.
    /// Nothing but revocations has changed then.
    pub(super) fn commit(self, action: Action) -> Result<()> {
        self.entry.check_not_ended()?;
        self.store(Some(action))?;
        self.apply(0);
        Ok(())
    }

    /// Stores the change, and makes `next` the active revision, which `handles` fit. The first
    /// `revocations_seen` revocations no longer apply. Returns the previous revision, which is to be
    /// drained.
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit).
    pub(crate) fn switch(
        self,
        next: Arc<ActiveRevision>,
        handles: HandlesInSwitch<'_>,
        action: Action,
        revocations_seen: usize,
    ) -> Result<Arc<ActiveRevision>> {
        let entry = self.entry;
        let old = entry.replace_route(next, || {
            self.store(Some(action))?;
            self.apply(revocations_seen);
            Ok(())
        })?;
        drop(handles);
        entry.announce_switch(&old);
        Ok(old)
    }

    /// Stores the record that the deployment has after the change, if there is a state directory.
    pub(super) fn store(&self, action: Option<Action>) -> Result<()> {
        let Some(state) = self.entry.services.state() else {
            return Ok(());
        };
        let name = &self.entry.name;
        let record = DeploymentRecord {
            waiting: self.pending.as_ref().map(ComponentRecord::from_component),
            pipeline: self.entry.pipeline.clone(),
            ..self.history_since(&self.entry.history.lock()).record()
        };
        let changes = action.map(|action| Change::now(name, action));
        let transaction = Transaction::new().with_deployment(name, record);
        state.commit(&transaction.with_changes(changes))
    }

    fn apply(&self, revocations_seen: usize) {
        let entry = self.entry;
        entry
            .authorization
            .apply_switch(revocations_seen, self.pending.clone());
        let mut history = entry.history.lock();
        *history = self.history_since(&history);
    }

    /// Returns the history after the change. Revision numbers that `current` has given out
    /// meanwhile stay used.
    fn history_since(&self, current: &History) -> History {
        let mut history = self.history.clone();
        history.keep_numbers_used(current);
        history
    }
}

#[cfg(test)]
mod tests {
    use super::super::DeploymentEnd;
    use super::*;
    use crate::{ErrorKind, Host};

    async fn deploy(host: &Host) -> Arc<DeploymentEntry> {
        let component = Component::from_bytes(wat::parse_str("(component)").expect("valid text"))
            .and_then(|component| component.with_name("stored"))
            .expect("a component");
        host.deploy(component).await.expect("deployed").0
    }

    fn next(entry: &DeploymentEntry) -> Arc<ActiveRevision> {
        ActiveRevision::new(&entry.services, entry.revision(), None)
    }

    #[tokio::test]
    async fn calls_do_not_wait_while_a_switch_is_stored() {
        let host = Host::builder().pooled_instances_max(4);
        let host = host.build().expect("a host");
        let entry = deploy(&host).await;
        let paused = entry.active_revision();
        paused.pause();
        let switch = entry.replace_route(next(&entry), || {
            // As a call does that arrives during the pause.
            assert!(entry.admit().expect("it has not ended").is_none());
            Ok(())
        });
        switch.expect("stored");
        assert!(entry.admit().expect("it has not ended").is_some());
    }

    #[tokio::test]
    async fn a_deployment_that_ends_while_a_switch_is_stored_serves_no_call() {
        let host = Host::builder().pooled_instances_max(4);
        let host = host.build().expect("a host");
        let entry = deploy(&host).await;
        let switch = entry.replace_route(next(&entry), || {
            entry.end(DeploymentEnd::HostDropped);
            Ok(())
        });
        switch.expect("stored");
        let error = entry.admit().map(drop).expect_err("it has ended");
        assert_eq!(error.kind(), ErrorKind::HostDropped);
        entry.drained().await;
        let again = entry.replace_route(next(&entry), || panic!("nothing is stored"));
        again.map(drop).expect_err("it has ended");
    }
}
