//! Limits the number of concurrent connections.
//!
//! Independent of sockets and requests: a place is taken, used and released.
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
/// Each connection has a [`ConnectionPlace`]. When all are taken, a new connection takes the place of an idle
/// one: the oldest of those that have not sent the head of a request, otherwise the one that has
/// waited longest for its next request. While requests use all places, the new connection waits.
///
/// [`HttpServer`](super::HttpServer) has its own; use this in other servers. Cloning is cheap, and
/// all clones share the places.
///
/// ```
/// use airssys_wasm_host::http::Connections;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let connections = Connections::new(1);
/// let idle = connections.acquire().await;
/// let next = connections.acquire();
/// let (next, ()) = tokio::join!(next, async {
///     idle.gives_way().await;
///     drop(idle);
/// });
/// let request = next.begin_request().expect("it has its place");
/// drop(request);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Connections(Arc<SharedPlaces>);

#[derive(Debug)]
struct SharedPlaces {
    places_max: usize,
    places: Mutex<PlaceTable>,
    /// Notified when a place is released or becomes idle.
    changed: Notify,
}

#[derive(Debug, Default)]
struct PlaceTable {
    taken: HashMap<u64, TakenPlace>,
    /// Places without requests, in the order in which they give way.
    idle: BTreeSet<IdlePlace>,
    /// The number of places that were told to give way and have not been released yet.
    leaving: usize,
    /// Numbers places and the times at which one became idle.
    count: u64,
}

#[derive(Debug)]
struct TakenPlace {
    /// `None` while requests use the place, or once it must give way.
    idle: Option<IdlePlace>,
    requests: usize,
    gives_way: bool,
    notice: Arc<Notify>,
}

/// The order in which idle places give way: those never used first, then by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct IdlePlace {
    was_used: bool,
    since: u64,
    number: u64,
}

/// The place of a connection. Dropping it releases the place.
#[derive(Debug)]
pub struct ConnectionPlace {
    shared: Arc<SharedPlaces>,
    number: u64,
    notice: Arc<Notify>,
}

/// A request, from its head to the last byte of its response. Its connection keeps its place until
/// this is dropped.
#[derive(Debug)]
pub struct ActiveRequest {
    shared: Arc<SharedPlaces>,
    number: u64,
}

