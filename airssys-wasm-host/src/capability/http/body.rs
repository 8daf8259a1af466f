//! Bodies of outgoing requests, which report when they are complete, and of responses, with a time
//! limit between chunks.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::clock::{Alarm, Clock, Ticks};

/// A callback for when the last chunk has been read.
type EndCallback = Box<dyn FnOnce() + Send>;

/// The body of a request. Sets `is_taken` once all of it has been taken for sending.
pub(super) struct UploadBody {
    body: WasiBody,
    /// Bytes left of the declared length, if one was declared.
    left: Option<u64>,
    is_taken: Arc<AtomicBool>,
    /// `true` once the instance that writes the body has ended.
    has_instance_ended: Arc<AtomicBool>,
}

impl UploadBody {
    pub(super) fn new(
        body: WasiBody,
        length: Option<u64>,
        is_taken: Arc<AtomicBool>,
        is_gone: Arc<AtomicBool>,
    ) -> Self {
        let uploading = Self {
            body,
            left: length,
            is_taken,
            has_instance_ended: is_gone,
        };
        uploading.note_end(uploading.body.is_end_stream());
        uploading
    }

    fn note_end(&self, has_ended: bool) {
        if has_ended || self.left == Some(0) {
            self.is_taken.store(true, Ordering::SeqCst);
        }
    }
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() && self.has_instance_ended.load(Ordering::SeqCst) {
            // Looks like the end of the body, but the instance may not have finished it.
            return Poll::Ready(Some(Err(Error::ConnectionTerminated)));
        }
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.left = self.left.map(|left| left.saturating_sub(bytes));
        }
        self.note_end(frame.is_none() || self.body.is_end_stream());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body with a time limit for each chunk.
pub(super) struct TimedBody {
    incoming: Incoming,
    clock: Arc<Clock>,
    between_bytes: Ticks,
    /// The deadline of the next chunk, while one is awaited.
    next_chunk: Option<(Ticks, Alarm)>,
    on_end: Option<EndCallback>,
}

impl TimedBody {
    /// Calls `end` once the body has been read to its end; drops it if that never happens.
    pub(super) fn new(
        incoming: Incoming,
        clock: &Arc<Clock>,
        between_bytes: Ticks,
        end: EndCallback,
    ) -> Self {
        let clock = Arc::clone(clock);
        let mut body = Self {
            incoming,
            clock,
            between_bytes,
            next_chunk: None,
            on_end: Some(end),
        };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    fn finish(&mut self) {
        if let Some(end) = self.on_end.take() {
            end();
        }
    }

    /// Returns the timeout error if the deadline of the next chunk has passed. Otherwise wakes the
    /// task at the deadline.
    fn poll_deadline(&mut self, context: &Context<'_>) -> Poll<Error> {
        let Self {
            clock,
            between_bytes,
            next_chunk,
            ..
        } = self;
        let (deadline, alarm) = next_chunk.get_or_insert_with(|| {
            let deadline = clock.now().saturating_add(*between_bytes);
            (deadline, clock.alarm(deadline))
        });
        if clock.now() >= *deadline {
            return Poll::Ready(Error::ConnectionReadTimeout);
        }
        alarm.set_waker(context.waker());
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
                self.next_chunk = None;
                if frame.is_none() || self.incoming.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Error::from)))
            }
            Poll::Pending => self.poll_deadline(context).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
