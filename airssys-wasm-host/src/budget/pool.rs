//! A resource limited by a budget, for the host as a whole and for each deployment.
//!
//! Tests: in this file, `tests/suite/budget.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::counter::BoundedCounter;

/// The amount of a resource that all deployments of a host share.
pub(super) struct BudgetPool {
    host: BoundedCounter,
    /// The maximum for one deployment.
    share_max: u64,
    /// Notified when some of the resource is returned.
    freed: Notify,
    /// The number of waiters for `freed`.
    waiting: AtomicUsize,
}

/// A guard that counts as a waiter until dropped.
pub(super) struct WaitGuard<'a>(&'a BudgetPool);

/// The part of a resource available to one deployment.
pub(crate) struct BudgetPart {
    taken: BoundedCounter,
    pool: Arc<BudgetPool>,
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// The deployment's share, of this amount, is used up.
    Share(u64),
    /// The host's budget, of this amount, is used up.
    Host(u64),
}

impl BudgetPool {
    /// Creates a pool of `max` for the host, of which one deployment takes at most `share_percent`
    /// percent.
    pub(super) fn new(max: u64, share_percent: u8) -> Arc<Self> {
        let share_max = u128::from(max) * u128::from(share_percent) / 100;
        let share_max = u64::try_from(share_max).unwrap_or(u64::MAX).max(1);
        Arc::new(Self {
            host: BoundedCounter::new(max),
            share_max,
            freed: Notify::new(),
            waiting: AtomicUsize::new(0),
        })
    }

    pub(super) fn part(self: &Arc<Self>) -> BudgetPart {
        BudgetPart {
            taken: BoundedCounter::new(self.share_max),
            pool: Arc::clone(self),
        }
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl BudgetPart {
    pub(crate) fn taken(&self) -> u64 {
        self.taken.taken()
    }

    /// Takes `amount` if the deployment and the host have that much left.
    pub(crate) fn take(&self, amount: u64) -> Result<(), Shortage> {
        if !self.taken.take(amount) {
            return Err(Shortage::Share(self.taken.max()));
        }
        if !self.pool.host.take(amount) {
            self.taken.release(amount);
            return Err(Shortage::Host(self.pool.host.max()));
        }
        Ok(())
    }

    /// Returns `amount`, and wakes those who wait for it.
    pub(crate) fn release(&self, amount: u64) {
        if amount > 0 {
            self.taken.release(amount);
            self.pool.host.release(amount);
            self.pool.freed.notify_waiters();
        }
    }

    /// Returns `true` if a deployment holds some of the resource whose return could end the
    /// shortage.
    pub(crate) fn can_be_freed(&self, shortage: Shortage) -> bool {
        match shortage {
            Shortage::Share(_) => self.taken.taken() > 0,
            Shortage::Host(_) => self.pool.host.taken() > 0,
        }
    }

    /// Resolves once any deployment returns some of the resource after the future was first polled
    /// or enabled.
    pub(crate) fn freed(&self) -> Notified<'_> {
        self.pool.freed.notified()
    }

    /// Registers a waiter until the guard is dropped.
    pub(super) fn register_waiter(&self) -> WaitGuard<'_> {
        self.pool.waiting.fetch_add(1, Ordering::SeqCst);
        WaitGuard(&self.pool)
    }

    /// Returns `true` if any deployment waits for the resource.
    #[inline]
    pub(crate) fn has_waiters(&self) -> bool {
        self.pool.waiting.load(Ordering::SeqCst) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_deployment_takes_its_share_and_all_together_the_budget() {
        let pool = BudgetPool::new(100, 60);
        let (a, b) = (pool.part(), pool.part());
        assert_eq!(a.take(60), Ok(()));
        assert_eq!(a.take(1), Err(Shortage::Share(60)));
        assert_eq!(b.take(41), Err(Shortage::Host(100)));
        assert_eq!(b.take(40), Ok(()));
        assert_eq!(pool.host.taken(), 100);
        a.release(60);
        assert_eq!((a.taken(), b.taken(), pool.host.taken()), (0, 40, 40));
        assert_eq!(b.take(20), Ok(()));
    }
}
