//! State shared by everything on one host: engines, linkers, code, events, logs. Deployments keep
//! it alive; it does not know them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::Result;
use crate::blocking::BlockingThreads;
use crate::budget::DeploymentShares;
use crate::capability::CapabilitySettings;
use crate::data::SharedValues;
use crate::engine::Engines;
use crate::instance::Factories;
use crate::observe::{Announcer, AuditTrail, QueuedLog, RolloutProbe};
use crate::program::Programs;
use crate::state::StateDirectory;

pub(crate) struct HostServices {
    /// Threads for blocking work.
    pub(crate) blocking: BlockingThreads,
    pub(crate) engines: Arc<Engines>,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) audit: Arc<AuditTrail>,
    pub(crate) capabilities: CapabilitySettings,
    /// The embedder's data for all deployments.
    pub(crate) data: SharedValues,
    pub(crate) instance_data: Factories,
    pub(crate) instances_started: AtomicU64,
    pub(crate) guest_log: Arc<QueuedLog>,
    pub(crate) probe: Option<Arc<dyn RolloutProbe>>,
    pub(crate) revisions_kept: usize,
    /// The number of lanes over which calls to a revision are spread.
    pub(crate) lanes: usize,
    pub(crate) programs: Arc<Programs>,
    pub(crate) shares: DeploymentShares,
    /// The longest time that a rollout waits for the compiler.
    pub(crate) compile_time_max: Duration,
    /// The state directory; `None` if the embedder configured none.
    pub(crate) state: ArcSwapOption<StateDirectory>,
}

impl HostServices {
    /// Returns the state directory; `None` if none is configured, or it was closed.
    pub(crate) fn state(&self) -> Option<Arc<StateDirectory>> {
        self.state.load_full()
    }

    /// Returns `true` if changes are persisted, which blocks.
    pub(crate) fn is_persistent(&self) -> bool {
        self.state.load().is_some()
    }

    /// Runs work that writes to the state directory, on a blocking thread if the host has one and
    /// otherwise on the current thread. If dropped, the work still runs, unless it was waiting for
    /// a place in a full queue.
    pub(crate) async fn run_state_write<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.is_persistent() {
            self.blocking.run_to_completion(work).await
        } else {
            work()
        }
    }

    /// Runs work that restores deployments, or waits for a restore, on a blocking thread if the host
    /// has a state directory and otherwise on the current thread. If dropped before the work starts,
    /// the work is skipped.
    pub(crate) async fn run_restore<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.is_persistent() {
            // A restore compiles if the compiled code is gone.
            self.blocking.compile(work).await
        } else {
            work()
        }
    }

    /// Returns the number of a new instance.
    pub(crate) fn next_instance_number(&self) -> u64 {
        self.instances_started.fetch_add(1, Ordering::Relaxed) + 1
    }
}
