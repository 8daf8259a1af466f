//! Ends a future that is still pending at a deadline.
//!
//! Epochs stop guests that compute; a deadline stops calls that wait, in a host function or for an
//! instance.
//!
//! Tests: `tests/suite/limits.rs`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Alarm, Clock, Ticks};

/// The deadline passed before the call ended.
#[derive(Debug)]
pub(crate) struct DeadlineElapsed;

/// The deadline of a future that is polled. A future that is never pending sets no alarm.
pub(crate) struct Deadline<'a> {
    clock: &'a Arc<Clock>,
    deadline: Ticks,
    alarm: Option<Alarm>,
}

impl<'a> Deadline<'a> {
    pub(crate) fn new(clock: &'a Arc<Clock>, deadline: Ticks) -> Self {
        Self {
            clock,
            deadline,
            alarm: None,
        }
    }

    /// Returns `true` if the deadline has passed. Otherwise, wakes the task when it does.
    pub(crate) fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        if self.clock.now() >= self.deadline {
            return true;
        }
        self.alarm
            .get_or_insert_with(|| self.clock.alarm(self.deadline))
            .set_waker(context.waker());
        false
    }
}

/// Runs `call` until `deadline`, then stops polling it. Takes a pinned reference because the future
/// of a call is large: moving it would cost as much as the rest of this path.
pub(crate) async fn run_until_deadline<F: Future + ?Sized>(
    clock: &Arc<Clock>,
    deadline: Ticks,
    mut call: Pin<&mut F>,
) -> std::result::Result<F::Output, DeadlineElapsed> {
    let mut deadline = Deadline::new(clock, deadline);
    poll_fn(move |context| match call.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending if deadline.has_passed(context) => Poll::Ready(Err(DeadlineElapsed)),
        Poll::Pending => Poll::Pending,
    })
    .await
}
