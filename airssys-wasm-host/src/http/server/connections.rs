//! Limits the number of concurrent connections.
//!
//! Independent of sockets and requests: a slot is taken, used and released.
//!
//! Tests: in this file, `tests/suite/http/half_open.rs`.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::budget::descriptors_max;

/// The delay before accepting again after the system had no room for another connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// A limit on the connections of a listener.
///
/// Each connection has a [`ConnectionSlot`]. When all are taken, an idle connection is evicted for a
/// new one: the oldest of those that have not sent the head of a request, otherwise the one that
/// has waited longest for its next request. While requests use all slots, the new connection waits.
///
/// [`HttpServer`](super::HttpServer) has its own; use this in other servers. Cloning is cheap, and
/// all clones share the slots.
///
/// ```
/// use airssys_wasm_host::http::Connections;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let connections = Connections::new(1);
/// let idle = connections.acquire().await;
/// let next = connections.acquire();
/// let (next, ()) = tokio::join!(next, async {
///     idle.evicted().await;
///     drop(idle);
/// });
/// let request = next.begin_request().expect("it has its slot");
/// drop(request);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Connections(Arc<SharedSlots>);

#[derive(Debug)]
struct SharedSlots {
    slots_max: usize,
    slots: Mutex<SlotTable>,
    /// Notified when a slot is released or becomes idle.
    changed: Notify,
}

#[derive(Debug, Default)]
struct SlotTable {
    taken: HashMap<u64, TakenSlot>,
    /// Slots without requests, in the order in which they are evicted.
    idle: BTreeSet<IdleSlot>,
    /// The number of slots that were evicted and have not been released yet.
    leaving: usize,
    /// Numbers slots and the times at which one became idle.
    count: u64,
}

#[derive(Debug)]
struct TakenSlot {
    /// `None` while requests use the slot, or once it was evicted.
    idle: Option<IdleSlot>,
    requests: usize,
    is_evicted: bool,
    notice: Arc<Notify>,
}

/// The order in which idle slots are evicted: those never used first, then by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct IdleSlot {
    was_used: bool,
    since: u64,
    number: u64,
}

/// The slot of a connection. Dropping it releases the slot.
#[derive(Debug)]
pub struct ConnectionSlot {
    shared: Arc<SharedSlots>,
    number: u64,
    notice: Arc<Notify>,
}

/// A request, from its head to the last byte of its response. Its connection keeps its slot until
/// this is dropped.
#[derive(Debug)]
pub struct ActiveRequest {
    shared: Arc<SharedSlots>,
    number: u64,
}

