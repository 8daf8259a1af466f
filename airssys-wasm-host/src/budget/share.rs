//! The share that one deployment has of a host: all its revisions and instances together.
//!
//! Tests: `pool`, and the workspace's `tests/suite/budget.rs`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;
use tokio::sync::futures::Notified;

use super::Budget;
use super::pool::{Awaiting, BudgetPart, BudgetPool, Shortage};

/// Counts what one deployment takes.
pub(crate) struct DeploymentShare {
    name: ComponentName,
    /// Slices computed beyond the first of a call.
    slices: AtomicU64,
    memory: BudgetPart,
    /// The first of those that wait for memory to start an instance holds it.
    pub(crate) start_turn: tokio::sync::Mutex<()>,
    idle: Mutex<Vec<Weak<dyn IdleInstances>>>,
}

/// Instances that lie idle and can be dropped when memory is short.
pub(crate) trait IdleInstances: Send + Sync {
    /// Drops those that are worth no more than new ones.
    fn drop_idle(&self);
}

/// The shares of a host, by name.
pub(crate) struct DeploymentShares {
    memory: Arc<BudgetPool>,
    shares: Mutex<HashMap<ComponentName, Weak<DeploymentShare>>>,
}

/// Entries from which on those of removed names are swept: when the map is to grow anyway.
const SWEPT_FROM: usize = 64;

impl DeploymentShare {
    pub(crate) fn name(&self) -> &ComponentName {
        &self.name
    }

    pub(crate) fn count_slice(&self) {
        self.slices.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn slices(&self) -> u64 {
        self.slices.load(Ordering::Relaxed)
    }

    /// Takes memory, in bytes.
    pub(crate) fn take_memory(&self, bytes: u64) -> Result<(), Shortage> {
        self.memory.take(bytes)
    }

    pub(crate) fn give_memory_back(&self, bytes: u64) {
        self.memory.give_back(bytes);
    }

    /// Memory that the deployment has taken, in bytes.
    pub(crate) fn memory_taken(&self) -> u64 {
        self.memory.taken()
    }

    /// Whether memory of others has to be given back before there is any.
    pub(crate) fn can_be_freed(&self, shortage: Shortage) -> bool {
        match shortage {
            Shortage::OfShare(_) => self.memory.taken() > 0,
            Shortage::OfHost(_) => self.memory.pool().taken() > 0,
        }
    }

    /// Resolves once somebody gives memory back, from when it was first polled or enabled.
    pub(crate) fn memory_freed(&self) -> Notified<'_> {
        self.memory.pool().freed().notified()
    }

    /// Has idle instances dropped, not kept, until the guard is.
    pub(crate) fn await_memory(&self) -> Awaiting<'_> {
        self.memory.pool().wait()
    }

    /// Whether an instance waits for memory to start.
    #[inline]
    pub(crate) fn memory_is_awaited(&self) -> bool {
        self.memory.pool().is_awaited()
    }

    /// Remembers instances that can be dropped when memory is short.
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

impl DeploymentShares {
    pub(crate) fn new(budget: &Budget) -> Self {
        let memory = BudgetPool::new(budget.memory_bytes, budget.share_percent);
        Self { memory, shares: Mutex::default() }
    }

    /// The share of a name: the same for all its revisions.
    pub(crate) fn get(&self, name: &ComponentName) -> Arc<DeploymentShare> {
        let mut shares = self.shares.lock();
        if let Some(share) = shares.get(name).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= SWEPT_FROM && shares.len() == shares.capacity() {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(DeploymentShare {
            name: name.clone(),
            slices: AtomicU64::default(),
            memory: self.memory.part(),
            start_turn: tokio::sync::Mutex::default(),
            idle: Mutex::default(),
        });
        shares.insert(name.clone(), Arc::downgrade(&share));
        share
    }

    /// Drops idle instances: of the deployment that lacks memory, or of all if the host does.
    pub(crate) fn drop_idle(&self, share: &DeploymentShare, shortage: Shortage) {
        match shortage {
            Shortage::OfShare(_) => share.drop_idle(),
            Shortage::OfHost(_) => {
                let shares: Vec<_> = self.shares.lock().values().filter_map(Weak::upgrade).collect();
                shares.iter().for_each(|share| share.drop_idle());
            }
        }
    }
}
