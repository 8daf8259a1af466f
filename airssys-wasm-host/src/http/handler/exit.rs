//! Guests that exit while they handle a request.
//!
//! Tests: `tests/suite/http/ends.rs`.

use crate::CallEnd;
use crate::instance::{DetectedEnd, exit_code};

/// Distinguishes an exit after a finished response (`missing_part` is `None`) from an exit that left
/// the response incomplete. Returns the exit in the first case, and an error in the second, even
/// for exit code 0.
pub(super) fn resolve_exit(
    error: wasmtime::Error,
    missing_part: Option<CallEnd>,
) -> wasmtime::Result<Option<wasmtime::Error>> {
    match (exit_code(&error), missing_part) {
        (Some(_), None) => Ok(Some(error)),
        (Some(0), Some(end)) => Err(DetectedEnd(end).into()),
        _ => Err(error),
    }
}
