//! Panics of the embedder's code end the call that ran it, and nothing else.
//!
//! A panic of a host function unwinds through the guest to whoever polls the call; here it becomes
//! an error of that call, after which the instance is discarded as after a trap.
//! Tests: the workspace's `tests/suite/embedding/panics`.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The embedder's code panicked, with this message.
#[derive(Debug)]
pub(crate) struct HostPanicked(String);

impl std::error::Error for HostPanicked {}

impl fmt::Display for HostPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a function of the host panicked: {}", self.0)
    }
}

impl HostPanicked {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "it gave no message".into()))
    }
}

/// Runs a call; a panic in it is its error. The future is not polled again after that.
#[inline]
pub(crate) async fn contained<R>(
    mut running: Pin<&mut impl Future<Output = wasmtime::Result<R>>>,
) -> wasmtime::Result<R> {
    poll_fn(move |context| poll_contained(running.as_mut(), context)).await
}

/// Polls a call; a panic in it is its error.
#[inline]
pub(crate) fn poll_contained<R>(
    running: Pin<&mut impl Future<Output = wasmtime::Result<R>>>,
    context: &mut Context<'_>,
) -> Poll<wasmtime::Result<R>> {
    // Written in place: what is returned through `catch_unwind` is copied once more.
    let mut polled = Poll::Pending;
    // What unwinding leaves half done is the store, which is dropped unused.
    let caught = catch_unwind(AssertUnwindSafe(|| polled = running.poll(context)));
    match caught {
        Ok(()) => polled,
        Err(payload) => Poll::Ready(Err(HostPanicked::new(&*payload).into())),
    }
}

/// Runs something of the embedder's that is done at once.
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Result<R, HostPanicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| HostPanicked::new(&*payload))
}
