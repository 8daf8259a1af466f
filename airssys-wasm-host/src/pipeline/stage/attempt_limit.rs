//! The time limit of one attempt of a stage.
//!
//! Tests: `tests/suite/pipelines/errors.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_core::pipeline::Stage;

use crate::clock::run_until_deadline;
use crate::clock::{Clock, Ticks};
use crate::deployment::DeploymentEntry;
use crate::{Error, ErrorKind, Result};

/// The deadline of a stage, if it has one.
#[derive(Clone)]
pub(in super::super) struct AttemptLimit {
    stage: Arc<str>,
    deadline: Option<Duration>,
    clock: Arc<Clock>,
}

impl AttemptLimit {
    pub(in super::super) fn for_stage(stage: &Stage, deployment: &DeploymentEntry) -> Self {
        Self {
            stage: stage.name().into(),
            deadline: stage.options().attempt_deadline(),
            clock: Arc::clone(deployment.services.engines.clock()),
        }
    }

    /// Runs a call, and drops it if it takes longer than the deadline.
    pub(in super::super) async fn within<T>(
        &self,
        call: Pin<&mut (impl Future<Output = Result<T>> + ?Sized)>,
    ) -> Result<T> {
        let Some(longest) = self.deadline else {
            return call.await;
        };
        let deadline = self
            .clock
            .now()
            .saturating_add(Ticks::from_duration(longest))
            .saturating_add(Ticks(1));
        run_until_deadline(&self.clock, deadline, call)
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
