//! The most recent lines of guest output and policy decisions, for later queries and for followers.
//!
//! Tests: in this file, and `airssys-wasm-cli/tests/cli/watching.rs`.

use std::collections::VecDeque;

use airssys_wasm_host::{AuditLog, AuditRecord, GuestLine, GuestLog};
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::api::OutputLine;

/// Number of lines, and of decisions, that are retained.
const RETAINED_MAX: usize = 10_000;
/// Number of items queued for a slow follower before it misses the oldest.
const BACKLOG: usize = 1_024;

/// The most recent items, and the followers of new ones.
pub(crate) struct Tail<T> {
    last: Mutex<VecDeque<T>>,
    followers: broadcast::Sender<T>,
}

impl<T: Clone> Default for Tail<T> {
    fn default() -> Self {
        Self {
            last: Mutex::default(),
            followers: broadcast::Sender::new(BACKLOG),
        }
    }
}

impl<T: Clone> Tail<T> {
    fn push(&self, item: T) {
        let mut last = self.last.lock();
        if last.len() == RETAINED_MAX {
            last.pop_front();
        }
        last.push_back(item.clone());
        // Fails if there are no followers, which is fine.
        let _ = self.followers.send(item);
    }

    /// Returns the retained items that match, and a receiver of every later item.
    pub(crate) fn subscribe(
        &self,
        wanted: impl Fn(&T) -> bool,
    ) -> (Vec<T>, broadcast::Receiver<T>) {
        let last = self.last.lock();
        (
            last.iter().filter(|item| wanted(item)).cloned().collect(),
            self.followers.subscribe(),
        )
    }
}

/// A policy decision, as an audit record.
#[derive(Clone)]
pub(crate) struct AuditEntry {
    /// The name of the deployment.
    pub(crate) name: String,
    /// The record as JSON, without a line ending.
    pub(crate) json: String,
}

/// The journal of a host process.
#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) lines: Tail<OutputLine>,
    pub(crate) decisions: Tail<AuditEntry>,
}

impl GuestLog for Journal {
    fn line(&self, line: GuestLine<'_>) {
        self.lines.push(OutputLine::from_guest_line(&line));
    }
}

impl AuditLog for Journal {
    fn record(&self, record: &AuditRecord) {
        self.decisions.push(AuditEntry {
            name: record.identity.deployment.to_string(),
            json: record.to_json(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn recent_items_are_retained_and_new_ones_are_sent() {
        let tail = Tail::default();
        (0..RETAINED_MAX + 5).for_each(|number| tail.push(number));
        let (last, mut next) = tail.subscribe(|number| number % 2 == 0);
        assert_eq!((last.len(), last.first()), (RETAINED_MAX / 2, Some(&6)));
        tail.push(1);
        assert_eq!(next.recv().await.ok(), Some(1));
    }
}
