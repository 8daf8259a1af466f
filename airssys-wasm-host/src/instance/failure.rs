//! What went wrong in a guest, in our words.
//!
//! Tests: the workspace's `tests/limits` and `tests/bad_input`.

use std::fmt;

use wasmtime::Trap;

use super::InstanceState;
use crate::link::LinkFailed;
use crate::revision::Revision;
use crate::{Error, ErrorKind};

/// The error with which the epoch callback ends a call that is out of time.
#[derive(Debug)]
pub(super) struct DeadlinePassed;

impl std::error::Error for DeadlinePassed {}

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call's deadline has passed")
    }
}

/// An instance that did not come to be.
pub(crate) fn start_failed(revision: &Revision, error: &wasmtime::Error, state: &InstanceState) -> Error {
    let (_, what) = tell(error, revision);
    let message = format!("{revision} does not start: {what}{}", refused(state));
    Error::new(ErrorKind::StartFailed, message).with_source(cause(error))
}

/// A call that ended without the guest's own result.
pub(crate) fn call_failed(
    revision: &Revision,
    function: &str,
    error: &wasmtime::Error,
    state: &InstanceState,
) -> Error {
    let (kind, what) = tell(error, revision);
    let message = format!("`{function}` of {revision} {what}{}", refused(state));
    Error::new(kind, message).with_source(cause(error))
}

fn tell(error: &wasmtime::Error, revision: &Revision) -> (ErrorKind, String) {
    if error.is::<DeadlinePassed>() {
        return (ErrorKind::DeadlineExceeded, crate::call::deadline_message(revision));
    }
    if let Some(LinkFailed(cause)) = error.downcast_ref() {
        return (cause.kind(), format!("failed: {cause}"));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            let fuel = revision.limits.fuel_per_call.unwrap_or_default();
            (ErrorKind::FuelExhausted, format!("used up its fuel: `fuel_per_call` is {fuel}"))
        }
        Some(trap) => (ErrorKind::Trapped, format!("trapped: {}", words(*trap))),
        None => (ErrorKind::Trapped, format!("failed: {}", error.root_cause())),
    }
}

fn words(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "it aborted (`unreachable`), as a panic does".into(),
        Trap::StackOverflow => "it recursed beyond its stack".into(),
        other => other.to_string(),
    }
}

fn refused(state: &InstanceState) -> String {
    state.limiter.refused().map(|refused| format!("; before that, {refused}")).unwrap_or_default()
}

/// The runtime's own account, with the guest's backtrace.
fn cause(error: &wasmtime::Error) -> String {
    format!("{error:?}")
}
