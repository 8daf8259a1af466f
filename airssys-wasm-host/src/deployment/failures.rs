//! Counts of failed calls, by how they ended.
//!
//! Tests: `tests/suite/ends`.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::CallEnd;

/// The failed calls of one deployment. Calls that return cost nothing here.
#[derive(Default)]
pub(crate) struct FailureCounts(Mutex<BTreeMap<&'static str, u64>>);

impl FailureCounts {
    pub(crate) fn count(&self, end: CallEnd) {
        *self.0.lock().entry(end.label()).or_default() += 1;
    }

    /// Returns the number of failures so far, by the label of their end.
    pub(crate) fn by_end(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().clone()
    }
}
