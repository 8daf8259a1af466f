//! Where a revision goes live: under a name that is new, or in place of another.
//!
//! Tests: the workspace's `tests/suite/promises` and `tests/suite/state`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_core::ComponentName;
use tokio::sync::OwnedMutexGuard;

use super::grants;
use super::run::out_of_turn;
use crate::deployment::{After, Named, Serving};
use crate::instance::Instance;
use crate::observe::Event;
use crate::registry::Reserved;
use crate::revision::{Approved, Draft, Revision};
use crate::runtime::Runtime;
use crate::state::{Action, Serves};
use crate::{Error, ErrorKind, Result};

/// The end of a rollout.
pub(super) trait Place: Send + 'static {
    /// What the switch leaves in hand.
    type Live: Send + 'static;

    fn name(&self) -> &ComponentName;

    /// Checks that what `draft` requests is granted here, and opens it. A rehearsal announces
    /// nothing.
    fn authorize(&self, runtime: &Runtime, draft: &mut Draft, is_rehearsal: bool) -> Result<()>;

    /// The name as it is.
    fn current(&self) -> Result<&Arc<Named>>;

    /// Has `revision` serve, with `first` as its first instance, once the state directory has
    /// it, if there is one: then it blocks.
    fn switch(
        &mut self,
        runtime: &Arc<Runtime>,
        revision: Arc<Revision>,
        first: Box<Instance>,
    ) -> Result<Self::Live>;
}

/// A name that nothing serves.
pub(super) struct NewName {
    pub(super) reserved: Reserved<Named>,
    /// The pipeline that it will be a stage of.
    pub(super) pipeline: Option<StageOf>,
}

/// What a stage is deployed for.
#[derive(Clone)]
pub(crate) struct StageOf {
    pub(crate) pipeline: ComponentName,
    /// The pipeline will not be deployed after all.
    pub(crate) is_given_up: Arc<AtomicBool>,
}

impl Place for NewName {
    type Live = Arc<Named>;

    fn name(&self) -> &ComponentName {
        self.reserved.name()
    }

    fn authorize(&self, runtime: &Runtime, draft: &mut Draft, is_rehearsal: bool) -> Result<()> {
        grants::check(runtime, draft, is_rehearsal)?;
        draft.open(runtime).map(drop)
    }

    fn current(&self) -> Result<&Arc<Named>> {
        Err(out_of_turn("what a new name does not have"))
    }

    fn switch(
        &mut self,
        runtime: &Arc<Runtime>,
        revision: Arc<Revision>,
        first: Box<Instance>,
    ) -> Result<Arc<Named>> {
        let deployed = Event::Deployed {
            component: self.reserved.name().clone(),
            revision: revision.number,
            version: revision.component.version().cloned(),
        };
        let pipeline = self.pipeline.as_ref().map(|stage| stage.pipeline.clone());
        let named = Named::new(Arc::clone(runtime), revision, first, pipeline)?;
        self.reserved.fill(&named);
        // Whoever gives up later finds it there.
        if self
            .pipeline
            .as_ref()
            .is_some_and(|stage| stage.is_given_up.load(Ordering::SeqCst))
        {
            self.reserved.take_back();
            named.forget_begun()?;
            return Err(Error::new(
                ErrorKind::NotDeployed,
                "its pipeline was given up",
            ));
        }
        runtime.announcer.announce(deployed);
        Ok(named)
    }
}

/// A name that a revision serves, and the turn of one rollout.
pub(super) struct Replaced {
    pub(super) named: Arc<Named>,
    pub(super) _turn: OwnedMutexGuard<()>,
    pub(super) by: By,
}

/// What replaces it.
pub(super) enum By {
    /// An update; with new grants, so many revocations are over.
    Update { lifting: Option<usize> },
    /// A revision that served before.
    Rollback,
}

/// What the switch leaves: what served, and what serves.
pub(super) struct Switched {
    pub(super) old: Arc<Serving>,
    pub(super) revision: Arc<Revision>,
}

impl Place for Replaced {
    type Live = Switched;

    fn name(&self) -> &ComponentName {
        &self.named.name
    }

    /// An update that says nothing of grants has those of the revision that serves, as
    /// long as it asks for no more.
    fn authorize(&self, runtime: &Runtime, draft: &mut Draft, is_rehearsal: bool) -> Result<()> {
        let lifted = match draft.approved {
            Approved::Now { lifting } => lifting,
            Approved::Before => {
                grants::check_no_growth(runtime, &self.named.revision(), draft, is_rehearsal)?;
                0
            }
        };
        grants::check(runtime, draft, is_rehearsal)?;
        let powers = draft.open(runtime)?;
        self.named
            .authorization
            .add(&powers.authority, &powers.rooms, lifted);
        Ok(())
    }

    fn current(&self) -> Result<&Arc<Named>> {
        Ok(&self.named)
    }

    /// Handles that came since the last look are bound first.
    fn switch(
        &mut self,
        runtime: &Arc<Runtime>,
        revision: Arc<Revision>,
        mut first: Box<Instance>,
    ) -> Result<Switched> {
        let keeping = self.named.keeping.lock();
        let held = self.named.callers.bind_and_hold(&revision, &mut first)?;
        let (after, forgotten) = self.after(&revision);
        let next = Serving::new(runtime, Arc::clone(&revision), Some(first));
        let old = self.named.switch(next, held, &keeping, after)?;
        if let By::Update { .. } = self.by {
            self.announce_lifted(runtime, &revision);
        }
        if !forgotten.is_empty() {
            runtime.aside.drop(forgotten);
        }
        Ok(Switched { old, revision })
    }
}

impl Replaced {
    fn announce_lifted(&self, runtime: &Runtime, revision: &Revision) {
        for rule in &revision.lifted {
            let (component, rule) = (self.named.name.clone(), rule.clone());
            tracing::warn!(%component, %rule, "what was revoked is granted again");
            runtime.announcer.announce(Event::GrantedAgain {
                component,
                revision: revision.number,
                rule,
            });
        }
    }

    /// What the name is when `revision` serves, and what it keeps no more.
    fn after(&self, revision: &Arc<Revision>) -> (After, Vec<crate::deployment::Kept>) {
        let mut history = self.named.history.lock().clone();
        let serves = Serves::of(revision);
        let (action, lifted, forgotten) = match self.by {
            By::Update { lifting } => {
                let forgotten = history.updated_to(Arc::clone(revision));
                (Action::Updated(serves), lifting.unwrap_or(0), forgotten)
            }
            By::Rollback => {
                history.rolled_back_to(Arc::clone(revision));
                // Its grants lifted what was revoked then; this lifts nothing.
                let serves = Serves {
                    lifted: Vec::new(),
                    ..serves
                };
                (Action::RolledBack(serves), 0, Vec::new())
            }
        };
        (
            After {
                history,
                action,
                lifted,
            },
            forgotten,
        )
    }
}
