//! The time slices in which an instance computes.
//!
//! Tests: in this file, `tests/suite/spinning.rs`.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime::UpdateDeadline;

use super::RunPermits;
use super::permits::RunPermit;
use crate::budget::DeploymentShare;
use crate::clock::CpuTime;

/// The number of epochs after which a guest that computes is checked again.
pub(crate) const SLICE_EPOCHS: u64 = 1;

/// Processor time that a call may use without a permit, after it was first checked.
const FIRST_SLICE: Duration = Duration::from_millis(8);

/// The number of times that a call may continue without a permit after that, because it hardly
/// computed since the last check: it was waiting, and epochs passed meanwhile.
const RESUMES_MAX: u32 = 16;

/// Processor time up to which a call counts as having hardly computed.
const RESUME_CPU_MAX: Duration = Duration::from_millis(2);

/// If an instance had more calls than this between two ticks, they are too short to delay anything.
const CALLS_PER_CHECK_MAX: u32 = 8;

/// The scheduling state of an instance. Decides at the end of each slice how its call continues.
pub(crate) struct GuestSlice {
    permits: Arc<RunPermits>,
    share: Arc<DeploymentShare>,
    /// Processor time used without a permit; `None` before the call was first checked.
    free_time: Option<FreeTime>,
    /// `true` if the call needs a permit for its first slice too.
    is_in_crowd: bool,
    /// The number of calls since one was checked.
    calls: u32,
    /// Created when the call first needs a permit.
    permit: Option<PermitSlot>,
}

/// The permit of the current slice.
type PermitSlot = Arc<Mutex<Option<RunPermit>>>;

/// The permit of a call in a crowd. Released whenever the call waits for something, so that other
/// calls of the crowd can compute. When the call continues, it requests another permit at the next
/// tick.
pub(crate) struct CrowdPermit(Option<PermitSlot>);

/// Processor time that a call has used without a permit.
struct FreeTime {
    checked_at: CpuTime,
    computed: Duration,
    resumes: u32,
}

impl GuestSlice {
    pub(crate) fn new(permits: &Arc<RunPermits>, share: &Arc<DeploymentShare>) -> Self {
        let (permits, share) = (Arc::clone(permits), Arc::clone(share));
        Self {
            permits,
            share,
            free_time: None,
            is_in_crowd: false,
            calls: 0,
            permit: None,
        }
    }

    /// Begins a call. Returns the number of epochs for which it computes before it is checked.
    #[inline]
    pub(crate) fn begin_call(&mut self) -> u64 {
        self.free_time = None;
        self.calls = self.calls.saturating_add(1);
        self.is_in_crowd = self.share.crowd().is_crowd(self.permits.now());
        if self.is_in_crowd { 0 } else { SLICE_EPOCHS }
    }

    /// Returns the permit of the current call, for the case that it is in a crowd.
    #[inline]
    pub(crate) fn crowd_permit(&mut self) -> CrowdPermit {
        CrowdPermit(
            self.is_in_crowd
                .then(|| Arc::clone(self.permit.get_or_insert_default())),
        )
    }

    /// Releases the permit of the call, if it holds one.
    #[inline]
    pub(crate) fn end_call(&mut self) {
        if let Some(slot) = self.permit.take() {
            slot.lock().take();
        }
    }

    /// Ends a slice: an epoch has passed since the guest was last checked.
    pub(crate) fn end(&mut self) -> UpdateDeadline {
        if !self.is_in_crowd && !self.has_permit() && self.may_continue() {
            return UpdateDeadline::Continue(SLICE_EPOCHS);
        }
        self.share.count_slice();
        let slot = Arc::clone(self.permit.get_or_insert_default());
        let next = next_slice(slot, Arc::clone(&self.permits), Arc::clone(&self.share));
        UpdateDeadline::YieldCustom(SLICE_EPOCHS, Box::pin(next))
    }

    fn has_permit(&self) -> bool {
        self.permit
            .as_ref()
            .is_some_and(|slot| slot.lock().is_some())
    }

    /// Returns `true` if the call may continue without a permit.
    fn may_continue(&mut self) -> bool {
        let now = CpuTime::now();
        if self.calls <= CALLS_PER_CHECK_MAX {
            self.share
                .crowd()
                .sample(self.permits.now(), self.permits.permits_max());
        }
        self.calls = 0;
        match &mut self.free_time {
            Some(used) => used.check(now),
            None => {
                self.free_time = Some(FreeTime {
                    checked_at: now,
                    computed: Duration::ZERO,
                    resumes: 0,
                });
                true
            }
        }
    }
}

impl CrowdPermit {
    /// Releases the permit. Called whenever the call is pending.
    pub(crate) fn release(&self) {
        if let Some(slot) = &self.0 {
            slot.lock().take();
        }
    }
}

impl FreeTime {
    /// Returns `true` if the first slice is not used up, or the call has just resumed.
    fn check(&mut self, now: CpuTime) -> bool {
        let computed = now.since(self.checked_at).unwrap_or_default();
        self.checked_at = now;
        self.computed += computed;
        if self.computed < FIRST_SLICE {
            return true;
        }
        self.resumes += u32::from(computed < RESUME_CPU_MAX);
        computed < RESUME_CPU_MAX && self.resumes <= RESUMES_MAX
    }
}