impl Connections {
    /// Limits connections to `places_max` at once; at least one is allowed.
    #[must_use]
    pub fn new(places_max: usize) -> Self {
        Self(Arc::new(SharedPlaces {
            places_max: places_max.max(1),
            places: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    /// Waits for a free place and takes it. Cancel safe.
    pub async fn acquire(&self) -> ConnectionPlace {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if let Some(place) = self.try_acquire() {
                return place;
            }
            changed.await;
        }
    }

    /// Accepts a connection and takes a place for it. Errors of the listener are logged, and
    /// `accept` is called again; if the system has no room for another connection, after 100 ms and
    /// after an idle connection was asked to give way. Not cancel safe: dropping the future may
    /// drop an accepted connection.
    pub async fn accept<T, F>(&self, mut accept: impl FnMut() -> F) -> (T, ConnectionPlace)
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut has_failed = false;
        loop {
            match accept().await {
                Ok(connection) => return (connection, self.acquire().await),
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    if !has_failed {
                        tracing::warn!(%error, "cannot accept connections; retrying");
                    }
                    has_failed = true;
                    self.0.places.lock().make_room();
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    /// Makes all connections give way that have not sent the head of a request, so that they do not
    /// delay the shutdown of a server.
    pub fn close_unused(&self) {
        let mut places = self.0.places.lock();
        while places.idle.first().is_some_and(|idle| !idle.was_used) {
            places.make_room();
        }
    }

    fn try_acquire(&self) -> Option<ConnectionPlace> {
        let mut places = self.0.places.lock();
        if places.taken.len() < self.0.places_max {
            let (number, told) = places.take();
            return Some(ConnectionPlace {
                shared: Arc::clone(&self.0),
                number,
                notice: told,
            });
        }
        if places.leaving == 0 {
            places.make_room();
        }
        None
    }
}

impl ConnectionPlace {
    /// Begins a request. Returns `None` if the connection must give way: close it then.
    #[must_use]
    pub fn begin_request(&self) -> Option<ActiveRequest> {
        let mut places = self.shared.places.lock();
        let taken = places
            .taken
            .get_mut(&self.number)
            .filter(|taken| !taken.gives_way)?;
        taken.requests += 1;
        let idle = taken.idle.take();
        if let Some(idle) = idle {
            places.idle.remove(&idle);
        }
        Some(ActiveRequest {
            shared: Arc::clone(&self.shared),
            number: self.number,
        })
    }

    /// Resolves when the connection must give way to another: close it then. Cancel safe; one
    /// caller at a time.
    pub async fn gives_way(&self) {
        self.notice.notified().await;
        // Stored for the next call.
        self.notice.notify_one();
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.shared.places.lock().release(self.number);
        self.shared.changed.notify_waiters();
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.shared.places.lock().end_request(self.number);
        self.shared.changed.notify_waiters();
    }
}

impl PlaceTable {
    fn take(&mut self) -> (u64, Arc<Notify>) {
        self.count += 1;
        let number = self.count;
        let idle = IdlePlace {
            was_used: false,
            since: number,
            number,
        };
        let told = Arc::new(Notify::new());
        self.idle.insert(idle);
        let taken = TakenPlace {
            idle: Some(idle),
            requests: 0,
            gives_way: false,
            notice: Arc::clone(&told),
        };
        self.taken.insert(number, taken);
        (number, told)
    }

    /// Tells the first idle connection to give way. Returns `false` if there is none.
    fn make_room(&mut self) -> bool {
        let Some(idle) = self.idle.pop_first() else {
            return false;
        };
        if let Some(taken) = self.taken.get_mut(&idle.number) {
            taken.idle = None;
            taken.gives_way = true;
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
        self.leaving -= usize::from(taken.gives_way);
    }

    fn end_request(&mut self, number: u64) {
        self.count += 1;
        // The connection may have ended before its request.
        let Some(taken) = self.taken.get_mut(&number) else {
            return;
        };
        taken.requests -= 1;
        if taken.requests == 0 {
            let idle = IdlePlace {
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

    /// Returns which of these places must give way.
    fn give_way(places: &[&ConnectionPlace]) -> Vec<bool> {
        places
            .iter()
            .map(|place| place.gives_way().now_or_never().is_some())
            .collect()
    }

    #[tokio::test]
    async fn the_oldest_that_was_not_used_gives_way_first() {
        let connections = Connections::new(4);
        let used = connections.acquire().await;
        drop(used.begin_request().expect("it has its place"));
        let asking = connections.acquire().await;
        let request = asking.begin_request().expect("it has its place");
        let (oldest, newest) = (connections.acquire().await, connections.acquire().await);
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            give_way(&[&used, &asking, &oldest, &newest]),
            [false, false, true, false]
        );
        assert!(
            oldest.begin_request().is_none(),
            "a new request is not begun"
        );
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            give_way(&[&used, &asking, &newest]),
            [false; 3],
            "one gives way to one"
        );
        drop(oldest);
        let third = next.await;
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            give_way(&[&used, &asking, &newest, &third]),
            [false, false, true, false]
        );
        drop((newest, third));
        let (fourth, fifth) = (next.await, connections.acquire().await);
        let _requests = (fourth.begin_request(), fifth.begin_request());
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        assert_eq!(
            give_way(&[&used, &asking]),
            [true, false],
            "then the one waiting for its next request"
        );
        drop(request);
    }

    #[tokio::test]
    async fn connection_in_use_keeps_its_place_until_its_last_request_ends() {
        let connections = Connections::new(1);
        let place = connections.acquire().await;
        let (one, two) = (place.begin_request(), place.begin_request());
        let mut next = pin!(connections.acquire());
        assert!(poll!(&mut next).is_pending());
        drop(one);
        assert!(poll!(&mut next).is_pending());
        assert_eq!(give_way(&[&place]), [false]);
        drop(two);
        assert!(poll!(&mut next).is_pending());
        assert_eq!(give_way(&[&place]), [true]);
        drop(place);
        next.await;
    }

    #[tokio::test]
    async fn listener_error_makes_an_idle_connection_give_way_and_is_retried() {
        let connections = Connections::new(2);
        let idle = connections.acquire().await;
        let mut outcomes = vec![
            Ok(()),
            Err(io::Error::from_raw_os_error(24)),
            Err(io::ErrorKind::ConnectionAborted.into()),
        ];
        let begun = tokio::time::Instant::now();
        let ((), place) = connections
            .accept(|| std::future::ready(outcomes.pop().expect("one more")))
            .await;
        assert!(begun.elapsed() >= ACCEPT_RETRY_DELAY);
        assert_eq!(give_way(&[&idle, &place]), [true, false]);
    }

    #[tokio::test]
    async fn closes_unused_connections() {
        let connections = Connections::new(4);
        let (unused, used) = (connections.acquire().await, connections.acquire().await);
        let asking = connections.acquire().await;
        drop(used.begin_request());
        let _request = asking.begin_request();
        connections.close_unused();
        assert_eq!(give_way(&[&unused, &used, &asking]), [true, false, false]);
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
