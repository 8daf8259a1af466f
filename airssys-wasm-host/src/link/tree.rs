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

enum Admitted {
    /// As a call of its name.
    ByName(Admission),
    /// To what is open in a serving that serves no more: its drain does not wait.
    Beside(Arc<Serving>),
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
        state
            .admitted
            .push(Admitted::ByName(Admission::again(Arc::clone(root))));
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
        Ok(self.add(Admitted::ByName(admission)))
    }

    /// Lets a call of the tree in to a serving in which the caller has something open, whatever
    /// serves by now; none if that may not go on. Waits while the name is paused.
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

    /// Lets a call in to a serving that a call of the tree was admitted to before.
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
                "each of its instances waits for this very call",
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
            &format!("calls are {DEPTH_MAX} deep inside one another"),
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
            // It has its instance, and looks for none.
            Self::Beside(_) => 0,
        }
    }

    /// Whether other calls of the name belong there too.
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
    let message = format!(
        "`{}` is called from within a call that it made itself, and {why}",
        target.name
    );
    Error::new(ErrorKind::Reentrant, message)
}
