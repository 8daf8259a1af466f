//! A call within its time: the wall-clock deadline around everything a call does.
//!
//! The epoch stops a guest that computes; this stops one that waits, in a host
//! call or for an instance. Tests: the workspace's `tests/limits`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::engine::{Alarm, Clock, Ticks};
use crate::revision::Revision;

/// The deadline passed.
#[derive(Debug)]
pub(crate) struct Elapsed;

/// Runs `call` until `deadline` and drops it then. A call that never waits costs
/// no alarm. Takes the call where it lies: a call's future is large, and moving it
/// costs as much as the rest of the way.
pub(crate) async fn within<F: Future + ?Sized>(
    clock: &Arc<Clock>,
    deadline: Ticks,
    mut call: Pin<&mut F>,
) -> std::result::Result<F::Output, Elapsed> {
    let mut alarm: Option<Alarm> = None;
    poll_fn(move |context| {
        if let Poll::Ready(output) = call.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        if clock.now() >= deadline {
            return Poll::Ready(Err(Elapsed));
        }
        alarm.get_or_insert_with(|| clock.alarm(deadline)).wake(context.waker());
        Poll::Pending
    })
    .await
}

/// What to say of a call that took too long.
pub(crate) fn deadline_message(revision: &Revision) -> String {
    format!("took longer than its deadline: `call_deadline` is {:?}", revision.limits.call_deadline)
}
