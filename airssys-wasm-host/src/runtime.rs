//! State shared by everything on one host: engines, linkers, code, events, logs. Deployments keep
//! it alive; it does not know them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use airssys_wasm_core::{Digest, Limits};
use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use crate::blocking::BlockingThreads;
use crate::budget::DeploymentShares;
use crate::capability::CapabilitySettings;
use crate::code_cache::{CodeCache, StopHandle};
use crate::data::{Factories, SharedValues};
use crate::engine::{Allocation, Engines, Profile};
use crate::linker::Linkers;
use crate::observe::{Announcer, AuditTrail, QueuedLog};
use crate::program::Program;
use crate::rollout::RolloutProbe;
use crate::state::StateDirectory;
use crate::{Component, Result};

pub(crate) struct Runtime {
    /// Threads for blocking work.
    pub(crate) blocking: BlockingThreads,
    pub(crate) engines: Engines,
    pub(crate) linkers: Linkers,
    pub(crate) code_cache: CodeCache,
    pub(crate) announcer: Arc<Announcer>,
    pub(crate) audit: Arc<AuditTrail>,
    pub(crate) suppliers: CapabilitySettings,
    /// The embedder's data for all deployments.
    pub(crate) data: SharedValues,
    pub(crate) instance_data: Factories,
    pub(crate) instances_started: AtomicU64,
    pub(crate) guest_log: Arc<QueuedLog>,
    pub(crate) probe: Option<Arc<dyn RolloutProbe>>,
    pub(crate) revisions_kept: usize,
    /// The number of lanes over which calls to a revision are spread.
    pub(crate) lanes: usize,
    pub(crate) programs: ProgramCache,
    pub(crate) shares: DeploymentShares,
    /// The longest time that a rollout waits for the compiler.
    pub(crate) compile_time_max: Duration,
    /// The state directory; `None` if the embedder configured none.
    pub(crate) state: ArcSwapOption<StateDirectory>,
}

/// Compiled programs in use. Deployments of the same bytes share one.
#[derive(Default)]
pub(crate) struct ProgramCache(Mutex<HashMap<(Digest, Profile), Weak<Program>>>);

impl Runtime {
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

    /// Returns the number of a new instance.
    pub(crate) fn count_instance(&self) -> u64 {
        self.instances_started.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Selects the engine of a component from its types and its imports.
    fn profile(&self, component: &Component, limits: &Limits) -> Profile {
        let profile = Profile::for_component(component, limits);
        match self.linkers.needs_concurrency(component.world()) {
            true => profile.with_concurrency(),
            false => profile,
        }
    }

    /// Returns `true` if the program is available within the time of a few calls: it is in use, or
    /// its code is cached and small.
    pub(crate) fn has_program_ready(&self, component: &Component, limits: &Limits) -> bool {
        let profile = self.profile(component, limits);
        let in_use = self
            .programs
            .0
            .lock()
            .get(&(component.digest(), profile))
            .is_some_and(|p| p.strong_count() > 0);
        let compiling = || self.engines.get(profile, Allocation::Pooled);
        in_use
            || compiling()
                .is_ok_and(|compiling| self.code_cache.has_small(&compiling, component.digest()))
    }

    /// Returns the program of a component, compiling it unless it exists already or `stop` stops
    /// that. Blocks while it compiles.
    pub(crate) fn program(
        &self,
        component: &Component,
        limits: &Limits,
        stop: &StopHandle,
    ) -> Result<Arc<Program>> {
        let key = (component.digest(), self.profile(component, limits));
        if let Some(program) = self.programs.0.lock().get(&key).and_then(Weak::upgrade) {
            return Ok(program);
        }
        let program = Arc::new(Program::load(self, key.1, component, stop)?);
        let mut programs = self.programs.0.lock();
        programs.retain(|_, program| program.strong_count() > 0);
        programs.insert(key, Arc::downgrade(&program));
        Ok(program)
    }
}
