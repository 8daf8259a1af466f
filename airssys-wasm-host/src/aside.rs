//! Work away from the threads that serve calls.
//!
//! Tests: the workspace's `tests/soak`, where what is dropped here must be gone.

use tokio::runtime::Handle;

use crate::runtime::Runtime;
use crate::{Error, ErrorKind, Result};

/// Does what blocks, a compiler above all.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::new(ErrorKind::Internal, "what was done aside did not return").with_source(error)
    })?
}

/// Does what blocks if there is a state directory, and only then aside.
pub(crate) async fn may_write<T: Send + 'static>(
    runtime: &Runtime,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if runtime.keeps() { on_a_thread(work).await } else { work() }
}

/// Drops what takes a while to drop (instances give their memory back, code is
/// unmapped) away from the threads that serve calls.
pub(crate) fn drop_aside<T: Send + 'static>(value: T) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(value))),
        // Whoever calls from outside a runtime has no other thread to offer.
        Err(_) => drop(value),
    }
}
