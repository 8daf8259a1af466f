//! Exit codes, on which scripts rely.
//!
//! Tests: in this file.

use airssys_wasm_host::{CallEnd, ErrorKind};

use crate::api::kinds;

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
        kinds::USAGE | kinds::FILE | kinds::IO => 2,
        kinds::BUSY => 4,
        kinds::NOT_SIGNED => 5,
        // The bytes are a component; it fails on this host.
        "unusable" => 6,
        kinds::NO_HOST | kinds::NOT_PERMITTED | kinds::PROTOCOL => 7,
        kinds::REGISTRY => 9,
        code => ErrorKind::from_code(code).map_or(1, exit_code_of_error),
    }
}

/// Returns the exit code for a kind of the host library's errors.
fn exit_code_of_error(kind: ErrorKind) -> u8 {
    match kind {
        kind if kind.is_invalid_input() => 2,
        kind if kind.is_not_found() => 3,
        kind if kind.is_conflict() => 4,
        kind if kind.is_refused() => 5,
        kind if kind.is_component_failure() => 6,
        kind if kind.is_state_failure() => 8,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exit codes with their kinds: each code of the host library, and each kind of the command.
    const KINDS: [(u8, &str); 9] = [
        (
            1,
            "build host-dropped input-failed internal otherwise stopped-by-probe",
        ),
        (
            2,
            "file invalid-component invalid-configuration invalid-grant invalid-limits \
             invalid-name invalid-pipeline invalid-provider io type-mismatch unknown-capability \
             unnamed usage",
        ),
        (
            3,
            "function-not-found not-deployed not-published nothing-to-roll-back-to",
        ),
        (
            4,
            "ambiguous-import busy callers-lost in-use missing-host-function missing-import \
             name-taken state-would-be-lost version-not-newer version-taken world-changed",
        ),
        (
            5,
            "approval-mismatch awaits-approval grant-unusable lifts-revocation not-granted \
             not-signed",
        ),
        (
            6,
            "deadline-exceeded exited fuel-exhausted host-function-failed over-budget reentrant \
             resource-lost stage-error start-failed trapped unhealthy unusable",
        ),
        (7, "no-host-process not-permitted protocol"),
        (8, "state-damaged state-held state-unavailable"),
        (9, "registry"),
    ];

    #[test]
    fn every_kind_has_its_exit_code() {
        for (code, kinds) in KINDS {
            for kind in kinds.split_whitespace() {
                assert_eq!(exit_code(kind), code, "{kind}");
            }
        }
    }
}
