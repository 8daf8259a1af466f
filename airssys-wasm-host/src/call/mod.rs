//! A call in an instance: its deadline, its preparation, and its end.
//!
//! | file | contents |
//! |---|---|
//! | `context` | the call that an instance serves, for calls that it makes in turn |
//! | `tree` | a call and the calls of other components that it leads to |
//! | `session` | the instance in which a caller has resources open |
//! | `unadmitted` | a call in an instance that no deployment serves yet |
//!
//! Tests: `tests/suite/limits.rs`, `tests/suite/links`.

mod context;
mod session;
mod tree;
mod unadmitted;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

pub(crate) use context::{CallContext, call_tree, leave};
pub(crate) use session::{ResourceSession, SessionAdmission, SessionCall};
pub(crate) use tree::{CallTree, TreeEntry};
pub(crate) use unadmitted::run_unadmitted;

use crate::capability::end_output;
use crate::clock::{Clock, Deadline, run_until_deadline};
use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::instance::{Instance, InstanceState, poll_catching_panics};
use crate::observe::{CallId, Event};
use crate::revision::{CallDeadline, Revision, call_failed};
use crate::{Error, Result};

/// A call admitted to a revision, until it has ended.
pub(crate) struct Call<'a> {
    pub(crate) deployment: &'a DeploymentEntry,
    pub(crate) active: &'a Arc<ActiveRevision>,
    /// The name of what is called, for messages.
    pub(crate) target_name: &'a str,
    pub(crate) deadline: CallDeadline,
    /// The call tree, if another component made the call.
    pub(crate) tree: Option<&'a Arc<CallTree>>,
}

impl Call<'_> {
    /// Runs `run` in an instance of the revision until the deadline of the call. The instance must
    /// not be used again after an error.
    #[inline]
    pub(crate) async fn run<R>(
        &self,
        instance: &mut Instance,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<R>,
    ) -> Result<R> {
        self.begin(instance)?;
        let permit = instance.store.data_mut().crowd_permit();
        let outcome = {
            let mut running = pin!(run(instance));
            let mut deadline = Deadline::new(self.clock(), self.deadline.tick);
            poll_fn(
                |context| match poll_catching_panics(running.as_mut(), context) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending => {
                        permit.release();
                        if deadline.has_passed(context) {
                            return Poll::Ready(None);
                        }
                        Poll::Pending
                    }
                },
            )
            .await
        };
        match outcome {
            Some(outcome) => self.end(instance, outcome),
            None => Err(self.deadline_exceeded()),
        }
    }

    /// Prepares an instance for the call.
    #[inline]
    fn begin(&self, instance: &mut Instance) -> Result<()> {
        let revision = &*self.active.revision;
        instance.begin_call(self.deadline.tick, revision.terms.limits.fuel_per_call)?;
        if revision.has_links {
            context::enter(instance.store.data_mut(), self.active, self.tree);
        }
        Ok(())
    }

    /// Cleans up after the call and converts its outcome.
    #[inline]
    fn end<R>(&self, instance: &mut Instance, outcome: wasmtime::Result<R>) -> Result<R> {
        let state = instance.store.data_mut();
        state.end_call();
        match outcome {
            Ok(value) => {
                release_call(&self.active.revision, state);
                Ok(value)
            }
            Err(error) => Err(self.failed(instance, error)),
        }
    }

    #[cold]
    fn failed(&self, instance: &Instance, error: wasmtime::Error) -> Error {
        let revision = &self.active.revision;
        let state = instance.store.data();
        let error = call_failed(revision, self.target_name, self.deadline, error, state);
        report_failure(self.deployment, revision, Some(state.call_id()), &error);
        error
    }

    #[cold]
    pub(crate) fn deadline_exceeded(&self) -> Error {
        let revision = &self.active.revision;
        deadline_exceeded(self.deployment, revision, self.target_name, self.deadline)
    }

    /// Counts and announces the failure of a call that no instance runs.
    pub(crate) fn report_failure(&self, error: &Error) {
        report_failure(self.deployment, &self.active.revision, None, error);
    }

    /// Waits until the audit log has taken the records of the call, or until the deadline. A slow
    /// audit log therefore delays the calls that it records.
    pub(crate) async fn wait_for_audit_log(&self) {
        let records = pin!(self.active.revision.authority.wait_for_records());
        // After the deadline the records are still in the log's queue.
        let _ = run_until_deadline(self.clock(), self.deadline.tick, records).await;
    }

    fn clock(&self) -> &Arc<Clock> {
        self.deployment.services.engines.clock()
    }
}

/// Releases what a call holds in its instance after its end: writes its unfinished lines, and ends
/// the call tree that it began.
#[inline]
fn release_call(revision: &Revision, state: &mut InstanceState) {
    end_output(state);
    if revision.has_links {
        context::leave(state);
    }
}

/// Returns the error of a call that exceeded its deadline, and reports the failure.
pub(crate) fn deadline_exceeded(
    deployment: &DeploymentEntry,
    revision: &Revision,
    target_name: &str,
    deadline: CallDeadline,
) -> Error {
    let error = deadline.exceeded_error(revision, target_name);
    report_failure(deployment, revision, None, &error);
    error
}

/// Counts and announces a failed call; does nothing if the call ended in success.
pub(crate) fn report_failure(
    deployment: &DeploymentEntry,
    revision: &Revision,
    call: Option<CallId>,
    error: &Error,
) {
    let Some(end) = error.call_end().filter(|end| end.is_failure()) else {
        return;
    };
    deployment.failures.count(end);
    deployment.services.announcer.announce(Event::CallFailed {
        deployment: deployment.name.clone(),
        revision: revision.number,
        call,
        end,
        reason: error.to_string(),
        stderr: error.guest_stderr().map(str::to_owned),
    });
}
