//! The body of the response to an outgoing request.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::Body;
use wasmtime_wasi_http::Error;

use crate::clock::{Alarm, Clock, Ticks};
use crate::http_body::BodyTap;

/// A callback for when the last chunk has been read.
type EndCallback = Box<dyn FnOnce() + Send>;

/// Watches the body of a response: limits the time for each chunk, and calls back at the end.
pub(super) struct DownloadTap {
    clock: Arc<Clock>,
    between_bytes: Ticks,
    /// The deadline of the next chunk, while one is awaited.
    next_chunk: Option<(Ticks, Alarm)>,
    on_end: Option<EndCallback>,
}

impl DownloadTap {
    /// Calls `on_end` once the body has been read to its end; drops it if that never happens.
    pub(super) fn new(clock: &Arc<Clock>, between_bytes: Ticks, on_end: EndCallback) -> Self {
        Self {
            clock: Arc::clone(clock),
            between_bytes,
            next_chunk: None,
            on_end: Some(on_end),
        }
    }
}

impl<B: Body<Data = Bytes, Error = Error>> BodyTap<B> for DownloadTap {
    /// Returns the timeout error if the deadline of the next chunk has passed. Otherwise wakes the
    /// task at the deadline.
    fn on_pending(&mut self, context: &mut Context<'_>) -> Poll<Error> {
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

    fn on_frame(&mut self, _: u64, _: &B) -> Result<(), Error> {
        self.next_chunk = None;
        Ok(())
    }

    fn on_error(&mut self) {
        self.next_chunk = None;
    }

    fn on_end(&mut self, _: &B) {
        self.next_chunk = None;
        if let Some(on_end) = self.on_end.take() {
            on_end();
        }
    }
}
