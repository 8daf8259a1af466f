//! The run permits of one runtime: their holders and the guests waiting for one.
//!
//! Pure bookkeeping. The caller locks the pool, passes the time, and wakes the returned wakers.
//!
//! Tests: in this file.

use std::collections::{HashMap, VecDeque};
use std::task::Waker;

use airssys_wasm_core::ComponentName;

use crate::clock::Ticks;

/// The time for which a slice may hold its permit while other guests wait. A slice ends at the next
/// tick; a guest that holds its permit for longer is waiting for something other than a processor.
const SLICE_EXPIRES: Ticks = Ticks(2);

/// The time for which a guest keeps a permit before its slice begins. A caller that does not poll
/// its call must not hold a permit forever.
const UNUSED_EXPIRES: Ticks = Ticks(100);

/// The number of permits granted before a deployment without waiting guests is forgotten.
const FORGOTTEN_AFTER: u64 = 1_024;

/// The number of a guest that holds or waits for a permit.
pub(super) type Ticket = u64;

/// Wakers to wake once the pool is unlocked.
pub(super) type Wakers = smallvec::SmallVec<[Waker; 4]>;

pub(super) struct PermitPool {
    permits_max: usize,
    holders: Vec<PermitHolder>,
    queues: HashMap<ComponentName, DeploymentQueue>,
    waiting: HashMap<Ticket, Waker>,
    /// The number of permits granted so far.
    granted: u64,
}

struct PermitHolder {
    ticket: Ticket,
    expires: Ticks,
}

/// The waiting guests of one deployment in order of arrival. Guests that left are skipped when they
/// reach the front.
#[derive(Default)]
struct DeploymentQueue {
    tickets: VecDeque<Ticket>,
    /// The number of the permit last granted to the deployment.
    last_granted: u64,
}

impl PermitPool {
    pub(super) fn new(permits_max: usize) -> Self {
        let (holders, queues, waiting) = (Vec::new(), HashMap::new(), HashMap::new());
        Self {
            permits_max,
            holders,
            queues,
            waiting,
            granted: 0,
        }
    }

    /// Returns `true` if no guest holds or waits for a permit.
    pub(super) fn is_idle(&self) -> bool {
        self.holders.is_empty() && self.waiting.is_empty()
    }

    /// Takes a permit, or joins the queue of the deployment. Returns `true` if `ticket` has a
    /// permit.
    pub(super) fn poll(
        &mut self,
        ticket: Ticket,
        deployment: &ComponentName,
        waker: &Waker,
        now: Ticks,
    ) -> bool {
        if self.holder(ticket).is_some() {
            return true;
        }
        if let Some(known) = self.waiting.get_mut(&ticket) {
            known.clone_from(waker);
            return false;
        }
        let is_free = self.waiting.is_empty() && self.holders.len() < self.permits_max;
        self.waiting.insert(ticket, waker.clone());
        self.queues
            .entry(deployment.clone())
            .or_default()
            .tickets
            .push_back(ticket);
        if is_free {
            // The only waker returned is its own, and it is awake already.
            self.grant_free(now);
        }
        is_free
    }

    /// Returns `true` if `ticket` may keep its permit for another slice, that is, if no guest
    /// waits.
    pub(super) fn renew(&mut self, ticket: Ticket, now: Ticks) -> bool {
        let nobody_waits = self.waiting.is_empty();
        let Some(holder) = self.holder(ticket) else {
            return false;
        };
        holder.expires = now.saturating_add(UNUSED_EXPIRES);
        nobody_waits
    }

    /// Begins a slice. Returns `true` if `ticket` still holds a permit.
    pub(super) fn begin_slice(&mut self, ticket: Ticket, now: Ticks) -> bool {
        let Some(holder) = self.holder(ticket) else {
            return false;
        };
        holder.expires = now.saturating_add(SLICE_EXPIRES);
        true
    }

    /// Releases the permit of `ticket`, or its place in the queue. Returns the wakers of guests
    /// that got a permit.
    pub(super) fn release(&mut self, ticket: Ticket, now: Ticks) -> Wakers {
        self.waiting.remove(&ticket);
        self.holders.retain(|holder| holder.ticket != ticket);
        self.grant_free(now)
    }

    /// Revokes permits that guests have held for too long, if other guests wait.
    pub(super) fn reclaim(&mut self, now: Ticks) -> Wakers {
        if self.waiting.is_empty() {
            return Wakers::new();
        }
        self.holders.retain(|holder| holder.expires > now);
        self.grant_free(now)
    }

    fn holder(&mut self, ticket: Ticket) -> Option<&mut PermitHolder> {
        self.holders
            .iter_mut()
            .find(|holder| holder.ticket == ticket)
    }

    fn grant_free(&mut self, now: Ticks) -> Wakers {
        let mut wakers = Wakers::new();
        while self.holders.len() < self.permits_max {
            let Some(ticket) = self.next_ticket() else {
                break;
            };
            // Guests that left are still queued, but not among those waiting.
            if let Some(waker) = self.waiting.remove(&ticket) {
                self.granted += 1;
                self.holders.push(PermitHolder {
                    ticket,
                    expires: now.saturating_add(UNUSED_EXPIRES),
                });
                wakers.push(waker);
            }
        }
        wakers
    }

