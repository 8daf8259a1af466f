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
pub(super) struct WorkerPool(Arc<PoolShared>);

/// The treatment of a job whose caller gives up before it starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CancelPolicy {
    /// The job is dropped.
    Skip,
    /// The job is run.
    Run,
}

struct PoolShared {
    name: &'static str,
    threads_max: usize,
    /// Places in the queue. A job releases its place when it starts.
    places: Arc<Semaphore>,
    queue: Mutex<JobQueue>,
    changed: Condvar,
}

#[derive(Default)]
struct JobQueue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// The number of threads waiting for a job.
    idle: usize,
    is_closed: bool,
}

impl WorkerPool {
    /// Creates a pool without threads.
    pub(super) fn new(name: &'static str, threads_max: usize) -> Self {
        Self(Arc::new(PoolShared {
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
        abandoned: CancelPolicy,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.0.places)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let (sender, receiver) = oneshot::channel();
        let context = Handle::try_current().ok();
        let job = move || {
            drop(place);
            if abandoned == CancelPolicy::Skip && sender.is_closed() {
                return;
            }
            let _entered = context.as_ref().map(Handle::enter);
            // The caller may have given up.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        };
        self.push(Box::new(job))
            .map_err(|error| self.no_thread_error(error))?;
        // The job was dropped without being run.
        receiver
            .await
            .map_err(|_| shut_down_error())?
            .unwrap_or_else(|panic| Err(panic_error(&*panic)))
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

    fn no_thread_error(&self, error: io::Error) -> Error {
        let message = format!(
            "cannot start the thread `{}` for a blocking operation: {error}",
            self.0.name
        );
        Error::new(ErrorKind::Internal, message).with_source(error)
    }

    fn start_thread(&self) -> io::Result<()> {
        let shared = Arc::clone(&self.0);
        thread::Builder::new()
            .name(self.0.name.into())
            .spawn(move || shared.run_jobs())
            .map(drop)
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.0.queue.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl PoolShared {
    /// Runs jobs until the queue has been empty for a while, or the pool is closed.
    fn run_jobs(&self) {
        let mut queue = self.queue.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                MutexGuard::unlocked(&mut queue, || run_job(job));
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

fn run_job(job: Job) {
    // Jobs with a caller report their panics to it; the others are drops.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
        tracing::error!(panic = panic_message(&*panic), "dropping a value panicked");
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("a blocking operation panicked: {}", panic_message(panic)),
    )
}

fn shut_down_error() -> Error {
    Error::new(
        ErrorKind::HostDropped,
        "a blocking operation was not run: the host is shutting down",
    )
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
    fn sizes(pool: &WorkerPool) -> (usize, usize) {
        let queue = pool.0.queue.lock();
        (queue.threads, queue.jobs.len())
    }

    #[tokio::test]
    async fn reports_a_panic_and_continues() {
        let pool = WorkerPool::new("test", 1);
        let error = pool
            .run::<()>(CancelPolicy::Skip, || panic!("on purpose"))
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
            pool.run(CancelPolicy::Skip, || Ok(1))
                .await
                .expect("it ran"),
            1
        );
        assert_eq!(sizes(&pool).0, 1);
    }

    #[tokio::test]
    async fn skips_abandoned_jobs_unless_they_must_run() {
        let pool = WorkerPool::new("test", 1);
        let (begun, has_begun) = mpsc::channel();
        let (end, work) = stuck(&begun);
        let mut first = Box::pin(pool.run(CancelPolicy::Skip, work));
        assert!(poll!(&mut first).is_pending());
        has_begun.recv().expect("it begins");
        let ran = Arc::new(AtomicUsize::new(0));
        for (abandoned, adds) in [(CancelPolicy::Skip, 1), (CancelPolicy::Run, 10)] {
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
        pool.run(CancelPolicy::Skip, || Ok(()))
            .await
            .expect("it comes after them");
        assert_eq!(ran.load(Ordering::SeqCst), 10);
    }

    #[tokio::test]
    async fn has_no_more_threads_and_no_longer_queue_than_it_may() {
        let pool = WorkerPool::new("test", 2);
        let (begun, has_begun) = mpsc::channel();
        let mut ends = Vec::new();
        let mut waiting = Vec::new();
        for _ in 0..2 + QUEUE_MAX {
            // Yield, because the runtime limits how many permits one task acquires in a row.
            tokio::task::yield_now().await;
            let (end, work) = stuck(&begun);
            let mut job = Box::pin(pool.run(CancelPolicy::Skip, work));
            assert!(poll!(&mut job).is_pending());
            if ends.len() < 2 {
                has_begun.recv().expect("it begins");
            }
            ends.push(end);
            waiting.push(job);
        }
        assert_eq!(sizes(&pool), (2, QUEUE_MAX));
        let mut beyond = Box::pin(pool.run(CancelPolicy::Run, || Ok(())));
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
    fn threads_run_queued_jobs_and_end_with_the_pool() {
        let pool = WorkerPool::new("test", 1);
        let shared = Arc::downgrade(&pool.0);
        let (sender, receiver) = mpsc::channel();
        struct Tells(mpsc::Sender<()>);
        impl Drop for Tells {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        pool.drop(Tells(sender));
        drop(pool);
        receiver.recv().expect("it was dropped");
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
