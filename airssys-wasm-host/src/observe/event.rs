//! Events, in the order in which they happened.
//!
//! Tests: the workspace's `tests/observe`.

use airssys_wasm_core::{ComponentName, Digest, Effect, Rule};
use semver::Version;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::CallId;
use crate::CallEnd;

/// How many events wait for a slow reader before the oldest are lost.
const BACKLOG: usize = 1024;

/// Something that happened to a deployment, or to the host itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A name has its first revision.
    Deployed {
        /// The name.
        component: ComponentName,
        /// The revision that serves.
        revision: u64,
        /// Its version, if it says one.
        version: Option<Version>,
    },
    /// A deploy, an update or a rollback took a step.
    RolloutStep {
        /// The name.
        component: ComponentName,
        /// What was done.
        effect: Effect,
    },
    /// Calls go to another revision from here on.
    Switched {
        /// The name.
        component: ComponentName,
        /// The revision that served.
        from: u64,
        /// The revision that serves.
        to: u64,
    },
    /// A rollout failed; the revision that served serves on.
    RolledBack {
        /// The name.
        component: ComponentName,
        /// The step that failed.
        failed: Effect,
        /// Why.
        reason: String,
    },
    /// The last call on a revision that no longer serves has ended.
    Drained {
        /// The name.
        component: ComponentName,
        /// The revision.
        revision: u64,
    },
    /// A name was removed.
    Removed {
        /// The name.
        component: ComponentName,
    },
    /// A call failed: it trapped, ran out of time, exited with failure, or its HTTP answer was not
    /// sent whole. Its instance is not used again if the guest itself was stopped.
    CallFailed {
        /// The name.
        component: ComponentName,
        /// The revision.
        revision: u64,
        /// The instance and its call; none if it was stopped from outside at its deadline.
        call: Option<CallId>,
        /// How it ended.
        end: CallEnd,
        /// The function, how it ended, and why.
        reason: String,
        /// The last lines that the guest wrote to stderr in that call, as
        /// [`Error::guest_stderr`](crate::Error::guest_stderr) has them.
        stderr: Option<String>,
    },
    /// An update asks for more than its name was given; the revision that serves serves
    /// on until somebody approves it.
    AwaitsApproval {
        /// The name.
        component: ComponentName,
        /// The content address of what waits.
        digest: Digest,
        /// What it asks for in addition, a line each.
        changes: Vec<String>,
    },
    /// A grant was taken back.
    Revoked {
        /// The name.
        component: ComponentName,
        /// What was taken back.
        rule: Rule,
    },
    /// The grants of an update gave back what was revoked.
    GrantedAgain {
        /// The name.
        component: ComponentName,
        /// The revision that has the grants.
        revision: u64,
        /// What was revoked.
        rule: Rule,
    },
    /// Requests, grants and imports do not go together as they should.
    Mismatched {
        /// The name.
        component: ComponentName,
        /// What was found, and what to do.
        warning: String,
    },
    /// A name that the state directory has cannot serve; the others do.
    NotRestored {
        /// The name.
        component: ComponentName,
        /// What is in the way.
        reason: String,
    },
    /// A component exceeds the pool's slots and is allocated on demand.
    AllocatedOnDemand {
        /// Its own name, whatever it is deployed under.
        component: ComponentName,
        /// Which bound it exceeds.
        reason: String,
    },
    /// The code cache cannot be used; the host works without it. Said once.
    CodeCacheUnavailable {
        /// Why.
        reason: String,
    },
    /// An entry of the code cache was damaged, and is compiled anew.
    CodeCacheEntryRejected {
        /// Why.
        reason: String,
    },
    /// This reader was too slow and missed events.
    Missed {
        /// How many.
        count: u64,
    },
}

/// Announces events; knows no reader.
pub(crate) struct Announcer(broadcast::Sender<Event>);

impl Default for Announcer {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Announcer {
    pub(crate) fn announce(&self, event: Event) {
        tracing::debug!(target: "airssys_wasm::event", ?event);
        // Nobody has to listen.
        let _ = self.0.send(event);
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events(self.0.subscribe())
    }
}

/// The events of a host from the moment of asking on.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next event, or none when the host is gone.
    ///
    /// Cancel safe: an event is lost only to [`Event::Missed`], which says so.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next event if one is waiting already.
    pub fn try_next(&mut self) -> Option<Event> {
        use broadcast::error::TryRecvError;
        match self.0.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
