//! Tasks that run in the background until their handle is dropped.
//!
//! Tests: `tests/suite/pipelines/runs.rs`, `tests/suite/pipelines/streams.rs`.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use crate::{Error, ErrorKind, Result};

/// A task that is aborted when it is dropped. Resolves to an error if the task panicked.
pub(super) struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(super) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let lost = |error| Error::new(ErrorKind::Internal, format!("an item was lost: {error}"));
        self.0
            .poll_unpin(context)
            .map(|joined| joined.map_err(lost))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
