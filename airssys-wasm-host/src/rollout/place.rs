//! Where a revision goes live: under a name that is new, or in place of another.
//!
//! Tests: the workspace's `tests/promises`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::grants;
use super::run::out_of_turn;
use crate::Result;
use crate::deployment::{Named, Serving};
use crate::instance::Instance;
use crate::revision::{Approved, Draft, Revision};
use crate::runtime::Runtime;

/// The end of a rollout.
pub(super) trait Place {
    /// What the switch leaves in hand.
    type Live;

    fn name(&self) -> &ComponentName;

    /// Checks that what `draft` requests is granted here, and opens it.
    fn authorize(&self, runtime: &Runtime, draft: &mut Draft) -> Result<()>;

    /// The name as it is.
    fn current(&self) -> Result<&Arc<Named>>;

    /// Has `revision` serve, with `first` as its first instance.
    fn switch(
        &mut self,
        runtime: &Arc<Runtime>,
        revision: Arc<Revision>,
        first: Box<Instance>,
    ) -> Result<Self::Live>;
}

/// A name that nothing serves.
impl Place for ComponentName {
    type Live = Arc<Named>;

    fn name(&self) -> &ComponentName {
        self
    }

    fn authorize(&self, runtime: &Runtime, draft: &mut Draft) -> Result<()> {
        grants::check(runtime, draft)?;
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
        Ok(Arc::new(Named::new(Arc::clone(runtime), revision, first)))
    }
}

/// A name that a revision serves. The switch leaves what served before.
impl Place for Arc<Named> {
    type Live = Arc<Serving>;

    fn name(&self) -> &ComponentName {
        &self.name
    }

    /// An update that says nothing of grants has those of the revision that serves, as
    /// long as it asks for no more.
    fn authorize(&self, runtime: &Runtime, draft: &mut Draft) -> Result<()> {
        let lifted = match draft.approved {
            Approved::Now { lifting } => lifting,
            Approved::Before => {
                grants::check_no_growth(runtime, &self.revision(), draft)?;
                0
            }
        };
        grants::check(runtime, draft)?;
        let powers = draft.open(runtime)?;
        self.authorization.add(&powers.authority, &powers.rooms, lifted);
        Ok(())
    }

    fn current(&self) -> Result<&Arc<Named>> {
        Ok(self)
    }

    /// Handles that came since the last look are bound first.
    fn switch(
        &mut self,
        runtime: &Arc<Runtime>,
        revision: Arc<Revision>,
        mut first: Box<Instance>,
    ) -> Result<Arc<Serving>> {
        let held = self.callers.bind_and_hold(&revision, &mut first)?;
        Named::switch(self, Serving::new(runtime, revision, first), held)
    }
}
