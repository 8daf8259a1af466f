//! A guest that runs in the task that reads its response's body.
//!
//! The task that runs it also passes its output on; while nothing is read, it does not run.
//!
//! Tests: `tests/suite/http/bodies.rs`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::Result;
use crate::clock::{Alarm, Clock, Ticks};

/// A guest's handling of one request.
pub(super) type GuestFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A guest whose response's body is read. Dropping it stops the guest. At the deadline the guest is
/// ended even if nothing is read.
pub(super) struct StreamingGuest {
    shared: Arc<SharedGuest>,
    /// Wakes `shared` at the deadline.
    _alarm: Alarm,
}

/// The guest, shared by the task that reads and the alarm.
struct SharedGuest {
    /// `None` once the guest has ended, or runs in a task of its own.
    guest: Mutex<Option<GuestFuture>>,
    runtime: Handle,
    clock: Arc<Clock>,
    deadline: Ticks,
}

impl StreamingGuest {
    pub(super) fn new(guest: GuestFuture, clock: &Arc<Clock>, deadline: Ticks) -> Self {
        let alarm = clock.alarm(deadline);
        let shared = Arc::new(SharedGuest {
            guest: Mutex::new(Some(guest)),
            runtime: Handle::current(),
            clock: Arc::clone(clock),
            deadline,
        });
        alarm.set_waker(&Waker::from(Arc::clone(&shared)));
        Self {
            shared,
            _alarm: alarm,
        }
    }

    /// Polls the guest.
    pub(super) fn poll(&self, context: &mut Context<'_>) {
        let mut guest = self.shared.guest.lock();
        if guest
            .as_mut()
            .is_some_and(|guest| guest.as_mut().poll(context).is_ready())
        {
            *guest = None;
        }
        drop(guest);
        if self.shared.clock.now() >= self.shared.deadline {
            // The deadline may have passed while the guest ran, and there may be no further read.
            self.shared.expire();
        }
    }

    /// Lets the guest run to its end, regardless of the reader.
    pub(super) fn detach(self) {
        let guest = self.shared.guest.lock().take();
        guest.into_iter().for_each(run_detached);
    }
}

/// Lets a guest run to its end: in this task if it need not wait, otherwise in a task of its own.
pub(super) fn run_detached(mut guest: GuestFuture) {
    if guest.as_mut().now_or_never().is_none() {
        tokio::spawn(guest);
    }
}

impl Drop for StreamingGuest {
    fn drop(&mut self) {
        let guest = self.shared.guest.lock().take();
        drop(guest);
    }
}

impl SharedGuest {
    /// Ends the guest at its deadline by running it, upon which it notices. If it is running now,
    /// it will notice anyway.
    fn expire(&self) {
        let guest = self.guest.try_lock().and_then(|mut guest| guest.take());
        if let Some(guest) = guest {
            self.runtime.spawn(guest);
        }
    }
}

impl Wake for SharedGuest {
    fn wake(self: Arc<Self>) {
        self.expire();
    }
}
