//! One kind of thing that a budget bounds: for the host, and for each deployment.
//!
//! Tests: below, and the workspace's `tests/suite/budget.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::counter::Counter;

/// What all deployments of a host share of one kind.
pub(super) struct BudgetPool {
    host: Counter,
    /// The most that one deployment takes.
    share_max: u64,
    /// Somebody has given something back.
    freed: Notify,
    /// How many wait for that.
    waiting: AtomicUsize,
}

/// Counts as waiting until dropped.
pub(crate) struct Awaiting<'a>(&'a BudgetPool);

/// The part of one deployment.
pub(crate) struct BudgetPart {
    taken: Counter,
    pool: Arc<BudgetPool>,
}

/// The bound that keeps something from being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// The deployment has its whole share, of so much.
    OfShare(u64),
    /// All deployments together have the whole budget, of so much.
    OfHost(u64),
}

impl BudgetPool {
    /// `max` for the host, of which one deployment takes at most so many percent.
    pub(super) fn new(max: u64, share_percent: u8) -> Arc<Self> {
        let share_max = u128::from(max) * u128::from(share_percent) / 100;
        let share_max = u64::try_from(share_max).unwrap_or(u64::MAX).max(1);
        Arc::new(Self {
            host: Counter::new(max),
            share_max,
            freed: Notify::new(),
            waiting: AtomicUsize::new(0),
        })
    }

    pub(super) fn part(self: &Arc<Self>) -> BudgetPart {
        BudgetPart {
            taken: Counter::new(self.share_max),
            pool: Arc::clone(self),
        }
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl BudgetPart {
    pub(crate) fn taken(&self) -> u64 {
        self.taken.taken()
    }

    /// Takes `amount`, if the deployment and the host have so much left.
    pub(crate) fn take(&self, amount: u64) -> Result<(), Shortage> {
        if !self.taken.take(amount) {
            return Err(Shortage::OfShare(self.taken.max()));
        }
        if !self.pool.host.take(amount) {
            self.taken.give_back(amount);
            return Err(Shortage::OfHost(self.pool.host.max()));
        }
        Ok(())
    }

    /// Gives back what was taken, and wakes who waits for it.
    pub(crate) fn give_back(&self, amount: u64) {
        if amount > 0 {
            self.taken.give_back(amount);
            self.pool.host.give_back(amount);
            self.pool.freed.notify_waiters();
        }
    }

    /// Returns whether a deployment has something to give back that would end the shortage.
    pub(crate) fn can_be_freed(&self, shortage: Shortage) -> bool {
        match shortage {
            Shortage::OfShare(_) => self.taken.taken() > 0,
            Shortage::OfHost(_) => self.pool.host.taken() > 0,
        }
    }

    /// Resolves once any deployment gives something back, from when it was first polled or
    /// enabled.
    pub(crate) fn freed(&self) -> Notified<'_> {
        self.pool.freed.notified()
    }

    /// Counts one who waits for something to be given back, until the guard is dropped.
    pub(crate) fn wait(&self) -> Awaiting<'_> {
        self.pool.waiting.fetch_add(1, Ordering::SeqCst);
        Awaiting(&self.pool)
    }

    /// Returns whether any deployment waits for something to be given back.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
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
        assert_eq!(a.take(1), Err(Shortage::OfShare(60)));
        assert_eq!(b.take(41), Err(Shortage::OfHost(100)));
        assert_eq!(b.take(40), Ok(()));
        assert_eq!(pool.host.taken(), 100);
        a.give_back(60);
        assert_eq!((a.taken(), b.taken(), pool.host.taken()), (0, 40, 40));
        assert_eq!(b.take(20), Ok(()));
    }
}
