//! Work that nobody waits for.
//!
//! Tests: the workspace's `tests/soak`, where what is dropped here must be gone.

use tokio::runtime::Handle;

/// Drops what takes a while to drop (instances give their memory back, code is
/// unmapped) away from the threads that serve calls.
pub(crate) fn drop_aside<T: Send + 'static>(value: T) {
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(value))),
        // Whoever calls from outside a runtime has no other thread to offer.
        Err(_) => drop(value),
    }
}
