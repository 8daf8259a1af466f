//! The outputs of a pipeline for one item.
//!
//! Tests: `tests/suite/pipelines`.

use std::sync::Arc;

use super::item::Item;

/// The outputs of a pipeline for one item.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The number of the item in its run, from 0.
    pub sequence: u64,
    /// The items that left the pipeline, by the name of their stage. Empty if the item was skipped
    /// or became a dead letter; several if several stages returned something.
    pub outputs: Vec<(Arc<str>, Item)>,
}

impl Outcome {
    /// Returns the output, if there is exactly one.
    #[must_use]
    #[inline]
    pub fn into_item(mut self) -> Option<Item> {
        let item = self.outputs.pop();
        if self.outputs.is_empty() {
            item.map(|(_, item)| item)
        } else {
            None
        }
    }
}
