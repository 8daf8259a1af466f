//! An admitted call: a guard that keeps its revision from draining.
//!
//! Tests: `airssys-wasm-host/src/deployment/gate.rs`, `tests/suite/promises`.

use std::sync::Arc;

use arc_swap::Guard;

use super::ActiveRevision;

/// An admitted call. Leaves the revision when dropped.
pub(crate) struct Admission {
    active_revision: Guard<Arc<ActiveRevision>>,
    pub(crate) lane: usize,
}

impl Admission {
    /// Creates the admission of a call that `active` has let in.
    pub(crate) fn new(active: Arc<ActiveRevision>, lane: usize) -> Self {
        Self::from_route(Guard::from_inner(active), lane)
    }

    /// Creates the admission of a call that was let in by the revision that the route pointed to.
    #[inline]
    pub(super) fn from_route(active: Guard<Arc<ActiveRevision>>, lane: usize) -> Self {
        Self {
            active_revision: active,
            lane,
        }
    }

    /// Admits more work of a call that is inside `active`, which does not drain before both have
    /// left.
    pub(crate) fn reenter(active: Arc<ActiveRevision>) -> Self {
        let lane = active.lane();
        Self::reenter_on(active, lane)
    }

    /// Admits more work of a call that is inside `active`, on this lane.
    pub(super) fn reenter_on(active: Arc<ActiveRevision>, lane: usize) -> Self {
        active.enter_nested(lane);
        Self::new(active, lane)
    }

    #[inline]
    pub(crate) fn active_revision(&self) -> &Arc<ActiveRevision> {
        &self.active_revision
    }
}

impl Drop for Admission {
    #[inline]
    fn drop(&mut self) {
        self.active_revision.leave(self.lane);
    }
}
