//! What happened: every call, and when which revision began to serve.

use std::time::{Duration, Instant};

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Sent with the call, and expected back.
    pub id: u64,
    /// When it should have begun; with a paced load this may be earlier than it
    /// did.
    pub begun: Duration,
    /// When its answer was there.
    pub ended: Duration,
    /// The revision that says it answered, and the id it answered to.
    pub outcome: Result<(String, u64), String>,
}

impl Call {
    /// From when it should have begun to its answer.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.ended.saturating_sub(self.begun)
    }
}

/// A revision's turn to serve.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What its answers say.
    pub revision: String,
    /// When the update that brought it was begun: it may serve from here on.
    pub may_from: Duration,
    /// When that update had returned: it alone serves from here on.
    pub must_from: Duration,
}

/// The turns in order, and the clock that all times are read from.
#[derive(Clone, Debug)]
pub struct Timeline {
    zero: Instant,
    turns: Vec<Turn>,
}

/// Everything that happened.
#[derive(Clone, Debug)]
pub struct Log {
    /// Every call, in no order.
    pub calls: Vec<Call>,
    /// Who served when.
    pub turns: Vec<Turn>,
}

impl Timeline {
    /// Begins with the revision that serves already.
    #[must_use]
    pub fn beginning_with(revision: &str) -> Self {
        let first = Turn {
            revision: revision.into(),
            may_from: Duration::ZERO,
            must_from: Duration::ZERO,
        };
        Self {
            zero: Instant::now(),
            turns: vec![first],
        }
    }

    /// The time since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// The clock alone, for callers.
    pub fn clock(&self) -> impl Fn() -> Duration + Clone + Send + use<> {
        let zero = self.zero;
        move || zero.elapsed()
    }

    /// Remembers a rollout to `revision` that was begun at `begun` and has just
    /// returned.
    pub fn switched_to(&mut self, revision: &str, begun: Duration) {
        self.turns.push(Turn {
            revision: revision.into(),
            may_from: begun,
            must_from: self.now(),
        });
    }

    /// Closes the log.
    #[must_use]
    pub fn with_calls(self, calls: Vec<Call>) -> Log {
        Log {
            calls,
            turns: self.turns,
        }
    }
}
