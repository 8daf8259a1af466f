//! The deadline of a call, and the limit that it comes from.
//!
//! Tests: `tests/suite/limits.rs`, `tests/suite/links/ends.rs`, `tests/suite/http/ends.rs`.

use super::Revision;
use crate::clock::Ticks;
use crate::{CallEnd, Error};

/// The time at which a call ends, and the limit that sets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallDeadline {
    pub(crate) tick: Ticks,
    limit: DeadlineLimit,
}

/// The limit that a deadline comes from, for messages.
#[derive(Clone, Copy, Debug)]
enum DeadlineLimit {
    /// `call_deadline` of the revision.
    Call,
    /// `http_deadline` of the revision.
    #[cfg(feature = "http")]
    Http,
    /// The deadline of the call that made this one.
    Caller,
}

impl CallDeadline {
    /// Returns the deadline of a call to `revision` that began at `begun`.
    #[inline]
    pub(crate) fn for_call(revision: &Revision, begun: Ticks) -> Self {
        Self {
            tick: begun.saturating_add(revision.call_ticks),
            limit: DeadlineLimit::Call,
        }
    }

    /// Returns the deadline of an HTTP request to `revision` that arrived at `begun`.
    #[cfg(feature = "http")]
    pub(crate) fn for_http_request(revision: &Revision, begun: Ticks) -> Self {
        Self {
            tick: begun.saturating_add(revision.http_ticks),
            limit: DeadlineLimit::Http,
        }
    }

    /// Returns the earlier of this deadline and that of the caller.
    pub(crate) fn within(self, caller: Ticks) -> Self {
        if caller < self.tick {
            Self {
                tick: caller,
                limit: DeadlineLimit::Caller,
            }
        } else {
            self
        }
    }

    /// Describes that the deadline was exceeded in a call to `revision`, for messages.
    pub(crate) fn exceeded_message(self, revision: &Revision) -> String {
        let (end, limits) = (CallEnd::DeadlineExceeded, &revision.terms.limits);
        match self.limit {
            DeadlineLimit::Call => {
                format!("{end}: `call_deadline` is {:?}", limits.call_deadline)
            }
            #[cfg(feature = "http")]
            DeadlineLimit::Http => {
                format!("{end}: `http_deadline` is {:?}", limits.http_deadline)
            }
            DeadlineLimit::Caller => format!("{end}: its caller has no time left"),
        }
    }

    /// Returns the error of a call to `target` of `revision` that exceeded this deadline.
    pub(crate) fn exceeded_error(self, revision: &Revision, target: &str) -> Error {
        let message = format!(
            "`{target}` of {revision} {}",
            self.exceeded_message(revision)
        );
        Error::from_call_end(CallEnd::DeadlineExceeded, message)
    }
}
