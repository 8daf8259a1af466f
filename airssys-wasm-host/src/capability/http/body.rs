//! The body of an answer, whose parts come in time.
//!
//! Tests: the workspace's `tests/suite/capabilities/http`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use wasmtime_wasi_http::Error;

use crate::engine::{Alarm, Clock, Ticks};

/// What to do when the last part has been read.
type End = Box<dyn FnOnce() + Send>;

/// A body whose parts come in time.
pub(super) struct TimedBody {
    incoming: Incoming,
    clock: Arc<Clock>,
    between_bytes: Ticks,
    /// When the next part must have come, once it was waited for.
    next: Option<(Ticks, Alarm)>,
    end: Option<End>,
}

impl TimedBody {
    /// `end` is called once it has been read to its end, and dropped if it never is.
    pub(super) fn new(incoming: Incoming, clock: &Arc<Clock>, between_bytes: Ticks, end: End) -> Self {
        let clock = Arc::clone(clock);
        let mut body = Self { incoming, clock, between_bytes, next: None, end: Some(end) };
        if body.incoming.is_end_stream() {
            body.has_ended();
        }
        body
    }

    fn has_ended(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }

    /// Waits on for the next part, unless its time is over.
    fn wait(&mut self, context: &Context<'_>) -> Poll<Error> {
        let Self { clock, between_bytes, next, .. } = self;
        let (deadline, alarm) = next.get_or_insert_with(|| {
            let deadline = clock.now().plus(*between_bytes);
            (deadline, clock.alarm(deadline))
        });
        if clock.now() >= *deadline {
            return Poll::Ready(Error::ConnectionReadTimeout);
        }
        alarm.wake(context.waker());
        Poll::Pending
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Ready(frame) => {
                self.next = None;
                if frame.is_none() || self.incoming.is_end_stream() {
                    self.has_ended();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Error::from)))
            }
            Poll::Pending => self.wait(context).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
