//! The last lines that guests printed and the last decisions, for those who ask later, and for
//! those who watch.
//!
//! Tests: below, and the crate's `tests/watching`.

use std::collections::VecDeque;

use airssys_wasm_host::{AuditLog, AuditRecord, GuestLine, GuestLog};
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::api::Line;

/// How many of each are kept.
const KEPT: usize = 10_000;
/// How many wait for a slow watcher before it misses the oldest.
const BACKLOG: usize = 1_024;

/// What was told last, and who listens.
pub(crate) struct Tail<T> {
    last: Mutex<VecDeque<T>>,
    watchers: broadcast::Sender<T>,
}

impl<T: Clone> Default for Tail<T> {
    fn default() -> Self {
        Self {
            last: Mutex::default(),
            watchers: broadcast::Sender::new(BACKLOG),
        }
    }
}

impl<T: Clone> Tail<T> {
    fn push(&self, item: T) {
        let mut last = self.last.lock();
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(item.clone());
        // Nobody has to watch.
        let _ = self.watchers.send(item);
    }

    /// The last ones that are wanted, and those that follow.
    pub(crate) fn watch(&self, wanted: impl Fn(&T) -> bool) -> (Vec<T>, broadcast::Receiver<T>) {
        let last = self.last.lock();
        (
            last.iter().filter(|item| wanted(item)).cloned().collect(),
            self.watchers.subscribe(),
        )
    }
}

/// A decision, as it is told.
#[derive(Clone)]
pub(crate) struct Decision {
    pub(crate) name: String,
    /// A line of JSON.
    pub(crate) json: String,
}

#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) lines: Tail<Line>,
    pub(crate) decisions: Tail<Decision>,
}

impl GuestLog for Journal {
    fn line(&self, line: GuestLine<'_>) {
        self.lines.push(Line::of(&line));
    }
}

impl AuditLog for Journal {
    fn record(&self, record: &AuditRecord) {
        self.decisions.push(Decision {
            name: record.identity.component.to_string(),
            json: record.to_json(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_are_kept_and_the_next_are_told() {
        let tail = Tail::default();
        (0..KEPT + 5).for_each(|number| tail.push(number));
        let (last, mut next) = tail.watch(|number| number % 2 == 0);
        assert_eq!((last.len(), last.first()), (KEPT / 2, Some(&6)));
        tail.push(1);
        assert_eq!(next.recv().await.ok(), Some(1));
    }
}
