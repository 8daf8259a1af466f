//! The calls that one call led to.
//!
//! A call is admitted to one revision, and so are the calls that it leads to: the first call of a
//! component picks the revision for the rest of the tree, and keeps it from draining.
//! Tests: in this file, `tests/suite/links`.

use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::deployment::{ActiveRevision, Admission, DeploymentEntry};
use crate::{Error, ErrorKind, Result};

/// The most calls that may be nested in one another.
const DEPTH_MAX: usize = 32;

/// The revisions that a tree of calls is admitted to, and the chain of calls that wait for one
/// another.
#[derive(Default)]
pub(crate) struct CallTree(Mutex<CallTreeState>);

#[derive(Default)]
struct CallTreeState {
    admitted: SmallVec<[TreeAdmission; 2]>,
    /// The path from the root to the running call, as places in `admitted`.
    path: SmallVec<[usize; 8]>,
}

enum TreeAdmission {
    /// A regular call of the deployment.
    Regular(Admission),
    /// A call to resources open in a retired revision. The drain does not wait for it.
    Retired(Arc<ActiveRevision>),
}

/// A call of the tree, from its admission to its end. The tree keeps its revision from draining.
pub(crate) struct TreeEntry<'a> {
    tree: &'a CallTree,
    pub(crate) active_revision: Arc<ActiveRevision>,
    pub(crate) lane: usize,
}

impl CallTree {
    /// Begins with a call that is inside `root`.
    pub(crate) fn begin(&self, root: &Arc<ActiveRevision>) {
        let mut state = self.0.lock();
        state
            .admitted
            .push(TreeAdmission::Regular(Admission::reenter(Arc::clone(root))));
        state.path.push(0);
    }

    /// Ends the tree together with the call at its root, so that it may begin again.
    pub(crate) fn end(&mut self) {
        let state = self.0.get_mut();
        state.admitted.clear();
        state.path.clear();
    }

    /// Admits a call of the tree: to the revision that it called before, or else the active one.
    /// Waits while the deployment is paused.
    pub(crate) async fn enter(&self, target: &DeploymentEntry) -> Result<TreeEntry<'_>> {
        let mut waited = None;
        loop {
            if let Some(entered) = self.try_enter(target, waited.take())? {
                return Ok(entered);
            }
            waited = Some(Box::pin(target.admit_after_pause()).await?);
        }
    }

    /// Admits a call of the tree to a revision in which the caller has resources open, even if
    /// another revision is active by now. Returns `None` if those resources have ended. Waits while
    /// the deployment is paused.
    pub(crate) async fn enter_session(
        &self,
        target: &DeploymentEntry,
        active: &Arc<ActiveRevision>,
    ) -> Result<Option<TreeEntry<'_>>> {
        if let Some(entered) = self.enter_admitted(target, active)? {
            return Ok(Some(entered));
        }
        loop {
            if let Some(lane) = active.enter() {
                let admission = Admission::new(Arc::clone(active), lane);
                return Ok(Some(self.add(TreeAdmission::Regular(admission))));
            }
            target.check_not_ended()?;
            if active.is_closed_to_sessions() {
                return Ok(None);
            }
            if active.is_retired() {
                return Ok(Some(self.add(TreeAdmission::Retired(Arc::clone(active)))));
            }
            target.wait_until_unpaused(active).await;
        }
    }

    /// Admits a call to a revision that the tree was admitted to before.
    fn enter_admitted(
        &self,
        target: &DeploymentEntry,
        active: &Arc<ActiveRevision>,
    ) -> Result<Option<TreeEntry<'_>>> {
        let mut state = self.0.lock();
        state.check_depth(target)?;
        let place = state
            .admitted
            .iter()
            .position(|admitted| Arc::ptr_eq(admitted.active_revision(), active));
        Ok(place.map(|place| self.enter_place(&mut state, place)))
    }

    /// Admits a call of the tree, with the admission that it waited for, if any. Returns `None` if
    /// the tree has not called the deployment before, and the deployment is paused.
    fn try_enter(
        &self,
        target: &DeploymentEntry,
        waited: Option<Admission>,
    ) -> Result<Option<TreeEntry<'_>>> {
        let mut state = self.0.lock();
        state.check_depth(target)?;
        let place = match state.place_of(target)? {
            Some(place) => place,
            None => match waited.map_or_else(|| target.admit(), |waited| Ok(Some(waited)))? {
                Some(admission) => state.add(TreeAdmission::Regular(admission)),
                None => return Ok(None),
            },
        };
        Ok(Some(self.enter_place(&mut state, place)))
    }

    fn add(&self, admitted: TreeAdmission) -> TreeEntry<'_> {
        let mut state = self.0.lock();
        let place = state.add(admitted);
        self.enter_place(&mut state, place)
    }

    fn enter_place(&self, state: &mut CallTreeState, place: usize) -> TreeEntry<'_> {
        state.path.push(place);
        let admitted = &state.admitted[place];
        TreeEntry {
            tree: self,
            active_revision: Arc::clone(admitted.active_revision()),
            lane: admitted.lane(),
        }
    }
}

