//! What systemd hands to a host process, and is told by it. Without it, nothing.

use std::os::unix::net::UnixListener;

use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::api::{Problem, kinds};

/// The socket that was opened before the process began, if one was.
pub(super) fn listener() -> Result<Option<UnixListener>, Problem> {
    let mut handed = ListenFd::from_env();
    if handed.len() == 0 {
        return Ok(None);
    }
    handed.take_unix_listener(0).map_err(|error| {
        Problem::new(
            kinds::IO,
            "what systemd handed over is no unix socket that listens",
        )
        .because(error)
    })
}

/// It serves.
pub(super) fn tell_ready() {
    tell(NotifyState::Ready);
}

/// It takes no more requests and waits for calls in flight.
pub(super) fn tell_ending() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
