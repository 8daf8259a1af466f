//! A call in an instance: its preparation, its deadline, and its end.
//!
//! | file | contents |
//! |---|---|
//! | `context` | the call that an instance serves, for calls that it makes in turn |
//! | `tree` | a call and the calls of other components that it leads to |
//! | `session` | the instance in which a caller has resources open |
//!
//! Tests: `tests/suite/limits.rs`, `tests/suite/links`.

mod context;
mod session;
mod tree;

use std::pin::pin;
use std::sync::Arc;

pub(crate) use context::{CallContext, call_tree, leave};
pub(crate) use session::{ResourceSession, SessionAdmission, SessionCall};
pub(crate) use tree::{CallTree, TreeEntry};

use crate::capability::output;
use crate::clock::{Clock, Ticks, run_until_deadline};
use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::instance::Instance;
use crate::observe::{CallId, Event};
use crate::revision::{Revision, call_failed};
use crate::{Error, Result};

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
    instance.begin_call(deadline, revision.limits.fuel_per_call)?;
    if revision.has_links {
        context::enter(instance.store.data_mut(), serving, tree);
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
            output(state).end_call();
            if revision.has_links {
                context::leave(state);
            }
            Ok(value)
        }
        Err(error) => {
            let state = instance.store.data();
            let error = call_failed(revision, what, error, state);
            report_failure(named, revision, Some(state.call_id()), &error);
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
    let error = revision.deadline_error(what);
    report_failure(named, revision, None, &error);
    error
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
