//! The calls that one call led to.
//!
//! A call is admitted to one revision, and so are the calls that it leads to: the first call
//! of a component picks the revision for the rest of the tree, and keeps it from draining.
//! Tests: the workspace's `tests/suite/links`.

use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::deployment::{Admission, Named, Serving};
use crate::{Error, ErrorKind, Result};

/// More calls than this are not inside one another.
const DEPTH_MAX: usize = 32;

/// Which revisions a tree of calls is admitted to, and who waits for whom.
#[derive(Default)]
pub(crate) struct Tree(Mutex<State>);

#[derive(Default)]
struct State {
    admitted: SmallVec<[Admission; 2]>,
    /// From the root to whoever runs, as places in `admitted`.
    path: SmallVec<[usize; 8]>,
}

/// A call of the tree, from its admission to its end. The tree keeps its serving from
/// draining.
pub(crate) struct Entered {
    tree: Arc<Tree>,
    pub(crate) serving: Arc<Serving>,
    pub(crate) lane: usize,
}

impl Tree {
    /// Begins with a call that is inside `root`.
    pub(crate) fn begin(&self, root: &Arc<Serving>) {
        let mut state = self.0.lock();
        state.admitted.push(Admission::again(Arc::clone(root)));
        state.path.push(0);
    }

    /// The root's call has ended: the tree may begin again.
    pub(crate) fn end(&mut self) {
        let state = self.0.get_mut();
        state.admitted.clear();
        state.path.clear();
    }

    /// Lets a call of the tree in: to the revision it called before, or else the one that
    /// serves. Waits while the name is paused.
    pub(crate) async fn enter(self: &Arc<Self>, target: &Named) -> Result<Entered> {
        if let Some(entered) = self.enter_again(target)? {
            return Ok(entered);
        }
        let admission = match target.admit()? {
            Some(admission) => admission,
            None => Box::pin(target.admit_after_pause()).await?,
        };
        let entered = Entered {
            tree: Arc::clone(self),
            serving: Arc::clone(admission.serving()),
            lane: admission.lane,
        };
        let mut state = self.0.lock();
        let place = state.admitted.len();
        state.admitted.push(admission);
        state.path.push(place);
        drop(state);
        Ok(entered)
    }

    fn enter_again(self: &Arc<Self>, target: &Named) -> Result<Option<Entered>> {
        let mut state = self.0.lock();
        if state.path.len() >= DEPTH_MAX {
            return Err(reentrant(target, &format!("calls are {DEPTH_MAX} deep inside one another")));
        }
        let is_target = |admission: &Admission| *admission.serving().revision.name() == target.name;
        let Some(place) = state.admitted.iter().position(is_target) else { return Ok(None) };
        let (serving, lane) = (Arc::clone(state.admitted[place].serving()), state.admitted[place].lane);
        let inside = state.path.iter().filter(|entered| **entered == place).count();
        if inside >= serving.instances.max() {
            return Err(reentrant(target, "each of its instances waits for this very call"));
        }
        state.path.push(place);
        drop(state);
        Ok(Some(Entered { tree: Arc::clone(self), serving, lane }))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.tree.0.lock().path.pop();
    }
}

fn reentrant(target: &Named, why: &str) -> Error {
    let message = format!("`{}` is called from within a call that it made itself, and {why}", target.name);
    Error::new(ErrorKind::Reentrant, message)
}
