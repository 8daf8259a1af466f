//! Tasks that run in the background until their handle is dropped.
//!
//! Tests: in this file, `tests/suite/pipelines/runs.rs`, `tests/suite/pipelines/streams.rs`.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use tokio::task::{JoinError, JoinHandle};

use crate::instance::HostPanicked;
use crate::{Error, ErrorKind};

/// A task that is aborted when it is dropped.
pub(super) struct Task<T>(JoinHandle<T>);

/// The failure of a task that has ended without an output.
pub(super) struct TaskFailure(JoinError);

impl<T: Send + 'static> Task<T> {
    pub(super) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskFailure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0
            .poll_unpin(context)
            .map(|joined| joined.map_err(TaskFailure))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl TaskFailure {
    /// Returns the error for `subject`, which the task worked on.
    pub(super) fn into_error(self, subject: &str) -> Error {
        let message = match self.0.try_into_panic() {
            Ok(panic) => format!("{subject} was lost: {}", HostPanicked::new(&*panic)),
            Err(_) => format!("{subject} was lost: the tokio runtime of its task shut down"),
        };
        Error::new(ErrorKind::Internal, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_names_its_subject_and_its_cause() {
        let panicked = Task::spawn(async { panic!("on purpose") }).await;
        let error = panicked.map_err(|lost| lost.into_error("item 3 of `a`"));
        assert_eq!(
            error.expect_err("it panicked").to_string(),
            "item 3 of `a` was lost: host code panicked: on purpose"
        );
        let task = Task::spawn(std::future::pending::<()>());
        task.0.abort();
        let error = task.await.map_err(|lost| lost.into_error("item 4 of `a`"));
        let message = error.expect_err("it was aborted").to_string();
        assert!(
            message.contains("the tokio runtime of its task shut down"),
            "{message}"
        );
    }
}
