//! Names that a state directory has and nobody has asked for since the host began.
//!
//! A start reads their records and no more, so that it takes no time for each. They wake when
//! somebody asks for them, or one after the other in a thread of their own.
//! Tests: the workspace's `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::named;
use crate::deployment::{Named, RevisionStatus};
use crate::observe::Event;
use crate::runtime::Runtime;
use crate::state::NameRecord;
use crate::{Error, ErrorKind, Result};

/// Records by name.
pub(crate) type Sleeping = BTreeMap<ComponentName, Asleep>;

/// A name that is not awake.
pub(crate) struct Asleep {
    record: NameRecord,
    /// Why it could not be woken when that was last tried.
    problem: Option<String>,
}

impl Asleep {
    pub(crate) fn new(record: NameRecord) -> Self {
        Self {
            record,
            problem: None,
        }
    }

    /// One that could not be woken.
    pub(crate) fn failed(record: NameRecord, problem: &Error) -> Self {
        Self {
            record,
            problem: Some(problem.to_string()),
        }
    }

    /// The revision that would serve.
    pub(crate) fn serving(&self) -> Option<RevisionStatus> {
        self.record.serving().map(RevisionStatus::stored)
    }

    /// The pipeline that it is a stage of.
    pub(crate) fn pipeline(&self) -> Option<&ComponentName> {
        self.record.pipeline.as_ref()
    }

    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether nobody has tried to wake it.
    pub(crate) fn is_untried(&self) -> bool {
        self.problem.is_none()
    }

    /// Makes it ready to serve. Blocks.
    ///
    /// # Errors
    ///
    /// What is in the way; it stays as it is, and can be tried again.
    pub(crate) fn wake(
        &mut self,
        runtime: &Arc<Runtime>,
        name: &ComponentName,
    ) -> Result<Arc<Named>> {
        if self
            .record
            .revisions
            .iter()
            .any(|revision| !revision.linked.is_empty())
        {
            // It was tried when the host began, with all the others.
            return Err(not_restored(
                name,
                self.problem.as_deref().unwrap_or("it is linked to others"),
            ));
        }
        named(runtime, name, &self.record).map_err(|error| {
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
                error.kind(),
                not_restored(name, &error.to_string()).to_string(),
            )
        })
    }
}

fn not_restored(name: &ComponentName, problem: &str) -> Error {
    let message = format!("`{name}` is deployed, and cannot serve: {problem}");
    Error::new(ErrorKind::StateDamaged, message)
}