/// Waits until the guest may compute another slice.
async fn next_slice(slot: PermitSlot, permits: Arc<RunPermits>, share: Arc<DeploymentShare>) {
    let mut held = slot.lock().take();
    loop {
        let permit = match held.take().filter(RunPermit::renew) {
            Some(permit) => permit,
            None => permits.acquire(&share).await,
        };
        yield_to_ready_tasks().await;
        if permit.begin_slice() {
            *slot.lock() = Some(permit);
            return;
        }
    }
}

/// Yields to the executor's driver of I/O and timers, and then to all tasks that it has woken.
async fn yield_to_ready_tasks() {
    // This resumes once the queue was empty and the driver was polled, but before the tasks it has
    // woken.
    tokio::task::yield_now().await;
    let mut is_behind = false;
    poll_fn(|context| {
        if is_behind {
            return Poll::Ready(());
        }
        is_behind = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream as Sender;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::Interest;
    use tokio::net::UnixStream;

    use super::*;
    use crate::budget::{Budget, DeploymentShares};
    use crate::clock::Clock;

    const SPINNERS: usize = 64;
    const ROUNDS: usize = 50;

    /// State shared by the spinners and the task that they wake.
    struct SpinnerState {
        slices: AtomicUsize,
        /// The slice in which the task was last woken; `None` if it has run since.
        woken: Mutex<Option<usize>>,
        sender: Mutex<Sender>,
    }

    impl SpinnerState {
        /// Computes a slice: counts it, and wakes the task unless it is already woken.
        fn compute(&self) {
            let slice = self.slices.fetch_add(1, Ordering::SeqCst);
            let mut woken = self.woken.lock();
            if woken.is_none() {
                *woken = Some(slice);
                self.sender.lock().write_all(&[0]).expect("a socket");
            }
        }
    }

    async fn spin(
        counted: Arc<SpinnerState>,
        permits: Arc<RunPermits>,
        share: Arc<DeploymentShare>,
    ) {
        let slot = PermitSlot::default();
        loop {
            next_slice(Arc::clone(&slot), Arc::clone(&permits), Arc::clone(&share)).await;
            counted.compute();
        }
    }

    /// Runs spinners on the current runtime. Returns the maximum number of slices between a wake-up
    /// by the system and the poll that follows.
    async fn slices_between_wake_and_poll() -> usize {
        let permits = Arc::new(RunPermits::new(Arc::new(Clock::default())));
        let shares = DeploymentShares::new(&Budget::from_machine());
        let (sender, receiver) = Sender::pair().expect("sockets");
        receiver.set_nonblocking(true).expect("a socket");
        let receiver = UnixStream::from_std(receiver).expect("a socket");
        let counted = Arc::new(SpinnerState {
            slices: AtomicUsize::new(0),
            woken: Mutex::new(None),
            sender: Mutex::new(sender),
        });
        for number in 0..SPINNERS {
            let share = shares.get(&format!("spinner-{}", number % 3).parse().expect("a name"));
            tokio::spawn(spin(Arc::clone(&counted), Arc::clone(&permits), share));
        }
        let mut most = 0;
        for _ in 0..ROUNDS {
            let mut byte = [0];
            receiver
                .async_io(Interest::READABLE, || receiver.try_read(&mut byte))
                .await
                .expect("a byte");
            let mut woken = counted.woken.lock();
            let since = woken.take().expect("a slice woke this task");
            most = most.max(counted.slices.load(Ordering::SeqCst) - since);
        }
        most
    }

    /// The clock does not advance, so no permit is revoked.
    #[tokio::test]
    async fn a_call_in_a_crowd_holds_no_permit_while_it_waits_for_something() {
        let permits = Arc::new(RunPermits::new(Arc::new(Clock::default())));
        let share =
            DeploymentShares::new(&Budget::from_machine()).get(&"busy".parse().expect("a name"));
        share.crowd().mark(permits.now());
        let mut first = GuestSlice::new(&permits, &share);
        assert_eq!(first.begin_call(), 0);
        let permit = first.crowd_permit();
        let slot = Arc::clone(first.permit.get_or_insert_default());
        let mut waits = pin!(async {
            next_slice(slot, Arc::clone(&permits), Arc::clone(&share)).await;
            std::future::pending::<()>().await
        });
        let second = next_slice(
            PermitSlot::default(),
            Arc::clone(&permits),
            Arc::clone(&share),
        );
        let waits_and_releases = poll_fn(|context| {
            let polled = waits.as_mut().poll(context);
            permit.release();
            polled
        });
        tokio::select! {
            biased;
            () = waits_and_releases => unreachable!("it waits for ever"),
            () = second => {}
            () = tokio::time::sleep(Duration::from_secs(10)) => panic!("the first has the only permit"),
        }
    }

    #[tokio::test]
    async fn at_most_two_slices_pass_between_a_wake_up_and_its_poll() {
        let most = slices_between_wake_and_poll().await;
        assert!(most <= 2, "{most} slices");
    }

    /// A worker of this runtime runs the task woken last first.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn at_most_one_slice_passes_on_a_worker_that_runs_the_last_woken_task_first() {
        let most = tokio::spawn(slices_between_wake_and_poll())
            .await
            .expect("a task");
        assert!(most <= 1, "{most} slices");
    }
}
