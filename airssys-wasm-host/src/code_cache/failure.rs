//! Errors of components that fail to compile.
//!
//! Tests: `airssys-wasm-cli/tests/cli/compiling.rs`, `tests/suite/budget.rs`.

use std::fmt::Display;
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

pub(super) fn compile_error(reason: impl Display) -> Error {
    Error::new(
        ErrorKind::InvalidComponent,
        format!("it does not compile: {reason}"),
    )
}

/// Returns the error of a compilation of `what` that exceeded its time.
pub(crate) fn compile_timeout(what: impl Display, time_max: Duration) -> Error {
    let time = humantime::format_duration(time_max);
    over_budget(format!("{what} did not compile within {time}"))
}

pub(super) fn compile_out_of_memory(memory_bytes: u64) -> Error {
    over_budget(format!(
        "the compiler needs more memory for it than {} MiB",
        memory_bytes >> 20
    ))
}

fn over_budget(problem: String) -> Error {
    let message = format!("{problem}, the host's limit; make the component smaller or simpler");
    Error::new(ErrorKind::OverBudget, message)
}

/// Fails if compiled code exceeds the limit for its component.
pub(super) fn check_size(code: &[u8], bytes_max: u64) -> Result<()> {
    if code.len() as u64 <= bytes_max {
        return Ok(());
    }
    let message =
        format!("its compiled code has more than {bytes_max} bytes, too many for its size");
    Err(Error::new(ErrorKind::OverBudget, message))
}
