//! A few threads behind a bounded queue. A job that panics is reported to its caller, and the
//! thread continues.
//!
//! Tests: in this file.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::{Error, ErrorKind, Result};

/// The maximum number of queued jobs; further callers wait for a place.
const QUEUE_MAX: usize = 256;

/// Time after which an idle thread ends.
const IDLE_MAX: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// A handle to the pool. Dropping it runs the queued jobs and ends the threads.
pub(super) struct Pool(Arc<Shared>);

/// The treatment of a job whose caller gives up before it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenAbandoned {
    /// The job is dropped.
    Skip,
    /// The job is run.
    CarryOut,
}

struct Shared {
    name: &'static str,
    threads_max: usize,
    /// Places in the queue. A job releases its place when it starts.
    places: Arc<Semaphore>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// The number of threads waiting for a job.
    idle: usize,
    is_closed: bool,
}

impl Pool {
    /// Creates a pool without threads.
    pub(super) fn new(name: &'static str, threads_max: usize) -> Self {
        Self(Arc::new(Shared {
            name,
            threads_max,
            places: Arc::new(Semaphore::new(QUEUE_MAX)),
            queue: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Waits for a place in the queue, then for the job's outcome. The job runs in the context of
    /// the caller's tokio runtime, if there is one.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        abandoned: WhenAbandoned,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.0.places)
            .acquire_owned()
            .await
            .map_err(not_run)?;
        let (tell, told) = oneshot::channel();
        let context = Handle::try_current().ok();
        let job = move || {
            drop(place);
            if abandoned == WhenAbandoned::Skip && tell.is_closed() {
                return;
            }
            let _entered = context.as_ref().map(Handle::enter);
            // The caller may have given up.
            let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
        };
        self.push(Box::new(job)).map_err(not_run)?;
        told.await
            .map_err(not_run)?
            .unwrap_or_else(|panic| Err(panicked(&*panic)))
    }

    /// Drops a value on a thread of the pool, or on the current thread if the queue is full.
    pub(super) fn drop<T: Send + 'static>(&self, value: T) {
        let Ok(place) = Arc::clone(&self.0.places).try_acquire_owned() else {
            return;
        };
        let context = Handle::try_current().ok();
        let job = move || {
            drop(place);
            let _entered = context.as_ref().map(Handle::enter);
            drop(value);
        };
        // If no thread can be started, the job and its value are dropped here.
        let _ = self.push(Box::new(job));
    }

    fn push(&self, job: Job) -> io::Result<()> {
        let mut queue = self.0.queue.lock();
        if queue.idle <= queue.jobs.len() && queue.threads < self.0.threads_max {
            match self.start_thread() {
                Ok(()) => queue.threads += 1,
                Err(error) if queue.threads == 0 => return Err(error),
                // The existing threads will run it.
                Err(_) => {}
            }
        }
        queue.jobs.push_back(job);
        self.0.changed.notify_one();
        Ok(())
    }

    fn start_thread(&self) -> io::Result<()> {
        let shared = Arc::clone(&self.0);
        thread::Builder::new()
            .name(self.0.name.into())
            .spawn(move || shared.work())
            .map(drop)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.queue.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    /// Runs jobs until the queue has been empty for a while, or the pool is closed.
    fn work(&self) {
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                MutexGuard::unlocked(&mut queue, || carry_out(job));
                continue;
            }
            if queue.is_closed {
                break;
            }
            queue.idle += 1;
            let waited = self.changed.wait_for(&mut queue, IDLE_MAX);
            queue.idle -= 1;
            if waited.timed_out() && queue.jobs.is_empty() {
                break;
            }
        }
        queue.threads -= 1;
    }
}

fn carry_out(job: Job) {
    // Jobs with a caller report their panics to it; the others are drops.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
        tracing::error!(panic = message(&*panic), "dropping a value panicked");
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("a blocking operation panicked: {}", message(panic)),
    )
}

