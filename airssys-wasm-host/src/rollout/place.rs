//! The target of a rollout: a new deployment, or an existing one.
//!
//! Tests: `tests/suite/promises`, `tests/suite/state`.

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

/// The target of a rollout, where its revision goes live.
pub(super) trait Place: Send + 'static {
    /// The result of a switch.
    type Live: Send + 'static;

    fn name(&self) -> &ComponentName;

    /// Checks that what `draft` requests is granted here, and opens it. A rehearsal announces
    /// nothing.
    fn authorize(&self, runtime: &Runtime, draft: &mut Draft, is_rehearsal: bool) -> Result<()>;

    /// Returns the existing deployment. Fails for a new one.
    fn current(&self) -> Result<&Arc<Named>>;

    /// Makes `revision` the active one, with `first` as its first instance. With a state directory,
    /// stores the change first; then it blocks.
    fn switch(
        &mut self,
        runtime: &Arc<Runtime>,
        revision: Arc<Revision>,
        first: Box<Instance>,
    ) -> Result<Self::Live>;
}

/// A reserved name that is not deployed yet.
pub(super) struct NewName {
    pub(super) reserved: Reserved<Named>,
    /// The pipeline that it will be a stage of, if any.
    pub(super) pipeline: Option<StageOf>,
}

/// The pipeline that a stage is deployed for.
#[derive(Clone)]
pub(crate) struct StageOf {
    pub(crate) pipeline: ComponentName,
    /// `true` if the pipeline will not be deployed after all.
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
        Err(out_of_turn("an effect that needs an existing deployment"))
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
        // If the pipeline is abandoned after this check, the stage is found under its name and
        // removed.
        if self
            .pipeline
            .as_ref()
            .is_some_and(|stage| stage.is_given_up.load(Ordering::SeqCst))
        {
            self.reserved.take_back();
            named.forget_begun()?;
            return Err(Error::new(
                ErrorKind::NotDeployed,
                "the deploy of its pipeline was abandoned",
            ));
        }
        runtime.announcer.announce(deployed);
        Ok(named)
    }
}

/// An existing deployment, locked for one rollout.
pub(super) struct Replaced {
    pub(super) named: Arc<Named>,
    pub(super) _turn: OwnedMutexGuard<()>,
    pub(super) by: By,
}

/// The kind of rollout that replaces a revision.
pub(super) enum By {
    /// An update. With new grants, `lifting` is the number of revocations that no longer apply.
    Update { lifting: Option<usize> },
    /// A rollback to a revision that served before.
    Rollback,
}

/// The result of a switch: the previous revision and the new one.
pub(super) struct Switched {
    pub(super) old: Arc<Serving>,
    pub(super) revision: Arc<Revision>,
}

impl Place for Replaced {
    type Live = Switched;

    fn name(&self) -> &ComponentName {
        &self.named.name
    }

    /// An update without grants has those of the active revision, as long as it requests no more.
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

    /// Binds the handles that were registered since the last check first.
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
            tracing::warn!(%component, %rule, "a revoked rule is granted again");
            runtime.announcer.announce(Event::GrantedAgain {
                component,
                revision: revision.number,
                rule,
            });
        }
    }

    /// Returns the state of the deployment once `revision` serves, and the revisions that are no
    /// longer retained.
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
                // Its grants lifted these revocations when it first went live; a rollback lifts
                // none.
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
