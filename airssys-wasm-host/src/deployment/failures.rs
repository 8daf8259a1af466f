//! How many calls of a name failed, and how they ended.
//!
//! Tests: the workspace's `tests/suite/ends`.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::CallEnd;

/// Counts calls that failed. One that returned costs nothing here.
#[derive(Default)]
pub(crate) struct Failures(Mutex<BTreeMap<&'static str, u64>>);

impl Failures {
    pub(crate) fn count(&self, end: CallEnd) {
        *self.0.lock().entry(end.label()).or_default() += 1;
    }

    /// How many so far, by the label of their end.
    pub(super) fn by_end(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().clone()
    }
}
