//! Errors of a component that is not compiled, wherever that shows.
//!
//! Tests: the command's `tests/cli/compiling`, and the workspace's `tests/suite/budget`.

use std::fmt::Display;
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

pub(super) fn does_not_compile(reason: impl Display) -> Error {
    Error::new(
        ErrorKind::InvalidComponent,
        format!("it does not compile: {reason}"),
    )
}

/// The error of a compilation of `what` that is not over after its time.
pub(crate) fn out_of_time(what: impl Display, time_max: Duration) -> Error {
    let time = humantime::format_duration(time_max);
    over_budget(format!("{what} is not compiled within {time}"))
}

pub(super) fn out_of_memory(memory_bytes: u64) -> Error {
    over_budget(format!(
        "the compiler needs more memory for it than {} MiB",
        memory_bytes >> 20
    ))
}

fn over_budget(problem: String) -> Error {
    let message = format!("{problem}, the host's bound; a component has to be smaller or simpler");
    Error::new(ErrorKind::OverBudget, message)
}

/// Refuses code of more bytes than its component may have.
pub(super) fn check_size(code: &[u8], bytes_max: u64) -> Result<()> {
    if code.len() as u64 <= bytes_max {
        return Ok(());
    }
    let message =
        format!("its compiled code has more than {bytes_max} bytes, too many for its size");
    Err(Error::new(ErrorKind::OverBudget, message))
}
