//! Deployments of a state directory that have not been used since the host started.
//!
//! A start only reads their records, so its time does not grow with their number. They are restored
//! on first use, or one after the other by a background thread.
//!
//! Tests: `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::restore_deployment;
use crate::deployment::{DeploymentEntry, RevisionStatus, Summary};
use crate::observe::Event;
use crate::runtime::Runtime;
use crate::state::DeploymentRecord;
use crate::{Error, ErrorKind, Result};

/// Sleeping deployments by name.
pub(crate) type SleepingDeployments = BTreeMap<ComponentName, SleepingDeployment>;

/// A deployment that has not been restored.
pub(crate) struct SleepingDeployment {
    record: DeploymentRecord,
    /// The reason the last attempt to restore it failed.
    problem: Option<String>,
}

impl SleepingDeployment {
    pub(crate) fn new(record: DeploymentRecord) -> Self {
        Self {
            record,
            problem: None,
        }
    }

    /// Creates an entry for a deployment that could not be restored.
    pub(crate) fn failed(record: DeploymentRecord, problem: &Error) -> Self {
        Self {
            record,
            problem: Some(problem.to_string()),
        }
    }

    /// Returns a summary with the revision that will be active; `None` if the record has none.
    pub(crate) fn summary(&self, name: &ComponentName) -> Option<Summary> {
        Some(Summary {
            component: name.clone(),
            active: RevisionStatus::from_record(self.record.serving()?),
            problem: self.problem.clone(),
        })
    }

    /// The pipeline that it is a stage of.
    pub(crate) fn pipeline(&self) -> Option<&ComponentName> {
        self.record.pipeline.as_ref()
    }

    /// Returns `true` if no restore has failed yet.
    pub(crate) fn is_untried(&self) -> bool {
        self.problem.is_none()
    }

    /// Restores the deployment. Blocks.
    ///
    /// # Errors
    ///
    /// The reason it cannot be restored; it remains as it is, and can be tried again.
    pub(crate) fn wake(
        &mut self,
        runtime: &Arc<Runtime>,
        name: &ComponentName,
    ) -> Result<Arc<DeploymentEntry>> {
        if self
            .record
            .revisions
            .iter()
            .any(|revision| !revision.linked.is_empty())
        {
            // It was tried with all the others when the host started.
            return Err(not_restored(
                name,
                self.problem
                    .as_deref()
                    .unwrap_or("it is linked to other deployments"),
            ));
        }
        restore_deployment(runtime, name, &self.record).map_err(|error| {
            let announced = self.problem.replace(error.to_string());
            if announced.is_none() {
                let reason = error.to_string();
                tracing::error!(component = %name, %error, "not restored");
                runtime.announcer.announce(Event::NotRestored {
                    component: name.clone(),
                    reason,
                });
            }
            Error::new(
                error.class(),
                not_restored(name, &error.to_string()).to_string(),
            )
        })
    }
}

fn not_restored(name: &ComponentName, problem: &str) -> Error {
    let message = format!("`{name}` is deployed but cannot serve: {problem}");
    Error::new(ErrorKind::StateDamaged, message)
}
