//! Stable codes of errors, for programs in other processes and for logs.
//!
//! Tests: in this file, `airssys-wasm-cli/src/output/exit.rs`.

use super::ErrorKind;

/// The kind of an error, and its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ErrorClass {
    pub(super) kind: ErrorKind,
    pub(super) code: &'static str,
}

/// Defines the codes of kinds. A kind with a field has the field's pattern and an example after it.
macro_rules! kind_codes {
    ($($kind:ident $([$pattern:tt $example:literal])? => $code:literal,)*) => {
        impl ErrorKind {
            /// Returns the code of most errors of this kind, such as `not-deployed`. See
            /// [`Error::code`](super::Error::code).
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind $(($pattern))? => $code,)*
                }
            }

            /// The number of kinds.
            #[cfg(test)]
            const COUNT: usize = [$($code),*].len();

            fn from_kind_code(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$kind $(($example))?),)*
                    _ => None,
                }
            }
        }
    };
}

kind_codes! {
    Io => "io",
    InvalidComponent => "invalid-component",
    InvalidName => "invalid-name",
    InvalidConfiguration => "invalid-configuration",
    InvalidGrant => "invalid-grant",
    InvalidPipeline => "invalid-pipeline",
    TypeMismatch => "type-mismatch",
    NotDeployed => "not-deployed",
    NotPublished => "not-published",
    FunctionNotFound => "function-not-found",
    NothingToRollBackTo => "nothing-to-roll-back-to",
    AlreadyExists => "name-taken",
    InUse => "in-use",
    UnresolvedImport => "missing-import",
    VersionNotNewer => "version-not-newer",
    Incompatible => "world-changed",
    StateWouldBeLost => "state-would-be-lost",
    NotGranted => "not-granted",
    GrantUnusable => "grant-unusable",
    LiftsRevocation => "lifts-revocation",
    AwaitsApproval => "awaits-approval",
    ApprovalMismatch => "approval-mismatch",
    StartFailed => "start-failed",
    Trapped => "trapped",
    Exited[_ 1] => "exited",
    HostFunctionFailed => "host-function-failed",
    StageError => "stage-error",
    DeadlineExceeded => "deadline-exceeded",
    FuelExhausted => "fuel-exhausted",
    OverBudget => "over-budget",
    ResourceLost => "resource-lost",
    Reentrant => "reentrant",
    StateUnavailable => "state-unavailable",
    StateDamaged => "state-damaged",
    HostDropped => "host-dropped",
    InputFailed => "input-failed",
    StoppedByProbe => "stopped-by-probe",
    Internal => "internal",
}

/// Defines the codes of errors that a program may have to distinguish within a kind.
macro_rules! finer_codes {
    ($($name:ident: $kind:ident, $code:literal;)*) => {
        impl ErrorClass {
            $(pub(crate) const $name: Self = Self { kind: ErrorKind::$kind, code: $code };)*

            const FINER: &[Self] = &[$(Self::$name),*];
        }
    };
}

finer_codes! {
    AMBIGUOUS_IMPORT: UnresolvedImport, "ambiguous-import";
    CALLERS_LOST: Incompatible, "callers-lost";
    INVALID_LIMITS: InvalidConfiguration, "invalid-limits";
    INVALID_PROVIDER: InvalidConfiguration, "invalid-provider";
    MISSING_HOST_FUNCTION: UnresolvedImport, "missing-host-function";
    STATE_HELD: StateUnavailable, "state-held";
    UNHEALTHY: StartFailed, "unhealthy";
    UNKNOWN_CAPABILITY: InvalidGrant, "unknown-capability";
    UNNAMED: InvalidName, "unnamed";
    UNUSABLE: InvalidComponent, "unusable";
    VERSION_TAKEN: AlreadyExists, "version-taken";
}

impl From<ErrorKind> for ErrorClass {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            code: kind.code(),
        }
    }
}

