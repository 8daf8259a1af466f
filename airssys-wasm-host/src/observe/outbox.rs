//! A bounded queue, and a thread that passes its items to a sink of the embedder.
//!
//! Producers never wait for the sink. Each deployment has a share of the queue, so that none fills
//! it for the others. Items keep their order.
//!
//! Tests: in this file.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use airssys_wasm_core::ComponentName;
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::Notify;

/// Time after which an idle thread ends.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// A handle to the queue. Dropping it delivers the remaining items and ends the thread.
pub(super) struct Outbox<T: Send + 'static>(Arc<OutboxShared<T>>);

/// The capacity of an outbox, in the unit of its items' sizes.
#[derive(Clone, Copy)]
pub(super) struct QueueCapacity {
    /// The maximum for one deployment.
    pub(super) share_max: usize,
    /// The maximum for all deployments.
    pub(super) total_max: usize,
}

struct OutboxShared<T> {
    name: &'static str,
    capacity: QueueCapacity,
    sink: Box<dyn Fn(T) + Send + Sync>,
    queue: Mutex<OutboxQueue<T>>,
    /// Signals that an item was added or the outbox closed.
    changed: Condvar,
    /// The number of items that the sink has taken.
    taken: AtomicU64,
    /// Signals that the sink has taken an item.
    progressed: Notify,
}

struct OutboxQueue<T> {
    items: VecDeque<OutboxItem<T>>,
    shares: HashMap<ComponentName, usize>,
    total: usize,
    /// The number of items added since the outbox was created.
    added: u64,
    has_thread: bool,
    is_closed: bool,
}

struct OutboxItem<T> {
    owner: ComponentName,
    size: usize,
    value: T,
}

impl<T: Send + 'static> Outbox<T> {
    pub(super) fn new(
        name: &'static str,
        room: QueueCapacity,
        sink: impl Fn(T) + Send + Sync + 'static,
    ) -> Self {
        let queue = OutboxQueue {
            items: VecDeque::new(),
            shares: HashMap::new(),
            total: 0,
            added: 0,
            has_thread: false,
            is_closed: false,
        };
        Self(Arc::new(OutboxShared {
            name,
            capacity: room,
            sink: Box::new(sink),
            queue: Mutex::new(queue),
            changed: Condvar::new(),
            taken: AtomicU64::new(0),
            progressed: Notify::new(),
        }))
    }

    /// Adds an item of a deployment and returns its number. Returns the item as an error if there
    /// is no room for it.
    pub(super) fn put(&self, of: &ComponentName, size: usize, value: T) -> Result<u64, T> {
        let mut queue = self.0.queue.lock();
        let share = queue.shares.get(of).copied().unwrap_or(0);
        // An item larger than the whole share is accepted while nothing else is queued.
        let fits = share == 0 || share + size <= self.0.capacity.share_max;
        if fits && (queue.total == 0 || queue.total + size <= self.0.capacity.total_max) {
            Ok(self.push(&mut queue, of, size, value))
        } else {
            Err(value)
        }
    }

    /// Adds an item regardless of the capacity, for items that are added only once.
    pub(super) fn put_unbounded(&self, of: &ComponentName, size: usize, value: T) -> u64 {
        self.push(&mut self.0.queue.lock(), of, size, value)
    }

    /// Returns `true` if the sink has taken every item up to this number.
    #[inline]
    pub(super) fn has_taken(&self, number: u64) -> bool {
        self.0.taken.load(Ordering::Acquire) >= number
    }

    /// Waits until the sink has taken every item up to this number. Cancel safe.
    pub(super) async fn wait_until_taken(&self, number: u64) {
        loop {
            let mut progressed = std::pin::pin!(self.0.progressed.notified());
            progressed.as_mut().enable();
            if self.has_taken(number) {
                return;
            }
            progressed.await;
        }
    }

    /// Waits until the sink has taken every item added so far. Cancel safe.
    pub(super) async fn wait_until_empty(&self) {
        let put = self.0.queue.lock().added;
        self.wait_until_taken(put).await;
    }

    fn push(&self, queue: &mut OutboxQueue<T>, of: &ComponentName, size: usize, value: T) -> u64 {
        *queue.shares.entry(of.clone()).or_default() += size;
        queue.total += size;
        queue.added += 1;
        queue.items.push_back(OutboxItem {
            owner: of.clone(),
            size,
            value,
        });
        if !queue.has_thread {
            let shared = Arc::clone(&self.0);
            let started = thread::Builder::new()
                .name(self.0.name.into())
                .spawn(move || shared.deliver());
            // If no thread can be started, the item stays queued until one can.
            queue.has_thread = started.is_ok();
        }
        self.0.changed.notify_one();
        queue.added
    }
}