impl Connections {
    /// Limits connections to `slots_max` at once; at least one is allowed.
    #[must_use]
    pub fn new(slots_max: usize) -> Self {
        Self(Arc::new(SharedSlots {
            slots_max: slots_max.max(1),
            slots: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Waits for a free slot and takes it. Cancel safe.
    pub async fn acquire(&self) -> ConnectionSlot {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if let Some(slot) = self.try_acquire() {
                return slot;
            }
            changed.await;
        }
    }

    /// Accepts a connection and takes a slot for it.
    ///
    /// An error that can pass is logged, and `accept` is called again: at once after an error of a
    /// single connection, and 100 ms later, with an idle connection evicted, after any other, such
    /// as a lack of descriptors. Not cancel safe: dropping the future may drop an accepted
    /// connection.
    ///
    /// # Errors
    ///
    /// An error of the listener that cannot pass: it is closed, or is not a listening socket.
    pub async fn accept<T, F>(
        &self,
        mut accept: impl FnMut() -> F,
    ) -> io::Result<(T, ConnectionSlot)>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut has_failed = false;
        loop {
            match accept().await {
                Ok(connection) => return Ok((connection, self.acquire().await)),
                Err(error) if is_connection_error(&error) => {}
                Err(error) if is_permanent(&error) => return Err(error),
                Err(error) => {
                    if !has_failed {
                        tracing::warn!(%error, "cannot accept connections; retrying");
                    }
                    has_failed = true;
                    self.0.slots.lock().evict_idle();
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Evicts all connections that have not sent the head of a request, so that they do not delay
    /// the shutdown of a server.
    pub fn close_unused(&self) {
        let mut slots = self.0.slots.lock();
        while slots.idle.first().is_some_and(|idle| !idle.was_used) {
            slots.evict_idle();
        }
    }

    fn try_acquire(&self) -> Option<ConnectionSlot> {
        let mut slots = self.0.slots.lock();
        if slots.taken.len() < self.0.slots_max {
            let (number, notice) = slots.take();
            return Some(ConnectionSlot {
                shared: Arc::clone(&self.0),
                number,
                notice,
            });
        }
        if slots.leaving == 0 {
            slots.evict_idle();
        }
        None
    }
}

impl ConnectionSlot {
    /// Begins a request. Returns `None` if the connection was evicted: close it then.
    #[must_use]
    pub fn begin_request(&self) -> Option<ActiveRequest> {
        let mut slots = self.shared.slots.lock();
        let taken = slots
            .taken
            .get_mut(&self.number)
            .filter(|taken| !taken.is_evicted)?;
        taken.requests += 1;
        let idle = taken.idle.take();
        if let Some(idle) = idle {
            slots.idle.remove(&idle);
        }
        Some(ActiveRequest {
            shared: Arc::clone(&self.shared),
            number: self.number,
        })
    }

    /// Resolves when the connection was evicted, to make room for another: close it then. Cancel
    /// safe; one caller at a time.
    pub async fn evicted(&self) {
        self.notice.notified().await;
        // Stored for the next call.
        self.notice.notify_one();
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.shared.slots.lock().release(self.number);
        self.shared.changed.notify_waiters();
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.shared.slots.lock().end_request(self.number);
        self.shared.changed.notify_waiters();
    }
}

impl SlotTable {
    fn take(&mut self) -> (u64, Arc<Notify>) {
        self.count += 1;
        let number = self.count;
        let idle = IdleSlot {
            was_used: false,
            since: number,
            number,
        };
        let notice = Arc::new(Notify::new());
        self.idle.insert(idle);
        let taken = TakenSlot {
            idle: Some(idle),
            requests: 0,
            is_evicted: false,
            notice: Arc::clone(&notice),
        };
        self.taken.insert(number, taken);
        (number, notice)
    }

    /// Evicts the first idle connection. Returns `false` if there is none.
    fn evict_idle(&mut self) -> bool {
        let Some(idle) = self.idle.pop_first() else {
            return false;
        };
        if let Some(taken) = self.taken.get_mut(&idle.number) {
            taken.idle = None;
            taken.is_evicted = true;
            self.leaving += 1;
            taken.notice.notify_one();
        }
        true
    }

    fn release(&mut self, number: u64) {
        let Some(taken) = self.taken.remove(&number) else {
            return;
        };
        if let Some(idle) = taken.idle {
            self.idle.remove(&idle);
        }
        self.leaving -= usize::from(taken.is_evicted);
    }

    fn end_request(&mut self, number: u64) {
        self.count += 1;
        // The connection may have ended before its request.
        let Some(taken) = self.taken.get_mut(&number) else {
            return;
        };
        taken.requests -= 1;
        if taken.requests == 0 {
            let idle = IdleSlot {
                was_used: true,
                since: self.count,
                number,
            };
            taken.idle = Some(idle);
            self.idle.insert(idle);
        }
    }
}

fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Returns `true` if every later call on the listener would fail in the same way.
#[cfg(unix)]
fn is_permanent(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let permanent = [Errno::BADF, Errno::INVAL, Errno::NOTSOCK];
    Errno::from_io_error(error).is_some_and(|errno| permanent.contains(&errno))
}

#[cfg(not(unix))]
fn is_permanent(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, Unsupported};
    error.raw_os_error().is_some() && matches!(error.kind(), InvalidInput | Unsupported)
}

/// Returns the default limit of a listener's connections: half of the descriptors that the process
/// may open, which leaves the rest for guests and the process itself, and at most 16,384.
pub(super) fn default_connections_max() -> usize {
    let half = descriptors_max().and_then(|max| usize::try_from(max / 2).ok());
    half.map_or(CONNECTIONS_MAX, |half| half.clamp(1, CONNECTIONS_MAX))
}

const CONNECTIONS_MAX: usize = 16_384;

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::{FutureExt as _, poll};

    use super::*;

    /// Returns which of these slots were evicted.
    fn evictions(slots: &[&ConnectionSlot]) -> Vec<bool> {
        slots
            .iter()
            .map(|slot| slot.evicted().now_or_never().is_some())
            .collect()
    }

    #[tokio::test]
    async fn the_oldest_that_was_not_used_is_evicted_first() {
        let connections = Connections::new(4);
        let used = connections.acquire().await;
        drop(used.begin_request().expect("it has its slot"));
        let active = connections.acquire().await;
        let request = active.begin_request().expect("it has its slot");
        let (oldest, newest) = (connections.acquire().await, connections.acquire().await);
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            evictions(&[&used, &active, &oldest, &newest]),
            [false, false, true, false]
        );
        assert!(
            oldest.begin_request().is_none(),
            "a new request is not begun"
        );
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            evictions(&[&used, &active, &newest]),
            [false; 3],
            "one is evicted for one"
        );
        drop(oldest);
        let third = next.await;
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            evictions(&[&used, &active, &newest, &third]),
            [false, false, true, false]
        );
        drop((newest, third));
        let (fourth, fifth) = (next.await, connections.acquire().await);
        let _requests = (fourth.begin_request(), fifth.begin_request());
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            evictions(&[&used, &active]),
            [true, false],
            "then the one waiting for its next request"
        );
        drop(request);
    }

