//! Exit codes, which scripts decide on.

use airssys_wasm_host::CallEnd;

/// What they mean, as the help tells it.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed, for a reason that is none of the following
  2  what was said cannot be understood, or a file cannot be read
  3  nothing of that name, version or function is there
  4  refused as things stand: not newer, a name that is taken, callers that would be lost
  5  not granted, not signed, or an update that waits to be approved
  6  the component failed: it trapped, exited, took too long, did not start, or is not healthy
  7  no host process answers, or one of another version, or it does not let you ask
  8  the state directory is held, full or damaged
  9  a registry cannot be reached, refuses, or answers something else

`run` of a command ends with the command's own exit code: 0 for success, 1 for an error that it
returns, and what it exits with; 6 with a message if it traps or takes too long.";

/// The exit code of a call that ended so, for `run`: the program's own, if it has one.
pub(crate) fn exit_code_of(end: CallEnd) -> u8 {
    match end {
        CallEnd::Returned => 0,
        CallEnd::ReturnedError => 1,
        CallEnd::Exited(code) => code,
        _ => 6,
    }
}

/// The exit code of a kind of problem.
pub(crate) fn exit_code(kind: &str) -> u8 {
    match kind {
        "usage" | "file" | "io" | "invalid-component" | "invalid-name" | "invalid-grant"
        | "invalid-limits" | "invalid-pipeline" | "type-mismatch" | "unnamed"
        | "unknown-capability" => 2,
        "not-deployed" | "not-published" | "function-not-found" | "nothing-to-roll-back-to" => 3,
        "busy"
        | "name-taken"
        | "version-taken"
        | "version-not-newer"
        | "world-changed"
        | "callers-lost"
        | "state-would-be-lost"
        | "in-use"
        | "missing-host-function"
        | "missing-import"
        | "ambiguous-import" => 4,
        "not-granted" | "lifts-revocation" | "grant-unusable" | "awaits-approval"
        | "approval-mismatch" | "not-signed" => 5,
        "trapped"
        | "host-function-failed"
        | "exited"
        | "over-budget"
        | "deadline-exceeded"
        | "fuel-exhausted"
        | "start-failed"
        | "unhealthy"
        | "unusable"
        | "stage-error"
        | "resource-lost"
        | "reentrant" => 6,
        "no-host-process" | "not-permitted" | "protocol" => 7,
        "state-held" | "state-unavailable" | "state-damaged" => 8,
        "registry" => 9,
        _ => 1,
    }
}
