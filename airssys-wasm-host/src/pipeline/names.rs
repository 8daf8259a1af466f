//! Which pipelines a host has.
//!
//! Tests: the workspace's `tests/suite/pipelines`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;

use super::runner::Runner;
use crate::{Error, ErrorKind, Result};

/// Every pipeline of a host; none for one that is being deployed.
#[derive(Default)]
pub(crate) struct Pipelines(Mutex<BTreeMap<ComponentName, Option<Arc<Runner>>>>);

/// A name that is taken. Dropped without being filled, it is free again.
pub(super) struct Reserved<'a> {
    pipelines: &'a Pipelines,
    name: ComponentName,
    filled: bool,
}

impl Pipelines {
    pub(super) fn reserve(&self, name: &ComponentName) -> Result<Reserved<'_>> {
        let mut names = self.0.lock();
        if names.contains_key(name) {
            let message = format!("the pipeline `{name}` is deployed already; remove it, or name this one");
            return Err(Error::new(ErrorKind::NameTaken, message));
        }
        names.insert(name.clone(), None);
        Ok(Reserved { pipelines: self, name: name.clone(), filled: false })
    }

    pub(super) fn remove(&self, name: &ComponentName) {
        self.0.lock().remove(name);
    }

    pub(crate) fn names(&self) -> Vec<ComponentName> {
        self.0.lock().keys().cloned().collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Runner>> {
        self.0.lock().iter().find(|(known, _)| known.as_str() == name).and_then(|(_, runner)| runner.clone())
    }
}

impl Reserved<'_> {
    pub(super) fn fill(mut self, runner: &Arc<Runner>) {
        self.pipelines.0.lock().insert(self.name.clone(), Some(Arc::clone(runner)));
        self.filled = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.filled {
            self.pipelines.remove(&self.name);
        }
    }
}
