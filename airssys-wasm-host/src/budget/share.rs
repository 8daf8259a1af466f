//! The share of a deployment in the host's budget, common to all its revisions and instances.
//!
//! Tests: `airssys-wasm-host/src/budget/pool.rs`, `tests/suite/budget.rs`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;

use super::Budget;
use super::CrowdDetector;
use super::pool::{BudgetPart, BudgetPool, Shortage, WaitGuard};

/// The amounts that a deployment uses.
pub(crate) struct DeploymentShare {
    name: ComponentName,
    /// The number of slices computed beyond the first of each call.
    slices: AtomicU64,
    crowd: CrowdDetector,
    /// Linear memory, in bytes.
    memory: BudgetPart,
    /// Files, sockets and connections that its guests have open.
    descriptors: BudgetPart,
    /// Blocking operations in progress.
    blocking: BudgetPart,
    locks: FairLocks,
    /// The number of starts that have found too little memory and wait for it.
    waiting_starts: AtomicUsize,
    idle: Mutex<Vec<Weak<dyn IdleInstances>>>,
}

/// Fair locks, each held by the first of a deployment's waiters.
#[derive(Default)]
pub(crate) struct FairLocks {
    /// Waits for memory to start an instance.
    pub(crate) start: tokio::sync::Mutex<()>,
    /// Waits for a blocking operation.
    pub(crate) blocking: tokio::sync::Mutex<()>,
    /// Waits for the compiler. Held by the compilation itself, even after its caller has stopped
    /// waiting.
    pub(crate) compile: Arc<tokio::sync::Mutex<()>>,
}

/// A start of an instance that waits for memory, until it is dropped. Later starts of the
/// deployment queue behind it, and no deployment retains idle instances meanwhile.
pub(crate) struct WaitingStart<'a> {
    share: &'a DeploymentShare,
    _waiter: WaitGuard<'a>,
}

/// Idle instances that can be dropped when memory is short.
pub(crate) trait IdleInstances: Send + Sync {
    /// Drops the instances that are worth no more than new ones.
    fn drop_idle(&self);
}

/// The shares of a host's deployments, by name.
pub(crate) struct DeploymentShares {
    memory: Arc<BudgetPool>,
    descriptors: Arc<BudgetPool>,
    blocking: Arc<BudgetPool>,
    shares: Mutex<HashMap<ComponentName, Weak<DeploymentShare>>>,
}

/// The number of entries from which those of removed deployments are purged before the map grows.
const SWEEP_MIN: usize = 64;

impl DeploymentShare {
    pub(crate) fn name(&self) -> &ComponentName {
        &self.name
    }

    pub(crate) fn count_slice(&self) {
        self.slices.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn crowd(&self) -> &CrowdDetector {
        &self.crowd
    }

    pub(crate) fn slices(&self) -> u64 {
        self.slices.load(Ordering::Relaxed)
    }

    pub(crate) fn memory(&self) -> &BudgetPart {
        &self.memory
    }

    pub(crate) fn descriptors(&self) -> &BudgetPart {
        &self.descriptors
    }

    pub(crate) fn blocking(&self) -> &BudgetPart {
        &self.blocking
    }

    pub(crate) fn locks(&self) -> &FairLocks {
        &self.locks
    }

    /// Registers a start that has found too little memory, until the guard is dropped.
    pub(crate) fn register_waiting_start(&self) -> WaitingStart<'_> {
        self.waiting_starts.fetch_add(1, Ordering::SeqCst);
        WaitingStart {
            share: self,
            _waiter: self.memory.register_waiter(),
        }
    }

    /// Returns `true` if a start of the deployment waits for memory.
    pub(crate) fn has_waiting_starts(&self) -> bool {
        self.waiting_starts.load(Ordering::SeqCst) > 0
    }

    /// Registers instances that can be dropped when memory is short.
    pub(crate) fn register_idle(&self, instances: Weak<dyn IdleInstances>) {
        let mut idle = self.idle.lock();
        idle.retain(|instances| instances.strong_count() > 0);
        idle.push(instances);
    }

    fn drop_idle(&self) {
        let idle: Vec<_> = self.idle.lock().iter().filter_map(Weak::upgrade).collect();
        idle.iter().for_each(|instances| instances.drop_idle());
    }
}

impl Drop for WaitingStart<'_> {
    fn drop(&mut self) {
        self.share.waiting_starts.fetch_sub(1, Ordering::SeqCst);
    }
}

impl DeploymentShares {
    pub(crate) fn new(budget: &Budget) -> Self {
        let pool = |max| BudgetPool::new(max, budget.share_percent);
        Self {
            memory: pool(budget.memory_bytes),
            descriptors: pool(budget.descriptors),
            blocking: pool(budget.blocking_operations),
            shares: Mutex::default(),
        }
    }

    /// Returns the share of a deployment, common to all its revisions.
    pub(crate) fn get(&self, name: &ComponentName) -> Arc<DeploymentShare> {
        let mut shares = self.shares.lock();
        if let Some(share) = shares.get(name).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= SWEEP_MIN && shares.len() == shares.capacity() {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(DeploymentShare {
            name: name.clone(),
            slices: AtomicU64::default(),
            crowd: CrowdDetector::default(),
            memory: self.memory.part(),
            descriptors: self.descriptors.part(),
            blocking: self.blocking.part(),
            locks: FairLocks::default(),
            waiting_starts: AtomicUsize::default(),
            idle: Mutex::default(),
        });
        shares.insert(name.clone(), Arc::downgrade(&share));
        share
    }

    /// Drops idle instances: those of the deployment that lacks memory, or all if the host does.
    pub(crate) fn drop_idle(&self, share: &DeploymentShare, shortage: Shortage) {
        match shortage {
            Shortage::Share(_) => share.drop_idle(),
            Shortage::Host(_) => {
                let shares: Vec<_> = self
                    .shares
                    .lock()
                    .values()
                    .filter_map(Weak::upgrade)
                    .collect();
                shares.iter().for_each(|share| share.drop_idle());
            }
        }
    }
}
