//! Contains panics of the embedder's code, which end the call that ran it and nothing else.
//!
//! A panic of a host function unwinds through the guest to the task that polls the call. Here it
//! becomes an error of that call, and the instance is discarded as after a trap.
//! Tests: `tests/suite/embedding/panics.rs`.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A panic of the embedder's code, with its message.
#[derive(Debug)]
pub(crate) struct HostPanicked(String);

impl std::error::Error for HostPanicked {}

impl fmt::Display for HostPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host code panicked: {}", self.0)
    }
}

impl HostPanicked {
    pub(crate) fn new(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "no message".into()))
    }
}

/// Runs a call, and returns a panic in it as an error. The future is not polled again after that.
#[inline]
pub(crate) async fn run_catching_panics<R>(
    mut running: Pin<&mut impl Future<Output = wasmtime::Result<R>>>,
) -> wasmtime::Result<R> {
    poll_fn(move |context| poll_catching_panics(running.as_mut(), context)).await
}

/// Polls a call, and returns a panic in it as an error.
#[inline]
pub(crate) fn poll_catching_panics<R>(
    running: Pin<&mut impl Future<Output = wasmtime::Result<R>>>,
    context: &mut Context<'_>,
) -> Poll<wasmtime::Result<R>> {
    // Assigned in place, because a value returned through `catch_unwind` is copied once more.
    let mut polled = Poll::Pending;
    // Only the store is left half done by unwinding, and it is dropped without being used.
    let caught = catch_unwind(AssertUnwindSafe(|| polled = running.poll(context)));
    match caught {
        Ok(()) => polled,
        Err(payload) => Poll::Ready(Err(HostPanicked::new(&*payload).into())),
    }
}

/// Runs a synchronous function of the embedder's, and returns a panic in it as an error.
pub(crate) fn catch_panic<R>(run: impl FnOnce() -> R) -> Result<R, HostPanicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| HostPanicked::new(&*payload))
}
