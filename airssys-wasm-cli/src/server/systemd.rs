//! Socket activation by systemd, and notification of readiness and shutdown. Does nothing without
//! systemd.
//!
//! Tests: `airssys-wasm-cli/tests/cli/serving.rs`.

use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::api::{Problem, kinds};

/// Returns the socket that systemd opened before the process started, if any.
pub(super) fn listener() -> Result<Option<UnixListener>, Problem> {
    let mut inherited = ListenFd::from_env();
    if inherited.len() == 0 {
        return Ok(None);
    }
    inherited.take_unix_listener(0).map_err(|error| {
        Problem::new(
            kinds::IO,
            "the file descriptor passed by systemd is not a listening Unix socket",
        )
        .with_cause(error)
    })
}

/// Notifies systemd that the process serves.
pub(super) fn notify_ready() {
    notify(NotifyState::Ready);
}

/// Notifies systemd that the process accepts no more requests and waits for calls in flight.
pub(super) fn notify_stopping() {
    notify(NotifyState::Stopping);
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot notify systemd");
    }
}
