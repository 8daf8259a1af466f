//! Prepares an instance for a call, and cleans up after it.
//!
//! Tests: `tests/suite/limits.rs`.

use std::pin::pin;
use std::sync::Arc;

use crate::clock::{Clock, Ticks, run_until_deadline};
use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::instance::{Instance, call_failed};
use crate::link::CallTree;
use crate::observe::{CallId, Event};
use crate::revision::Revision;
use crate::{CallEnd, Error, Result};

/// Prepares an instance of `serving` for a call; `tree` is the call tree if another component made
/// the call.
#[inline]
pub(crate) fn begin(
    instance: &mut Instance,
    serving: &Arc<ActiveRevision>,
    deadline: Ticks,
    tree: Option<&Arc<CallTree>>,
) -> Result<()> {
    let revision = &*serving.revision;
    instance.arm(deadline, revision.limits.fuel_per_call)?;
    if revision.has_links {
        instance.store.data_mut().enter_call_context(serving, tree);
    }
    Ok(())
}

/// Cleans up after a call to `what` and converts its outcome. After an error the instance must not
/// be used again.
#[inline]
pub(crate) fn end<R>(
    named: &DeploymentEntry,
    instance: &mut Instance,
    revision: &Revision,
    what: &str,
    outcome: wasmtime::Result<R>,
) -> Result<R> {
    instance.store.data_mut().end_call();
    match outcome {
        Ok(value) => {
            let state = instance.store.data_mut();
            state.output.end_call();
            if revision.has_links {
                state.leave_call_context();
            }
            Ok(value)
        }
        Err(error) => {
            let state = instance.store.data();
            let error = call_failed(revision, what, error, state);
            report_failure(named, revision, Some(state.call()), &error);
            Err(error)
        }
    }
}

/// Waits until the audit log has taken the records of a call, or until the call's deadline. A slow
/// audit log therefore delays the calls that it records.
#[inline]
pub(crate) async fn wait_for_audit_log(clock: &Arc<Clock>, deadline: Ticks, revision: &Revision) {
    // After the deadline the records are still in the log's queue.
    let _ = run_until_deadline(clock, deadline, pin!(revision.authority.wait_for_records())).await;
}

/// Returns the error of a call that exceeded its deadline and whose instance is discarded, and
/// reports the failure.
pub(crate) fn deadline_exceeded(named: &DeploymentEntry, revision: &Revision, what: &str) -> Error {
    let error = deadline_error(revision, what);
    report_failure(named, revision, None, &error);
    error
}

/// Returns the error of a call that exceeded its deadline.
pub(crate) fn deadline_error(revision: &Revision, what: &str) -> Error {
    let message = format!("`{what}` of {revision} {}", deadline_message(revision));
    Error::from_call_end(CallEnd::DeadlineExceeded, message)
}

/// Counts and announces a failed call; does nothing if the call ended in success.
pub(crate) fn report_failure(
    named: &DeploymentEntry,
    revision: &Revision,
    call: Option<CallId>,
    error: &Error,
) {
    let Some(end) = error.call_end().filter(|end| end.is_failure()) else {
        return;
    };
    named.failures.count(end);
    named.runtime.announcer.announce(Event::CallFailed {
        component: named.name.clone(),
        revision: revision.number,
        call,
        end,
        reason: error.to_string(),
        stderr: error.guest_stderr().map(str::to_owned),
    });
}

/// Describes an exceeded deadline, for messages.
pub(crate) fn deadline_message(revision: &Revision) -> String {
    format!(
        "{}: `call_deadline` is {:?}",
        CallEnd::DeadlineExceeded,
        revision.limits.call_deadline
    )
}
