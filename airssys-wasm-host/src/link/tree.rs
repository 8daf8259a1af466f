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
    admitted: SmallVec<[Admitted; 2]>,
    /// From the root to whoever runs, as places in `admitted`.
    path: SmallVec<[usize; 8]>,
}

struct Admitted {
    admission: Admission,
    /// For a resource that is in it, whatever other calls of the tree are admitted to.
    is_pinned: bool,
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
        state.admitted.push(Admitted::by_name(Admission::again(Arc::clone(root))));
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
        Ok(self.add(Admitted::by_name(admission)))
    }

    /// Lets a call of the tree in to a serving in which a resource is, whatever serves by now.
    pub(crate) fn enter_pinned(self: &Arc<Self>, target: &Named, serving: &Arc<Serving>) -> Result<Entered> {
        let mut state = self.0.lock();
        state.check_depth(target)?;
        let is_it = |admitted: &Admitted| Arc::ptr_eq(admitted.admission.serving(), serving);
        let Some(place) = state.admitted.iter().position(is_it) else {
            drop(state);
            let admission = Admission::again(Arc::clone(serving));
            return Ok(self.add(Admitted { admission, is_pinned: true }));
        };
        Ok(self.again(&mut state, place))
    }

    fn add(self: &Arc<Self>, admitted: Admitted) -> Entered {
        let mut state = self.0.lock();
        let place = state.admitted.len();
        state.admitted.push(admitted);
        self.again(&mut state, place)
    }

    fn again(self: &Arc<Self>, state: &mut State, place: usize) -> Entered {
        state.path.push(place);
        let Admitted { admission, .. } = &state.admitted[place];
        Entered { tree: Arc::clone(self), serving: Arc::clone(admission.serving()), lane: admission.lane }
    }

    fn enter_again(self: &Arc<Self>, target: &Named) -> Result<Option<Entered>> {
        let mut state = self.0.lock();
        state.check_depth(target)?;
        let is_target = |admitted: &Admitted| !admitted.is_pinned && admitted.is_of(target);
        let Some(place) = state.admitted.iter().position(is_target) else { return Ok(None) };
        let inside = state.path.iter().filter(|entered| **entered == place).count();
        if inside >= state.admitted[place].admission.serving().instances.max() {
            return Err(reentrant(target, "each of its instances waits for this very call"));
        }
        Ok(Some(self.again(&mut state, place)))
    }
}

impl State {
    fn check_depth(&self, target: &Named) -> Result<()> {
        if self.path.len() < DEPTH_MAX {
            return Ok(());
        }
        Err(reentrant(target, &format!("calls are {DEPTH_MAX} deep inside one another")))
    }
}

impl Admitted {
    fn by_name(admission: Admission) -> Self {
        Self { admission, is_pinned: false }
    }

    fn is_of(&self, target: &Named) -> bool {
        *self.admission.serving().revision.name() == target.name
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
