//! Failures of guests: how a call ended, and the error that describes it.
//!
//! Tests: `tests/suite/limits.rs`, `tests/suite/bad_input.rs`, `tests/suite/ends`.

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;

use super::backtrace::backtrace;
use super::{CallDeadline, Revision};
use crate::capability::output;
use crate::error::LinkFailure;
use crate::instance::{DeadlinePassed, DetectedEnd, InstanceState, exit_code};
use crate::{CallEnd, Error, ErrorKind};

/// Returns the error for an instance that failed to start until `deadline`.
pub(super) fn start_failed(
    revision: &Revision,
    deadline: CallDeadline,
    error: wasmtime::Error,
    state: &InstanceState,
) -> Error {
    let end = call_end(&error);
    let what = describe_end(end, &error, revision, deadline);
    let message = format!("{revision} does not start: {what}{}", refusal_note(state));
    with_causes(Error::from_call_end(end, message), error, state).with_class(ErrorKind::StartFailed)
}

/// Returns the error for a call that ended without a result of the guest.
pub(crate) fn call_failed(
    revision: &Revision,
    function: &str,
    deadline: CallDeadline,
    error: wasmtime::Error,
    state: &InstanceState,
) -> Error {
    let end = call_end(&error);
    let what = describe_end(end, &error, revision, deadline);
    let message = format!("`{function}` of {revision} {what}{}", refusal_note(state));
    let class = match error.downcast_ref() {
        // The other component exited, and this one did not.
        Some(LinkFailure(cause)) if !matches!(cause.kind(), ErrorKind::Exited(_)) => cause.class(),
        _ => end.kind().into(),
    };
    with_causes(Error::from_call_end(end, message), error, state).with_class(class)
}

fn call_end(error: &wasmtime::Error) -> CallEnd {
    if let Some(DetectedEnd(end)) = error.downcast_ref() {
        return *end;
    }
    if let Some(code) = exit_code(error) {
        return CallEnd::Exited(code);
    }
    if error.is::<DeadlinePassed>() {
        return CallEnd::DeadlineExceeded;
    }
    if error.is::<LinkFailure>() {
        return CallEnd::LinkFailed;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => CallEnd::FuelExhausted,
        Some(_) => CallEnd::Trapped,
        None if is_guest_mistake(error) => CallEnd::Trapped,
        None => CallEnd::HostFunctionFailed,
    }
}

/// Returns `true` for a mistake of the guest, such as an invalid handle. The runtime's own errors
/// are plain messages; errors of host functions have types.
fn is_guest_mistake(error: &wasmtime::Error) -> bool {
    error.is::<ResourceTableError>() || error.is::<String>() || error.is::<&'static str>()
}

/// Describes how a call ended, with the limit or the cause.
fn describe_end(
    end: CallEnd,
    error: &wasmtime::Error,
    revision: &Revision,
    deadline: CallDeadline,
) -> String {
    match (
        end,
        error.downcast_ref::<Trap>(),
        error.downcast_ref::<LinkFailure>(),
    ) {
        (CallEnd::DeadlineExceeded, ..) => deadline.exceeded_message(revision),
        (CallEnd::FuelExhausted, ..) => {
            let fuel = revision.terms.limits.fuel_per_call.unwrap_or_default();
            format!("{end}: `fuel_per_call` is {fuel}")
        }
        (CallEnd::Trapped, None, _)
            if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) =>
        {
            format!(
                "opened too many handles: `handles_max` is {}",
                revision.terms.limits.handles_max
            )
        }
        (CallEnd::Trapped, None, _) => format!("failed: {}", error.root_cause()),
        (CallEnd::Trapped, Some(trap), _) => format!("{end}: {}", describe_trap(*trap)),
        (CallEnd::LinkFailed, _, Some(LinkFailure(cause))) => format!("{end}: {cause}"),
        (CallEnd::HostFunctionFailed, ..) => format!("{end}: {}", error.root_cause()),
        _ => end.to_string(),
    }
}

fn describe_trap(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "it aborted (`unreachable`), as a panic does".into(),
        Trap::StackOverflow => "it overflowed its stack".into(),
        other => other.to_string(),
    }
}

fn refusal_note(state: &InstanceState) -> String {
    state
        .refusal()
        .map(|refused| format!("; before that, {refused}"))
        .unwrap_or_default()
}

/// Adds the guest's last output and its backtrace. A guest that exited gets no backtrace, as its
/// position is of no interest.
fn with_causes(failed: Error, error: wasmtime::Error, state: &InstanceState) -> Error {
    let stderr = output(state).last_stderr_lines();
    let place = match failed.call_end() {
        Some(CallEnd::Exited(_)) => None,
        _ => backtrace(&error),
    };
    let is_of_host = matches!(
        failed.call_end(),
        Some(CallEnd::HostFunctionFailed | CallEnd::LinkFailed)
    );
    let written = stderr
        .as_deref()
        .map(|lines| format!("the guest's last lines on stderr:\n{lines}"));
    let causes: Vec<String> = written.into_iter().chain(place).collect();
    let failed = failed.with_guest_stderr(stderr);
    failed.with_causes(causes, is_of_host.then_some(error))
}
