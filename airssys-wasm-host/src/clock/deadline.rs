//! Ends a future that is still pending at a deadline.
//!
//! Epochs stop guests that compute; a deadline stops calls that wait, in a host function or for an
//! instance.
//!
//! Tests: `tests/suite/limits.rs`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::{Alarm, Clock, Ticks};

/// The deadline passed before the call ended.
#[derive(Debug)]
pub(crate) struct DeadlineElapsed;

/// Runs `call` until `deadline`, then stops polling it. A call that never waits sets no alarm.
/// Takes a pinned reference because the future of a call is large: moving it would cost as much as
/// the rest of this path.
pub(crate) async fn run_until_deadline<F: Future + ?Sized>(
    clock: &Arc<Clock>,
    deadline: Ticks,
    mut call: Pin<&mut F>,
) -> std::result::Result<F::Output, DeadlineElapsed> {
    let mut alarm: Option<Alarm> = None;
    poll_fn(move |context| {
        if let Poll::Ready(output) = call.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        if clock.now() >= deadline {
            return Poll::Ready(Err(DeadlineElapsed));
        }
        alarm
            .get_or_insert_with(|| clock.alarm(deadline))
            .set_waker(context.waker());
        Poll::Pending
    })
    .await
}
