//! Which pipelines a host has.
//!
//! Tests: the workspace's `tests/suite/pipelines`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::runner::Runner;
use crate::registry::{Registry, Reserved};
use crate::{Error, ErrorKind, Result};

/// Every pipeline of a host.
#[derive(Default)]
pub(crate) struct Pipelines(Registry<Runner>);

impl Pipelines {
    pub(super) fn reserve(&self, name: &ComponentName) -> Result<Reserved<Runner>> {
        self.0.reserve(name).ok_or_else(|| {
            let message = format!("the pipeline `{name}` is deployed already; remove it, or name this one");
            Error::new(ErrorKind::NameTaken, message)
        })
    }

    pub(super) fn remove(&self, name: &ComponentName) {
        self.0.remove(name);
    }

    /// Whether a name still stands for a pipeline.
    pub(super) fn is_still(&self, name: &ComponentName, runner: &Arc<Runner>) -> bool {
        let entries = self.0.0.read();
        entries.get(name).is_some_and(|entry| entry.as_ref().is_some_and(|known| Arc::ptr_eq(known, runner)))
    }

    /// Whether the name is taken.
    pub(crate) fn has(&self, name: &ComponentName) -> bool {
        self.0.0.read().contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Runner>> {
        let name: ComponentName = name.parse().ok()?;
        self.0.0.read().get(&name).cloned().flatten()
    }
}
