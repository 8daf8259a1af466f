//! The links of a revision to other deployments, as far as a revision must know them.
//!
//! Tests: `tests/suite/links`.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use airssys_wasm_core::ComponentName;

use crate::Result;
use crate::capability::Caller;
use crate::instance::InstanceState;

/// The deployment that serves each interface, by the interface's path without a version.
pub(crate) type LinkBindings = BTreeMap<String, ComponentName>;

/// The functions of other deployments that a revision calls. `link` implements this.
pub(crate) trait LinkSet: Any + Send + Sync {
    /// Returns the interfaces that must be granted, each with the deployment that serves it.
    fn required_calls(&self) -> BTreeSet<(String, ComponentName)>;

    /// Returns the deployment that serves each interface.
    fn targets(&self) -> BTreeMap<String, ComponentName>;

    /// Checks that every deployment that it is linked to still exists.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed) or
    /// [`HostDropped`](crate::ErrorKind::HostDropped).
    fn check_targets(&self) -> Result<()>;

    /// Releases the other deployments, so that two that are linked to each other end.
    fn release(&self);

    /// Adds its slots to an instance.
    fn add_slots(&self, state: &mut InstanceState, caller: Caller);

    /// Releases what calls hold that the instance made while it started: they belong to no call of
    /// the instance.
    fn end_start(&self, state: &mut InstanceState);
}

/// A revision that calls no other deployment.
pub(crate) struct NoLinks;

impl LinkSet for NoLinks {
    fn required_calls(&self) -> BTreeSet<(String, ComponentName)> {
        BTreeSet::new()
    }

    fn targets(&self) -> BTreeMap<String, ComponentName> {
        BTreeMap::new()
    }

    fn check_targets(&self) -> Result<()> {
        Ok(())
    }

    fn release(&self) {}

    fn add_slots(&self, _: &mut InstanceState, _: Caller) {}

    fn end_start(&self, _: &mut InstanceState) {}
}
