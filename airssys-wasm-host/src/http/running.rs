//! A guest that runs where the body of its answer is read.
//!
//! What it writes is handed on by the thread that ran it, and while nobody reads it does not run.
//! Tests: the workspace's `tests/suite/http`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::Result;
use crate::engine::{Alarm, Clock, Ticks};

/// What a guest does with one request.
pub(super) type Guest = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Dropped, it stops the guest. At its deadline the guest is ended even if nobody reads.
pub(super) struct Running {
    held: Arc<Held>,
    /// Wakes whom it is held by.
    _alarm: Alarm,
}

struct Held {
    guest: Mutex<Option<Guest>>,
    runtime: Handle,
    clock: Arc<Clock>,
    deadline: Ticks,
}

impl Running {
    pub(super) fn new(guest: Guest, clock: &Arc<Clock>, deadline: Ticks) -> Self {
        let alarm = clock.alarm(deadline);
        let (guest, clock) = (Mutex::new(Some(guest)), Arc::clone(clock));
        let held = Arc::new(Held {
            guest,
            runtime: Handle::current(),
            clock,
            deadline,
        });
        alarm.wake(&Waker::from(Arc::clone(&held)));
        Self {
            held,
            _alarm: alarm,
        }
    }

    /// Lets the guest go on, until it has to wait.
    pub(super) fn poll(&self, context: &mut Context<'_>) {
        let mut held = self.held.guest.lock();
        if held
            .as_mut()
            .is_some_and(|guest| guest.as_mut().poll(context).is_ready())
        {
            *held = None;
        }
        drop(held);
        if self.held.clock.now() >= self.held.deadline {
            // It may have come while the guest ran, and nobody may read again.
            self.held.end();
        }
    }

    /// Lets the guest come to its own end, whoever reads.
    pub(super) fn let_go(self) {
        let guest = self.held.guest.lock().take();
        guest.into_iter().for_each(let_go);
    }
}

/// Lets a guest come to its own end: here, if there is nothing that it waits for.
pub(super) fn let_go(mut guest: Guest) {
    if guest.as_mut().now_or_never().is_none() {
        tokio::spawn(guest);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let guest = self.held.guest.lock().take();
        drop(guest);
    }
}

impl Held {
    /// The deadline has come, which the guest is told once it is run. Whoever runs it now will see.
    fn end(&self) {
        let guest = self.guest.try_lock().and_then(|mut held| held.take());
        if let Some(guest) = guest {
            self.runtime.spawn(guest);
        }
    }
}

impl Wake for Held {
    fn wake(self: Arc<Self>) {
        self.end();
    }
}
