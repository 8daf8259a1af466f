//! The calls that one call led to.
//!
//! A call is admitted to one revision, and so are the calls that it leads to: the first call of a
//! component picks the revision for the rest of the tree, and keeps it from draining.
//! Tests: `tests/suite/links`.

use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::deployment::{Admission, Named, Serving};
use crate::{Error, ErrorKind, Result};

/// The most calls that may be nested in one another.
const DEPTH_MAX: usize = 32;

/// The revisions that a tree of calls is admitted to, and the chain of calls that wait for one
/// another.
#[derive(Default)]
pub(crate) struct Tree(Mutex<State>);

#[derive(Default)]
struct State {
    admitted: SmallVec<[Admitted; 2]>,
    /// The path from the root to the running call, as places in `admitted`.
    path: SmallVec<[usize; 8]>,
}

enum Admitted {
    /// A regular call of the deployment.
    ByName(Admission),
    /// A call to resources open in a retired revision. The drain does not wait for it.
    Beside(Arc<Serving>),
}

/// A call of the tree, from its admission to its end. The tree keeps its revision from draining.
pub(crate) struct Entered {
    tree: Arc<Tree>,
    pub(crate) serving: Arc<Serving>,
    pub(crate) lane: usize,
}

impl Tree {
    /// Begins with a call that is inside `root`.
    pub(crate) fn begin(&self, root: &Arc<Serving>) {
        let mut state = self.0.lock();
        state
            .admitted
            .push(Admitted::ByName(Admission::again(Arc::clone(root))));
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
    pub(crate) async fn enter(self: &Arc<Self>, target: &Named) -> Result<Entered> {
        if let Some(entered) = self.enter_again(target)? {
            return Ok(entered);
        }
        let admission = match target.admit()? {
            Some(admission) => admission,
            None => Box::pin(target.admit_after_pause()).await?,
        };
        Ok(self.add(Admitted::ByName(admission)))
    }

    /// Admits a call of the tree to a revision in which the caller has resources open, even if
    /// another revision is active by now. Returns `None` if those resources have ended. Waits while
    /// the deployment is paused.
    pub(crate) async fn enter_kept(
        self: &Arc<Self>,
        target: &Named,
        serving: &Arc<Serving>,
    ) -> Result<Option<Entered>> {
        if let Some(entered) = self.enter_where(target, serving)? {
            return Ok(Some(entered));
        }
        loop {
            if let Some(lane) = serving.enter() {
                let admission = Admission::of(Arc::clone(serving), lane);
                return Ok(Some(self.add(Admitted::ByName(admission))));
            }
            target.check_not_ended()?;
            if serving.is_over() {
                return Ok(None);
            }
            if serving.is_retired() {
                return Ok(Some(self.add(Admitted::Beside(Arc::clone(serving)))));
            }
            target.unpaused(serving).await;
        }
    }

    /// Admits a call to a revision that the tree was admitted to before.
    fn enter_where(
        self: &Arc<Self>,
        target: &Named,
        serving: &Arc<Serving>,
    ) -> Result<Option<Entered>> {
        let mut state = self.0.lock();
        state.check_depth(target)?;
        let place = state
            .admitted
            .iter()
            .position(|admitted| Arc::ptr_eq(admitted.serving(), serving));
        Ok(place.map(|place| self.again(&mut state, place)))
    }

    fn add(self: &Arc<Self>, admitted: Admitted) -> Entered {
        let mut state = self.0.lock();
        let place = state.admitted.len();
        state.admitted.push(admitted);
        self.again(&mut state, place)
    }

    fn again(self: &Arc<Self>, state: &mut State, place: usize) -> Entered {
        state.path.push(place);
        let admitted = &state.admitted[place];
        Entered {
            tree: Arc::clone(self),
            serving: Arc::clone(admitted.serving()),
            lane: admitted.lane(),
        }
    }

    fn enter_again(self: &Arc<Self>, target: &Named) -> Result<Option<Entered>> {
        let mut state = self.0.lock();
        state.check_depth(target)?;
        let is_target = |admitted: &Admitted| admitted.is_call_of(target);
        let Some(place) = state.admitted.iter().position(is_target) else {
            return Ok(None);
        };
        let serving = state.admitted[place].serving();
        let is_inside =
            |entered: &&usize| Arc::ptr_eq(state.admitted[**entered].serving(), serving);
        if state.path.iter().filter(is_inside).count() >= serving.instances.max() {
            return Err(reentrant(
                target,
                "it is called from within its own call: each of its instances waits for this very call",
            ));
        }
        Ok(Some(self.again(&mut state, place)))
    }
}

impl State {
    fn check_depth(&self, target: &Named) -> Result<()> {
        if self.path.len() < DEPTH_MAX {
            return Ok(());
        }
        Err(reentrant(
            target,
            &format!("calls are nested {DEPTH_MAX} deep"),
        ))
    }
}

impl Admitted {
    fn serving(&self) -> &Arc<Serving> {
        match self {
            Self::ByName(admission) => admission.serving(),
            Self::Beside(serving) => serving,
        }
    }

    fn lane(&self) -> usize {
        match self {
            Self::ByName(admission) => admission.lane,
            // The call has its instance, and needs no lane to find one.
            Self::Beside(_) => 0,
        }
    }

    /// Returns `true` if further calls of the deployment belong there too.
    fn is_call_of(&self, target: &Named) -> bool {
        matches!(self, Self::ByName(admission) if *admission.serving().revision.name() == target.name)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.tree.0.lock().path.pop();
    }
}

fn reentrant(target: &Named, why: &str) -> Error {
    let message = format!("`{}` cannot be called here: {why}", target.name);
    Error::new(ErrorKind::Reentrant, message)
}