impl ErrorKind {
    /// Returns the kind of the errors with this code; `None` for a code that this version does not
    /// know. The field of [`Exited`](Self::Exited) is not part of its code; it is then 1.
    ///
    /// ```
    /// use airssys_wasm_host::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::from_code("version-taken"), Some(ErrorKind::AlreadyExists));
    /// assert_eq!(ErrorKind::from_code("no-such-code"), None);
    /// ```
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let finer = ErrorClass::FINER.iter().find(|finer| finer.code == code);
        Self::from_kind_code(code).or_else(|| finer.map(|finer| finer.kind))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The codes that clients may rely on, with the predicates that hold for their kinds. Every kind
    /// has a code, since `ErrorKind::code` matches all of them; a code that is missing here fails
    /// `every_code_is_listed`.
    const CODES: [(&str, &[&str]); 49] = [
        ("ambiguous-import", &["conflict"]),
        ("approval-mismatch", &["refused"]),
        ("awaits-approval", &["refused"]),
        ("callers-lost", &["conflict"]),
        ("deadline-exceeded", &["component failure", "retryable"]),
        ("exited", &["component failure"]),
        ("fuel-exhausted", &["component failure"]),
        ("function-not-found", &["not found"]),
        ("grant-unusable", &["refused"]),
        ("host-dropped", &[]),
        ("host-function-failed", &["component failure"]),
        ("in-use", &["conflict"]),
        ("input-failed", &[]),
        ("internal", &[]),
        ("invalid-component", &["invalid input"]),
        ("invalid-configuration", &["invalid input"]),
        ("invalid-grant", &["invalid input"]),
        ("invalid-limits", &["invalid input"]),
        ("invalid-name", &["invalid input"]),
        ("invalid-pipeline", &["invalid input"]),
        ("invalid-provider", &["invalid input"]),
        ("io", &[]),
        ("lifts-revocation", &["refused"]),
        ("missing-host-function", &["conflict"]),
        ("missing-import", &["conflict"]),
        ("name-taken", &["conflict"]),
        ("not-deployed", &["not found"]),
        ("not-granted", &["refused"]),
        ("not-published", &["not found"]),
        ("nothing-to-roll-back-to", &["not found"]),
        ("over-budget", &["component failure", "retryable"]),
        ("reentrant", &["component failure"]),
        ("resource-lost", &["component failure"]),
        ("stage-error", &["component failure"]),
        ("start-failed", &["component failure"]),
        ("state-damaged", &["state failure"]),
        ("state-held", &["state failure", "retryable"]),
        ("state-unavailable", &["state failure", "retryable"]),
        ("state-would-be-lost", &["conflict"]),
        ("stopped-by-probe", &[]),
        ("trapped", &["component failure"]),
        ("type-mismatch", &["invalid input"]),
        ("unhealthy", &["component failure"]),
        ("unknown-capability", &["invalid input"]),
        ("unnamed", &["invalid input"]),
        ("unusable", &["invalid input"]),
        ("version-not-newer", &["conflict"]),
        ("version-taken", &["conflict"]),
        ("world-changed", &["conflict"]),
    ];

    fn predicates(kind: ErrorKind) -> Vec<&'static str> {
        let all = [
            ("not found", kind.is_not_found()),
            ("invalid input", kind.is_invalid_input()),
            ("conflict", kind.is_conflict()),
            ("refused", kind.is_refused()),
            ("component failure", kind.is_component_failure()),
            ("state failure", kind.is_state_failure()),
            ("retryable", kind.is_retryable()),
        ];
        all.into_iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn every_code_has_a_kind_in_its_groups() {
        for (code, expected) in CODES {
            let kind = ErrorKind::from_code(code).expect(code);
            assert_eq!(predicates(kind), expected, "{code}");
        }
    }

    #[test]
    fn every_code_is_listed() {
        let listed: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(listed.len(), CODES.len());
        for finer in ErrorClass::FINER {
            assert!(listed.contains(finer.code), "{}", finer.code);
            assert!(ErrorKind::from_kind_code(finer.code).is_none());
        }
        let kinds: BTreeSet<&str> = CODES
            .iter()
            .filter_map(|(code, _)| ErrorKind::from_code(code))
            .map(ErrorKind::code)
            .collect();
        assert_eq!(kinds.len() + ErrorClass::FINER.len(), CODES.len());
        assert_eq!(kinds.len(), ErrorKind::COUNT);
    }
}
