//! Where a revision goes live: under a name that is new, or in place of another.
//!
//! Tests: the workspace's `tests/promises`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::run::out_of_turn;
use crate::Result;
use crate::deployment::{Named, Serving};
use crate::instance::Instance;
use crate::revision::Revision;
use crate::runtime::Runtime;

/// The end of a rollout.
pub(super) trait Place {
    /// What the switch leaves in hand.
    type Live;

    fn name(&self) -> &ComponentName;

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
