//! The ends of a call that the host detects, as errors that wasmtime passes on.
//!
//! Tests: `tests/suite/ends`.

use std::error::Error as StdError;
use std::fmt;

use wasmtime_wasi::I32Exit;

use crate::CallEnd;

/// The error with which the epoch callback ends a call after its deadline.
#[derive(Debug)]
pub(crate) struct DeadlinePassed;

impl StdError for DeadlinePassed {}

impl fmt::Display for DeadlinePassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call's deadline has passed")
    }
}

/// The error of a call whose end was detected by the host.
#[derive(Debug)]
pub(crate) struct DetectedEnd(pub(crate) CallEnd);

impl StdError for DetectedEnd {}

impl fmt::Display for DetectedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Returns the code with which the guest exited, if it did.
pub(crate) fn exit_code(error: &wasmtime::Error) -> Option<u8> {
    // The guest passes a byte, or a `result`.
    error
        .downcast_ref()
        .map(|I32Exit(code)| u8::try_from(*code).unwrap_or(u8::MAX))
}