    #[tokio::test]
    async fn connection_in_use_keeps_its_slot_until_its_last_request_ends() {
        let connections = Connections::new(1);
        let slot = connections.acquire().await;
        let (one, two) = (slot.begin_request(), slot.begin_request());
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        drop(one);
        assert!(poll!(&mut next).is_pending());
        assert_eq!(evictions(&[&slot]), [false]);
        drop(two);
        assert!(poll!(&mut next).is_pending());
        assert_eq!(evictions(&[&slot]), [true]);
        drop(slot);
        next.await;
    }

    #[tokio::test]
    async fn listener_error_evicts_an_idle_connection_and_is_retried() {
        let connections = Connections::new(2);
        let idle = connections.acquire().await;
        let mut outcomes = vec![
            Ok(()),
            Err(io::Error::from_raw_os_error(24)),
            Err(io::ErrorKind::ConnectionAborted.into()),
        ];
        let begun = tokio::time::Instant::now();
        let ((), slot) = connections
            .accept(|| std::future::ready(outcomes.pop().expect("one more")))
            .await
            .expect("the errors pass");
        assert!(begun.elapsed() >= ACCEPT_RETRY_DELAY);
        assert_eq!(evictions(&[&idle, &slot]), [true, false]);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn listener_that_is_closed_is_not_retried() {
        let connections = Connections::new(1);
        let closed = || std::future::ready(Err::<(), _>(rustix::io::Errno::BADF.into()));
        let accepted = poll!(pin!(connections.accept(closed)));
        let Poll::Ready(Err(error)) = accepted else {
            panic!("it waits for another attempt")
        };
        assert_eq!(
            error.raw_os_error(),
            Some(rustix::io::Errno::BADF.raw_os_error())
        );
    }

    #[tokio::test]
    async fn closes_unused_connections() {
        let connections = Connections::new(4);
        let (unused, used) = (connections.acquire().await, connections.acquire().await);
        let active = connections.acquire().await;
        drop(used.begin_request());
        let _request = active.begin_request();
        connections.close_unused();
        assert_eq!(evictions(&[&unused, &used, &active]), [true, false, false]);
        assert_eq!(
            poll!(pin!(connections.acquire())).map(drop),
            Poll::Ready(())
        );
    }

    #[test]
    fn the_default_leaves_descriptors_for_others() {
        assert!(descriptors_max().is_none_or(|max| default_connections_max() as u64 <= max / 2));
    }
}
