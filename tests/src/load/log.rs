//! The log of a load: every call, and the time at which each revision began to serve.

use std::time::{Duration, Instant};

/// A call and its outcome.
#[derive(Clone, Debug)]
pub struct Call {
    /// The id sent with the call and expected in its answer.
    pub id: u64,
    /// The time at which the call was due; with a paced load this may be before it was made.
    pub due: Duration,
    /// The time at which the answer arrived.
    pub ended: Duration,
    /// The revision that claims to have answered and the id that it received; or the reason why the
    /// call failed.
    pub outcome: Result<(String, u64), String>,
}

impl Call {
    /// Returns the time from when the call was due to its answer.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.ended.saturating_sub(self.due)
    }
}

/// The period in which a revision serves.
#[derive(Clone, Debug)]
pub struct ServingPeriod {
    /// The revision as its answers name it.
    pub revision: String,
    /// The time at which the update to this revision began: the revision may serve from then on.
    pub may_serve_from: Duration,
    /// The time at which that update had returned: only this revision serves from then on.
    pub serves_alone_from: Duration,
}

/// The serving periods in order, and the clock from which all times are read.
#[derive(Clone, Debug)]
pub struct Timeline {
    zero: Instant,
    periods: Vec<ServingPeriod>,
}

/// A completed log.
#[derive(Clone, Debug)]
pub struct Log {
    /// All calls, in no particular order.
    pub calls: Vec<Call>,
    /// The serving periods in order.
    pub periods: Vec<ServingPeriod>,
}

impl Timeline {
    /// Creates a timeline that begins with the active revision.
    #[must_use]
    pub fn starting_with(revision: &str) -> Self {
        let first = ServingPeriod {
            revision: revision.into(),
            may_serve_from: Duration::ZERO,
            serves_alone_from: Duration::ZERO,
        };
        Self {
            zero: Instant::now(),
            periods: vec![first],
        }
    }

    /// Returns the time since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// Returns the clock alone, for callers.
    pub fn clock(&self) -> impl Fn() -> Duration + Clone + Send + use<> {
        let zero = self.zero;
        move || zero.elapsed()
    }

    /// Records a rollout to `revision` that began at `begun` and has just returned.
    pub fn record_switch(&mut self, revision: &str, begun: Duration) {
        self.periods.push(ServingPeriod {
            revision: revision.into(),
            may_serve_from: begun,
            serves_alone_from: self.now(),
        });
    }

    /// Completes the log with the calls of a load.
    #[must_use]
    pub fn with_calls(self, calls: Vec<Call>) -> Log {
        Log {
            calls,
            periods: self.periods,
        }
    }
}
