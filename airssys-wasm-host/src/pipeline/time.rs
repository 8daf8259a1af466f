//! The time limit of one attempt of a stage.
//!
//! Tests: `tests/suite/pipelines/errors.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_core::pipeline::Stage;

use crate::call::within;
use crate::deployment::Named;
use crate::engine::{Clock, Ticks};
use crate::{Error, ErrorKind, Result};

/// The deadline of a stage, if it has one.
#[derive(Clone)]
pub(super) struct AttemptTime {
    stage: Arc<str>,
    longest: Option<Duration>,
    clock: Arc<Clock>,
}

impl AttemptTime {
    pub(super) fn of(stage: &Stage, named: &Named) -> Self {
        Self {
            stage: stage.name().into(),
            longest: stage.options().attempt_deadline(),
            clock: Arc::clone(named.runtime.engines.clock()),
        }
    }

    /// Runs a call, and drops it if it takes longer than the deadline.
    pub(super) async fn within<T>(
        &self,
        call: Pin<&mut (impl Future<Output = Result<T>> + ?Sized)>,
    ) -> Result<T> {
        let Some(longest) = self.longest else {
            return call.await;
        };
        let deadline = self
            .clock
            .now()
            .plus(Ticks::lasting(longest))
            .plus(Ticks(1));
        within(&self.clock, deadline, call)
            .await
            .unwrap_or_else(|_| {
                let message = format!(
                    "`{}` took longer than its stage's deadline, {longest:?}",
                    self.stage
                );
                Err(Error::new(ErrorKind::DeadlineExceeded, message))
            })
    }
}