fn not_run(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "a blocking operation could not be run").with_source(error)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::Poll;

    use futures_util::poll;

    use super::*;

    /// A job that ends when the sender sends or is dropped, and reports that it has started.
    fn stuck(
        begun: &mpsc::Sender<()>,
    ) -> (
        mpsc::Sender<()>,
        impl FnOnce() -> Result<()> + Send + 'static,
    ) {
        let (end, ended) = mpsc::channel();
        let begun = begun.clone();
        (end, move || {
            begun.send(()).expect("the test waits for it");
            let _ = ended.recv();
            Ok(())
        })
    }

    /// Returns the number of threads and of queued jobs.
    fn sizes(pool: &Pool) -> (usize, usize) {
        let queue = pool.0.queue.lock();
        (queue.threads, queue.jobs.len())
    }

    #[tokio::test]
    async fn reports_a_panic_and_goes_on() {
        let pool = Pool::new("test", 1);
        let error = pool
            .run::<()>(WhenAbandoned::Skip, || panic!("on purpose"))
            .await
            .expect_err("it panicked");
        assert!(error.to_string().contains("on purpose"), "{error}");
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("on purpose");
            }
        }
        pool.drop(Panics);
        assert_eq!(
            pool.run(WhenAbandoned::Skip, || Ok(1))
                .await
                .expect("it ran"),
            1
        );
        assert_eq!(sizes(&pool).0, 1);
    }

    #[tokio::test]
    async fn skips_what_nobody_waits_for_and_carries_out_what_has_to_be() {
        let pool = Pool::new("test", 1);
        let (begun, has_begun) = mpsc::channel();
        let (end, work) = stuck(&begun);
        let mut first = Box::pin(pool.run(WhenAbandoned::Skip, work));
        assert!(poll!(&mut first).is_pending());
        has_begun.recv().expect("it begins");
        let ran = Arc::new(AtomicUsize::new(0));
        for (abandoned, adds) in [(WhenAbandoned::Skip, 1), (WhenAbandoned::CarryOut, 10)] {
            let ran = Arc::clone(&ran);
            let work = move || {
                ran.fetch_add(adds, Ordering::SeqCst);
                Ok(())
            };
            let mut given_up = Box::pin(pool.run(abandoned, work));
            assert!(poll!(&mut given_up).is_pending());
        }
        drop(end);
        first.await.expect("it ends");
        pool.run(WhenAbandoned::Skip, || Ok(()))
            .await
            .expect("it comes after them");
        assert_eq!(ran.load(Ordering::SeqCst), 10);
    }

    #[tokio::test]
    async fn has_no_more_threads_and_no_longer_queue_than_it_may() {
        let pool = Pool::new("test", 2);
        let (begun, has_begun) = mpsc::channel();
        let mut ends = Vec::new();
        let mut waiting = Vec::new();
        for _ in 0..2 + QUEUE_MAX {
            // Yield, because the runtime limits how many permits one task acquires in a row.
            tokio::task::yield_now().await;
            let (end, work) = stuck(&begun);
            let mut job = Box::pin(pool.run(WhenAbandoned::Skip, work));
            assert!(poll!(&mut job).is_pending());
            if ends.len() < 2 {
                has_begun.recv().expect("it begins");
            }
            ends.push(end);
            waiting.push(job);
        }
        assert_eq!(sizes(&pool), (2, QUEUE_MAX));
        let mut beyond = Box::pin(pool.run(WhenAbandoned::CarryOut, || Ok(())));
        assert_eq!(poll!(&mut beyond).map(drop), Poll::Pending);
        assert_eq!(
            sizes(&pool),
            (2, QUEUE_MAX),
            "it waits for a place in the queue"
        );
        pool.drop(begun);
        drop(ends);
        for job in waiting {
            job.await.expect("it ends");
        }
        beyond.await.expect("it ran");
    }

    #[test]
    fn its_threads_carry_out_what_waits_and_end_with_it() {
        let pool = Pool::new("test", 1);
        let shared = Arc::downgrade(&pool.0);
        let (tell, told) = mpsc::channel();
        struct Tells(mpsc::Sender<()>);
        impl Drop for Tells {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        pool.drop(Tells(tell));
        drop(pool);
        told.recv().expect("it was dropped");
        let begun = std::time::Instant::now();
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
        assert!(
            begun.elapsed() < IDLE_MAX,
            "the threads end before they time out"
        );
    }
}