impl<T: Send + 'static> Drop for Outbox<T> {
    fn drop(&mut self) {
        self.0.queue.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl<T> OutboxShared<T> {
    /// Passes items to the sink until the queue has been empty for a while, or the outbox is
    /// closed.
    fn deliver(&self) {
        let mut queue = self.queue.lock();
        loop {
            if let Some(OutboxItem { owner, size, value }) = queue.items.pop_front() {
                // An item whose sink panics counts as taken.
                let outcome = MutexGuard::unlocked(&mut queue, || {
                    catch_unwind(AssertUnwindSafe(|| (self.sink)(value)))
                });
                if outcome.is_err() {
                    tracing::error!(thread = self.name, "a log of the embedder panicked");
                }
                queue.release(&owner, size);
                self.taken.fetch_add(1, Ordering::Release);
                self.progressed.notify_waiters();
                continue;
            }
            if queue.is_closed {
                break;
            }
            if self.changed.wait_for(&mut queue, IDLE_MAX).timed_out() && queue.items.is_empty() {
                break;
            }
        }
        queue.has_thread = false;
    }
}

impl<T> OutboxQueue<T> {
    fn release(&mut self, of: &ComponentName, size: usize) {
        self.total -= size;
        if let Some(share) = self.shares.get_mut(of) {
            *share -= size;
            if *share == 0 {
                self.shares.remove(of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};

    use futures_util::poll;

    use super::*;

    const ROOM: QueueCapacity = QueueCapacity {
        share_max: 3,
        total_max: 5,
    };

    fn name(text: &str) -> ComponentName {
        text.parse().expect("a name")
    }

    /// An outbox whose sink takes one item for each message sent, and reports which.
    fn held() -> (Outbox<u32>, Sender<()>, Receiver<u32>) {
        let (go_on, gone_on) = mpsc::channel::<()>();
        let (sender, received) = mpsc::channel();
        let gone_on = Mutex::new(gone_on);
        let sink = move |item| {
            let _ = gone_on.lock().recv();
            let _ = sender.send(item);
        };
        (Outbox::new("test", ROOM, sink), go_on, received)
    }

    #[test]
    fn one_deployment_fills_its_share_and_no_more() {
        let (outbox, go_on, received) = held();
        let (one, other) = (name("one"), name("other"));
        assert_eq!(
            (1..=3)
                .map(|item| outbox.put(&one, 1, item))
                .filter(Result::is_ok)
                .count(),
            3
        );
        assert_eq!(
            outbox.put(&one, 1, 4),
            Err(4),
            "the deployment's share is full"
        );
        assert_eq!(
            outbox.put(&other, 2, 5),
            Ok(4),
            "other deployments have their own share"
        );
        assert_eq!(outbox.put(&other, 1, 6), Err(6), "the total is full");
        assert_eq!(outbox.put_unbounded(&other, 1, 7), 5);
        drop(go_on);
        assert_eq!(
            received.iter().take(5).collect::<Vec<_>>(),
            [1, 2, 3, 5, 7],
            "in order"
        );
    }

    #[tokio::test]
    async fn reports_what_was_taken() {
        let (outbox, go_on, _told) = held();
        let first = outbox.put(&name("one"), 1, 1).expect("there is room");
        let second = outbox.put(&name("one"), 1, 2).expect("there is room");
        let mut emptied = Box::pin(outbox.wait_until_empty());
        assert!(poll!(&mut emptied).is_pending());
        go_on.send(()).expect("it waits");
        outbox.wait_until_taken(first).await;
        assert!(outbox.has_taken(first) && !outbox.has_taken(second));
        go_on.send(()).expect("it waits");
        emptied.await;
        assert!(outbox.has_taken(second));
        assert!(outbox.0.queue.lock().shares.is_empty());
    }

    #[test]
    fn sink_that_panics_receives_the_next_item() {
        let (sender, received) = mpsc::channel();
        let outbox = Outbox::new("test", ROOM, move |item: u32| {
            assert_ne!(item, 1, "on purpose");
            sender.send(item).expect("the test waits for it");
        });
        for item in [1, 2] {
            outbox.put(&name("one"), 1, item).expect("there is room");
        }
        assert_eq!(received.recv(), Ok(2));
    }

    #[test]
    fn delivers_the_remaining_items_when_dropped() {
        let (outbox, go_on, received) = held();
        for item in [1, 2] {
            outbox.put(&name("one"), 1, item).expect("there is room");
        }
        drop(outbox);
        drop(go_on);
        assert_eq!(
            received.iter().collect::<Vec<_>>(),
            [1, 2],
            "the thread ends after that"
        );
    }
}
