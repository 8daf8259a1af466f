//! A body that is watched while it passes through the host.
//!
//! The one wrapper around bodies, of requests and responses in both directions: it counts bytes and
//! reports frames, waits and the end to a [`BodyTap`], which may end the body with an error.
//!
//! Tests: in this file.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::length::frame_bytes;

/// Watches a body `B` from inside a [`TapBody`].
pub(crate) trait BodyTap<B: Body<Data = Bytes>>: Unpin {
    /// Called when no frame is available yet. A returned error is passed on and ends the wait.
    fn on_pending(&mut self, _context: &mut Context<'_>) -> Poll<B::Error> {
        Poll::Pending
    }

    /// Called with the number of bytes of each frame, and the rest of the body. A returned error
    /// replaces the frame.
    ///
    /// # Errors
    ///
    /// The reason for which the frame is not passed on.
    fn on_frame(&mut self, _bytes: u64, _rest: &B) -> Result<(), B::Error> {
        Ok(())
    }

    /// Called when the body fails, before its error is passed on.
    fn on_error(&mut self) {}

    /// Called when no frame is left, before the end is passed on. A returned error replaces the
    /// end.
    ///
    /// # Errors
    ///
    /// The reason for which the body is incomplete.
    fn check_end(&mut self) -> Result<(), B::Error> {
        Ok(())
    }

    /// Called when the end is known, which may be with the last frame, or before the first one.
    /// Called again if the end is polled.
    fn on_end(&mut self, _body: &B) {}
}

/// A body with its tap.
pub(crate) struct TapBody<B, T> {
    body: B,
    tap: T,
}

impl<B: Body<Data = Bytes>, T: BodyTap<B>> TapBody<B, T> {
    pub(crate) fn new(body: B, mut tap: T) -> Self {
        if body.is_end_stream() {
            tap.on_end(&body);
        }
        Self { body, tap }
    }

    fn pass_frame(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, B::Error> {
        self.tap.on_frame(frame_bytes(&frame), &self.body)?;
        if self.body.is_end_stream() {
            self.tap.on_end(&self.body);
        }
        Ok(frame)
    }

    fn pass_end(&mut self) -> Option<Result<Frame<Bytes>, B::Error>> {
        if let Err(error) = self.tap.check_end() {
            return Some(Err(error));
        }
        self.tap.on_end(&self.body);
        None
    }
}

impl<B: Body<Data = Bytes> + Unpin, T: BodyTap<B>> Body for TapBody<B, T> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => self.tap.on_pending(context).map(|error| Some(Err(error))),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.pass_frame(frame))),
            Poll::Ready(Some(Err(error))) => {
                self.tap.on_error();
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => Poll::Ready(self.pass_end()),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use super::*;

    /// A body of prepared polls, which knows its end once they are used up.
    struct ScriptedBody(VecDeque<Poll<Result<Frame<Bytes>, &'static str>>>);

    impl Body for ScriptedBody {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            match self.0.pop_front() {
                Some(polled) => polled.map(Some),
                None => Poll::Ready(None),
            }
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
    }

    /// Records its calls. Rejects frames of more than ten bytes, and the end after `is_incomplete`.
    #[derive(Default)]
    struct RecordingTap {
        calls: Vec<String>,
        is_incomplete: bool,
    }

    impl BodyTap<ScriptedBody> for RecordingTap {
        fn on_pending(&mut self, _: &mut Context<'_>) -> Poll<&'static str> {
            self.calls.push("pending".into());
            Poll::Pending
        }

        fn on_frame(&mut self, bytes: u64, _: &ScriptedBody) -> Result<(), &'static str> {
            self.calls.push(format!("{bytes} bytes"));
            if bytes > 10 { Err("too long") } else { Ok(()) }
        }

        fn on_error(&mut self) {
            self.calls.push("error".into());
        }

        fn check_end(&mut self) -> Result<(), &'static str> {
            if self.is_incomplete {
                Err("incomplete")
            } else {
                Ok(())
            }
        }

        fn on_end(&mut self, _: &ScriptedBody) {
            self.calls.push("end".into());
        }
    }

    fn data(bytes: usize) -> Poll<Result<Frame<Bytes>, &'static str>> {
        Poll::Ready(Ok(Frame::data(vec![0; bytes].into())))
    }

    fn tapped(
        polls: impl Into<VecDeque<Poll<Result<Frame<Bytes>, &'static str>>>>,
    ) -> TapBody<ScriptedBody, RecordingTap> {
        TapBody::new(ScriptedBody(polls.into()), RecordingTap::default())
    }

    /// Returns the number of bytes of the next frame, or its error.
    fn poll(
        body: &mut TapBody<ScriptedBody, RecordingTap>,
    ) -> Poll<Option<Result<u64, &'static str>>> {
        let polled = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
        polled.map(|frame| frame.map(|frame| frame.map(|frame| frame_bytes(&frame))))
    }

    #[test]
    fn frames_waits_and_the_end_are_reported() {
        let trailers = Poll::Ready(Ok(Frame::trailers(http::HeaderMap::new())));
        let mut body = tapped([data(3), Poll::Pending, trailers]);
        assert_eq!(poll(&mut body), Poll::Ready(Some(Ok(3))));
        assert_eq!(poll(&mut body), Poll::Pending);
        assert_eq!(poll(&mut body), Poll::Ready(Some(Ok(0))));
        assert_eq!(body.tap.calls, ["3 bytes", "pending", "0 bytes", "end"]);
    }

    #[test]
    fn a_body_without_frames_has_ended_from_the_start() {
        assert_eq!(tapped([]).tap.calls, ["end"]);
    }

    #[test]
    fn a_tap_replaces_frames_and_the_end_by_errors() {
        let mut body = tapped([data(11)]);
        assert_eq!(poll(&mut body), Poll::Ready(Some(Err("too long"))));
        body.tap.is_incomplete = true;
        assert_eq!(poll(&mut body), Poll::Ready(Some(Err("incomplete"))));
        assert_eq!(body.tap.calls, ["11 bytes"], "no end is reported");
    }

    #[test]
    fn an_error_of_the_body_is_reported_and_passed_on() {
        let mut body = tapped([Poll::Ready(Err("closed")), data(1)]);
        assert_eq!(poll(&mut body), Poll::Ready(Some(Err("closed"))));
        assert_eq!(body.tap.calls, ["error"]);
    }
}
