//! Events, in the order in which they happened.
//!
//! Tests: `tests/suite/observe.rs`.

use airssys_wasm_core::{ComponentName, Digest, Effect, Rule};
use semver::Version;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::CallId;
use crate::CallEnd;

/// The number of events queued for a slow receiver before the oldest are lost.
const BACKLOG: usize = 1024;

/// An event of a deployment, or of the host itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A deployment got its first revision.
    Deployed {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The active revision.
        revision: u64,
        /// Its version, if the component has one.
        version: Option<Version>,
    },
    /// A deploy, an update or a rollback completed a step.
    RolloutStep {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The step.
        effect: Effect,
    },
    /// New calls go to another revision.
    Switched {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The previously active revision.
        from: u64,
        /// The active revision.
        to: u64,
    },
    /// A rollout failed. The previously active revision, if there is one, keeps serving.
    RolloutFailed {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The step that failed.
        failed: Effect,
        /// The reason.
        reason: String,
    },
    /// The last call to a revision that is no longer active has ended.
    Drained {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The revision.
        revision: u64,
    },
    /// A deployment was removed.
    Removed {
        /// The name of the deployment.
        deployment: ComponentName,
    },
    /// A call failed: it trapped, exceeded its deadline, exited with a failure, or its HTTP
    /// response was not sent completely. Its instance is not reused if the guest itself was
    /// stopped.
    CallFailed {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The revision.
        revision: u64,
        /// The call; `None` if it was stopped from outside at its deadline.
        call: Option<CallId>,
        /// The way the call ended.
        end: CallEnd,
        /// The function, how it ended, and the cause.
        reason: String,
        /// The last lines that the guest wrote to stderr during the call, as returned by
        /// [`Error::guest_stderr`](crate::Error::guest_stderr).
        stderr: Option<String>,
    },
    /// An update requests more than the deployment was granted; the active revision keeps serving
    /// until the update is approved.
    AwaitsApproval {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The digest of the component that awaits approval.
        digest: Digest,
        /// The additional requests, one per entry.
        changes: Vec<String>,
    },
    /// A rule was revoked.
    Revoked {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The revoked rule.
        rule: Rule,
    },
    /// The grants of an update restored something that had been revoked.
    GrantedAgain {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The revision with the grants.
        revision: u64,
        /// The revoked rule.
        rule: Rule,
    },
    /// Requests, grants and imports do not match.
    Mismatched {
        /// The name of the deployment.
        deployment: ComponentName,
        /// A description of the mismatch and its remedy.
        warning: String,
    },
    /// A deployment in the state directory cannot serve; the others do.
    NotRestored {
        /// The name of the deployment.
        deployment: ComponentName,
        /// The reason.
        reason: String,
    },
    /// A component does not fit into the pool's slots and is allocated on demand.
    AllocatedOnDemand {
        /// The component's own name, regardless of the deployment's.
        component: ComponentName,
        /// The limit that it exceeds.
        reason: String,
    },
    /// The code cache cannot be used; the host works without it. Reported once.
    CodeCacheUnavailable {
        /// The reason.
        reason: String,
    },
    /// An entry of the code cache was damaged, and is compiled again.
    CodeCacheEntryRejected {
        /// The reason.
        reason: String,
    },
    /// This receiver was too slow and missed events.
    Missed {
        /// The number of missed events.
        count: u64,
    },
}

/// The sender of events to all receivers.
pub(crate) struct Announcer(broadcast::Sender<Event>);

impl Default for Announcer {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Announcer {
    pub(crate) fn announce(&self, event: Event) {
        tracing::debug!(target: "airssys_wasm::event", ?event);
        // There may be no receivers.
        let _ = self.0.send(event);
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events(self.0.subscribe())
    }
}

/// A receiver of the events of a host, starting when it was created.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// Waits for the next event. Returns `None` once the host is gone.
    ///
    /// Cancel safe: no event is lost except those reported by [`Event::Missed`].
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(RecvError::Closed) => None,
        }
    }

    /// Returns the next event if one is queued.
    pub fn try_next(&mut self) -> Option<Event> {
        use broadcast::error::TryRecvError;
        match self.0.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
