//! The states of a guest's response.
//!
//! | from | to | when |
//! |---|---|---|
//! | `AwaitingHead` | `HeadReady` | the guest returns a head, or an error |
//! | `HeadReady` | `Streaming` | the head is passed on |
//! | `Streaming` | `Complete` | the guest has no more frames |
//! | `AwaitingHead`, `HeadReady`, `Streaming` | `Stopped` | the guest traps, exits or is dropped before it has finished |
//! | `Streaming`, `Complete`, `Stopped` | `CutOff` | a limit is exceeded, or a stopped guest has no more frames |
//! | `AwaitingHead`, `HeadReady`, `Streaming`, `Stopped` | `Refused` | no head comes in time, or an error instead, or the guest ends with an incomplete body before anything was sent |
//!
//! The guest's side (`guest_call`, `handler`) sets the head and stops; the client's side (`respond`,
//! `guest_body`) does the rest.
//!
//! Tests: in this file, `tests/suite/http/ends.rs`, `tests/suite/http/bodies.rs`.

use http::Response;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use crate::CallEnd;

/// The head of a response with its body, or the error that the guest returned instead.
pub(super) type ResponseHead = Result<Response<WasiBody>, HttpError>;

/// The state of a guest's response.
#[derive(Debug, Default)]
pub(super) enum ResponseState {
    /// The guest has the request, and has returned neither a head nor an error.
    #[default]
    AwaitingHead,
    /// The guest has returned a head or an error, which is about to be passed on.
    HeadReady(ResponseHead),
    /// The head was passed on. The guest may still write the body.
    Streaming,
    /// The guest has written the complete body, which may still be read.
    Complete,
    /// The guest stopped before its response was complete. The frames that it wrote before are
    /// passed on, and then the body is cut off; if no head was passed on, the request is refused.
    Stopped,
    /// The body has ended with an error.
    CutOff,
    /// The client receives a response of the host, whatever the guest does from now on.
    Refused,
}

impl ResponseState {
    /// Sets the head. Ignored once the request was refused.
    pub(super) fn set_head(&mut self, head: ResponseHead) {
        if matches!(self, Self::AwaitingHead) {
            *self = Self::HeadReady(head);
        }
    }

    /// Takes the head, if it is ready, to pass it on. After an error the request is refused.
    pub(super) fn take_head(&mut self) -> Option<ResponseHead> {
        let next = match self {
            Self::HeadReady(Ok(_)) => Self::Streaming,
            Self::HeadReady(Err(_)) => Self::Refused,
            _ => return None,
        };
        match std::mem::replace(self, next) {
            Self::HeadReady(head) => Some(head),
            _ => None,
        }
    }

    /// Records that the guest stopped before it had finished. An error that it has returned is
    /// passed on nevertheless; a head is not, since the body behind it is incomplete.
    pub(super) fn stop(&mut self) {
        if matches!(
            self,
            Self::AwaitingHead | Self::HeadReady(Ok(_)) | Self::Streaming
        ) {
            *self = Self::Stopped;
        }
    }

    /// Records that the guest has no more frames. Returns `false` if it stopped before it had
    /// finished: then they only seem to be all.
    pub(super) fn complete(&mut self) -> bool {
        if matches!(self, Self::Streaming) {
            *self = Self::Complete;
        }
        matches!(self, Self::Complete)
    }

    /// Records that the body ends with an error. Returns `true` unless the cause was reported
    /// before: a guest that stopped reports its own end.
    pub(super) fn cut_off(&mut self) -> bool {
        !matches!(
            std::mem::replace(self, Self::CutOff),
            Self::Stopped | Self::CutOff
        )
    }

    /// Records that the client receives a response of the host.
    pub(super) fn refuse(&mut self) {
        *self = Self::Refused;
    }

    /// Returns how a guest that does nothing more leaves its response; `None` if nothing of it is
    /// missing.
    pub(super) fn missing_part(&self) -> Option<CallEnd> {
        match self {
            Self::AwaitingHead => Some(CallEnd::ResponseMissing),
            Self::HeadReady(Err(_)) | Self::Complete | Self::Refused => None,
            _ => Some(CallEnd::BodyUnfinished),
        }
    }

    pub(super) fn is_awaiting_head(&self) -> bool {
        matches!(self, Self::AwaitingHead)
    }

    /// Returns `true` if the guest may still write frames.
    pub(super) fn is_streaming(&self) -> bool {
        matches!(self, Self::Streaming)
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    pub(super) fn is_cut_off(&self) -> bool {
        matches!(self, Self::CutOff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> ResponseHead {
        Ok(Response::new(WasiBody::default()))
    }

    fn error() -> ResponseHead {
        Err(HttpError::HttpProtocolError)
    }

    /// Returns the state after a head was passed on.
    fn streaming() -> ResponseState {
        let mut state = ResponseState::AwaitingHead;
        state.set_head(head());
        assert!(state.take_head().is_some_and(|head| head.is_ok()));
        assert!(state.is_streaming());
        state
    }

    #[test]
    fn a_response_streams_until_it_is_complete() {
        let mut state = streaming();
        assert!(state.take_head().is_none(), "a head is passed on once");
        assert!(state.complete() && state.is_complete());
        state.stop();
        assert!(state.is_complete(), "a guest may end in any way after it");
    }

    #[test]
    fn a_body_of_a_stopped_guest_is_cut_off_and_its_cause_reported_once() {
        let mut state = streaming();
        state.stop();
        assert!(!state.complete(), "its frames only seem to be all");
        assert!(!state.cut_off(), "the guest reports its end itself");
        assert!(state.is_cut_off());
    }

    #[test]
    fn a_body_is_cut_off_by_the_host_with_a_report() {
        let mut state = streaming();
        assert!(state.cut_off());
        state.stop();
        assert!(state.is_cut_off() && !state.complete());
        let mut state = streaming();
        state.complete();
        assert!(state.cut_off(), "complete, but not read in time");
    }

    #[test]
    fn a_head_without_its_body_is_not_passed_on() {
        let mut state = ResponseState::AwaitingHead;
        state.set_head(head());
        state.stop();
        assert!(state.take_head().is_none());
    }

    #[test]
    fn an_error_is_passed_on_even_if_the_guest_stops_then() {
        let mut state = ResponseState::AwaitingHead;
        state.set_head(error());
        state.stop();
        assert!(state.take_head().is_some_and(|head| head.is_err()));
        assert!(matches!(state, ResponseState::Refused));
    }

    #[test]
    fn a_refused_request_gets_no_response_of_its_guest() {
        let mut state = ResponseState::AwaitingHead;
        state.refuse();
        state.set_head(head());
        state.stop();
        assert!(state.take_head().is_none());
    }

    #[test]
    fn each_state_knows_the_missing_part_of_the_response() {
        let (unfinished, missing) = (CallEnd::BodyUnfinished, CallEnd::ResponseMissing);
        let mut state = ResponseState::AwaitingHead;
        assert_eq!(state.missing_part(), Some(missing));
        state.set_head(head());
        assert_eq!(state.missing_part(), Some(unfinished));
        assert_eq!(
            ResponseState::HeadReady(error()).missing_part(),
            None,
            "an error has no body"
        );
        let mut state = streaming();
        assert_eq!(state.missing_part(), Some(unfinished));
        state.complete();
        assert_eq!(state.missing_part(), None);
    }
}
