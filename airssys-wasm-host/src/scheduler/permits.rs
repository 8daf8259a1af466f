//! The run permits of every runtime that polls guests of a host.
//!
//! A runtime has as many permits as it has worker threads, but at most one for each core.
//!
//! Tests: `airssys-wasm-host/src/scheduler/pool.rs`.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use parking_lot::Mutex;
use tokio::runtime::{Handle, Id};

use super::pool::{PermitPool, Ticket, Wakers};
use crate::budget::DeploymentShare;
use crate::clock::{Clock, Ticks};

/// The runtime that polls a guest; `None` for executors other than tokio.
type RuntimeId = Option<Id>;

pub(crate) struct RunPermits {
    clock: Arc<Clock>,
    cores: usize,
    pools: Mutex<HashMap<RuntimeId, PermitPool>>,
    tickets: AtomicU64,
}

/// A permit to compute, or a place in the queue for one. Dropping it passes it to the next guest.
pub(super) struct RunPermit {
    permits: Arc<RunPermits>,
    services: RuntimeId,
    ticket: Ticket,
}

impl RunPermits {
    pub(crate) fn new(clock: Arc<Clock>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self {
            clock,
            cores,
            pools: Mutex::default(),
            tickets: AtomicU64::default(),
        }
    }

    /// Revokes permits that guests have held for too long without computing.
    pub(crate) fn reclaim(&self, now: Ticks) {
        let wakers: Vec<_> = self
            .pools
            .lock()
            .values_mut()
            .flat_map(|pool| pool.reclaim(now))
            .collect();
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    #[inline]
    pub(super) fn now(&self) -> Ticks {
        self.clock.now()
    }

    /// The number of permits of the current runtime.
    pub(super) fn permits_max(&self) -> usize {
        current_runtime().1.clamp(1, self.cores)
    }

    /// Waits for a permit on the current runtime. Cancel safe: dropping the future leaves the
    /// queue.
    pub(super) async fn acquire(self: &Arc<Self>, share: &DeploymentShare) -> RunPermit {
        let (services, permits_max) = (current_runtime().0, self.permits_max());
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let permit = RunPermit {
            permits: Arc::clone(self),
            services,
            ticket,
        };
        poll_fn(|context| {
            let mut pools = self.pools.lock();
            let pool = pools
                .entry(services)
                .or_insert_with(|| PermitPool::new(permits_max));
            if pool.poll(ticket, share.name(), context.waker(), self.clock.now()) {
                Poll::Ready(())
            } else {
                share.crowd().mark(self.clock.now());
                Poll::Pending
            }
        })
        .await;
        permit
    }
}

impl RunPermit {
    /// Returns `true` if another slice may be computed with this permit: no guest waits for one,
    /// and the same runtime polls this guest.
    pub(super) fn renew(&self) -> bool {
        self.services == current_runtime().0
            && self
                .with_pool(|pool, now| pool.renew(self.ticket, now))
                .unwrap_or(false)
    }

    /// Begins a slice. Returns `false` if the permit was revoked in the meantime.
    pub(super) fn begin_slice(&self) -> bool {
        self.with_pool(|pool, now| pool.begin_slice(self.ticket, now))
            .unwrap_or(false)
    }

    fn with_pool<R>(&self, ask: impl FnOnce(&mut PermitPool, Ticks) -> R) -> Option<R> {
        let now = self.permits.clock.now();
        self.permits
            .pools
            .lock()
            .get_mut(&self.services)
            .map(|pool| ask(pool, now))
    }
}

impl Drop for RunPermit {
    fn drop(&mut self) {
        let now = self.permits.clock.now();
        let wakers = {
            let mut pools = self.permits.pools.lock();
            let Some(pool) = pools.get_mut(&self.services) else {
                return;
            };
            let wakers: Wakers = pool.release(self.ticket, now);
            if pool.is_idle() {
                pools.remove(&self.services);
            }
            wakers
        };
        wakers.into_iter().for_each(std::task::Waker::wake);
    }
}

/// Returns the runtime that polls the caller, and its number of threads.
fn current_runtime() -> (RuntimeId, usize) {
    match Handle::try_current() {
        Ok(handle) => (Some(handle.id()), handle.metrics().num_workers()),
        Err(_) => (None, 1),
    }
}
