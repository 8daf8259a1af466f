//! Exit codes, on which scripts rely.

use airssys_wasm_host::CallEnd;

/// The description of the exit codes in the help text.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  failure for a reason not listed below
  2  invalid arguments or input, or a file that cannot be read
  3  no such deployment, version or function
  4  conflict: the version is not newer, the name is taken, or callers would be lost
  5  not granted, not signed, or an update that awaits approval
  6  the component failed: it trapped, exited, timed out, did not start, or is unhealthy
  7  no host process answers, it has a different version, or it denies access
  8  the state directory is in use by another process, full or damaged
  9  a registry is unreachable, denies access, or sends an invalid response

`run` exits with the code of the program that it runs: 0 for success, 1 for a returned error, or the
code that the program exits with; 6 with a message if the program traps or times out.";

/// Returns the exit code for the end of a call: the program's own code if it exited with one.
pub(crate) fn exit_code_of_call(end: CallEnd) -> u8 {
    match end {
        CallEnd::Returned => 0,
        CallEnd::ReturnedError => 1,
        CallEnd::Exited(code) => code,
        _ => 6,
    }
}

/// Returns the exit code for a kind of problem.
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