    /// Returns the next guest of the deployment whose last permit is the longest ago.
    fn next_ticket(&mut self) -> Option<Ticket> {
        let granted = self.granted + 1;
        let waiting = self
            .queues
            .values_mut()
            .filter(|queue| !queue.tickets.is_empty());
        let queue = waiting.min_by_key(|queue| queue.last_granted)?;
        let ticket = queue.tickets.pop_front();
        // A guest that left does not use up its deployment's place in the rotation.
        if ticket.is_some_and(|ticket| self.waiting.contains_key(&ticket)) {
            queue.last_granted = granted;
        }
        self.queues.retain(|_, queue| {
            !queue.tickets.is_empty() || queue.last_granted + FORGOTTEN_AFTER > self.granted
        });
        ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ticks = Ticks(7);

    fn name(text: &str) -> ComponentName {
        text.parse().expect("a name")
    }

    fn poll(pool: &mut PermitPool, ticket: Ticket, deployment: &str) -> bool {
        pool.poll(ticket, &name(deployment), Waker::noop(), NOW)
    }

    fn holders(pool: &PermitPool) -> Vec<Ticket> {
        pool.holders.iter().map(|holder| holder.ticket).collect()
    }

    #[test]
    fn deployments_take_turns_whatever_the_number_of_their_guests() {
        let mut pool = PermitPool::new(1);
        assert!(poll(&mut pool, 1, "many"));
        for ticket in 2..=5 {
            assert!(!poll(&mut pool, ticket, "many"));
        }
        assert!(!poll(&mut pool, 9, "one"));
        let mut order = Vec::new();
        while let [ticket] = holders(&pool)[..] {
            order.push(ticket);
            pool.release(ticket, NOW);
        }
        assert_eq!(order, [1, 9, 2, 3, 4, 5]);
        assert!(pool.is_idle());
    }

    #[test]
    fn one_guest_gets_as_many_permits_as_all_of_another_deployment() {
        let mut pool = PermitPool::new(1);
        let deployments = ["many", "many", "many", "many", "one", "other"];
        let mut granted = HashMap::<_, usize>::new();
        for (ticket, deployment) in deployments.iter().enumerate() {
            poll(&mut pool, ticket as Ticket, deployment);
        }
        for _ in 0..30 {
            let holder = holders(&pool)[0];
            let deployment = deployments[holder as usize];
            *granted.entry(deployment).or_default() += 1;
            pool.release(holder, NOW);
            poll(&mut pool, holder, deployment);
        }
        assert_eq!(
            granted,
            HashMap::from([("many", 10), ("one", 10), ("other", 10)])
        );
    }

    #[test]
    fn permit_is_renewed_until_another_guest_waits() {
        let mut pool = PermitPool::new(2);
        assert!(poll(&mut pool, 1, "a") && poll(&mut pool, 2, "a"));
        assert!(pool.renew(1, NOW));
        assert!(!poll(&mut pool, 3, "b"));
        assert!(!pool.renew(1, NOW));
        assert_eq!(pool.release(1, NOW).len(), 1);
        assert_eq!(holders(&pool), [2, 3]);
    }

    #[test]
    fn newcomer_does_not_overtake_the_queue() {
        let mut pool = PermitPool::new(1);
        assert!(poll(&mut pool, 1, "a"));
        assert!(!poll(&mut pool, 2, "a"));
        pool.holders.clear();
        assert!(!poll(&mut pool, 3, "b"));
    }

    #[test]
    fn guest_that_leaves_the_queue_is_skipped() {
        let mut pool = PermitPool::new(1);
        assert!(poll(&mut pool, 1, "a"));
        assert!(!poll(&mut pool, 2, "a") && !poll(&mut pool, 3, "a"));
        assert!(pool.release(2, NOW).is_empty());
        assert_eq!(pool.release(1, NOW).len(), 1);
        assert_eq!(holders(&pool), [3]);
    }

    #[test]
    fn unused_permit_is_revoked_once_a_guest_waits() {
        let mut pool = PermitPool::new(1);
        assert!(poll(&mut pool, 1, "a"));
        assert!(pool.begin_slice(1, NOW));
        let late = NOW.saturating_add(SLICE_EXPIRES);
        assert!(pool.reclaim(late).is_empty());
        assert_eq!(holders(&pool), [1], "no guest waits");
        assert!(!poll(&mut pool, 2, "a"));
        assert!(
            pool.reclaim(NOW.saturating_add(Ticks(1))).is_empty(),
            "the slice is in progress"
        );
        assert_eq!(pool.reclaim(late).len(), 1);
        assert_eq!(holders(&pool), [2]);
        assert!(!pool.begin_slice(1, late));
        // A caller that does not poll its call keeps a permit no longer than this.
        assert!(!pool.poll(1, &name("a"), Waker::noop(), late));
        assert_eq!(pool.reclaim(late.saturating_add(UNUSED_EXPIRES)).len(), 1);
        assert_eq!(holders(&pool), [1]);
    }
}