impl CallTreeState {
    fn check_depth(&self, target: &DeploymentEntry) -> Result<()> {
        if self.path.len() < DEPTH_MAX {
            return Ok(());
        }
        Err(reentrant(
            target,
            &format!("calls are nested {DEPTH_MAX} deep"),
        ))
    }

    /// Adds a revision that the tree is admitted to. Returns its place.
    fn add(&mut self, admitted: TreeAdmission) -> usize {
        self.admitted.push(admitted);
        self.admitted.len() - 1
    }

    /// Returns the place of the revision that further calls of a deployment belong to, if the tree
    /// has called it before.
    fn place_of(&self, target: &DeploymentEntry) -> Result<Option<usize>> {
        let is_target = |admitted: &TreeAdmission| admitted.is_call_of(target);
        let Some(place) = self.admitted.iter().position(is_target) else {
            return Ok(None);
        };
        let active = self.admitted[place].active_revision();
        let is_inside =
            |entered: &&usize| Arc::ptr_eq(self.admitted[**entered].active_revision(), active);
        if self.path.iter().filter(is_inside).count() < active.instances.max() {
            return Ok(Some(place));
        }
        Err(reentrant(
            target,
            "it is called from within its own call: each of its instances waits for this very call",
        ))
    }
}

impl TreeAdmission {
    fn active_revision(&self) -> &Arc<ActiveRevision> {
        match self {
            Self::Regular(admission) => admission.active_revision(),
            Self::Retired(active) => active,
        }
    }

    fn lane(&self) -> usize {
        match self {
            Self::Regular(admission) => admission.lane,
            // The call has its instance, and needs no lane to find one.
            Self::Retired(_) => 0,
        }
    }

    /// Returns `true` if further calls of the deployment belong there too.
    fn is_call_of(&self, target: &DeploymentEntry) -> bool {
        matches!(self, Self::Regular(admission) if *admission.active_revision().revision.name() == target.name)
    }
}

impl Drop for TreeEntry<'_> {
    fn drop(&mut self) {
        self.tree.0.lock().path.pop();
    }
}

fn reentrant(target: &DeploymentEntry, why: &str) -> Error {
    let message = format!("`{}` cannot be called here: {why}", target.name);
    Error::new(ErrorKind::Reentrant, message)
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;
    use crate::{Component, Host};

    #[tokio::test]
    async fn calls_that_wait_for_the_same_pause_are_admitted_to_one_revision() {
        let host = Host::builder().pooled_instances_max(4).build();
        let host = host.expect("a host");
        let bytes = wat::parse_str("(component)").expect("a component");
        let component = Component::from_bytes(bytes).expect("a component");
        let deployment = host.deploy(component).name("paused").await;
        let deployment = &deployment.expect("deployed").0;
        let active = deployment.active_revision();
        active.pause();
        let tree = CallTree::default();
        let (mut first, mut second) = (
            Box::pin(tree.enter(deployment)),
            Box::pin(tree.enter(deployment)),
        );
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        deployment.resume(&active);
        let _entered = (
            first.await.expect("admitted"),
            second.await.expect("admitted"),
        );
        assert_eq!(tree.0.lock().admitted.len(), 1);
    }
}
