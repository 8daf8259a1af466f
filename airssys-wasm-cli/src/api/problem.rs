//! Problems: the errors of the API and of the command.
//!
//! Tests: `airssys-wasm-cli/tests/cli/bad_input.rs`.

use std::error::Error as _;
use std::fmt;
use std::path::Path;

use airssys_wasm_core::CapabilityError;
use airssys_wasm_core::terms::TermsError;
use airssys_wasm_host::{CallEnd, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kinds;

/// An error returned by the API.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Problem {
    /// Machine-readable kind: the code of the host's error, such as `not-deployed`, or one of the
    /// command's own, such as `usage`.
    pub(crate) kind: String,
    /// Description of the problem and how to resolve it.
    pub(crate) message: String,
    /// Code of the rollout step that failed, such as `check-grants`, if a rollout did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<String>,
    /// Underlying causes, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<String>,
    /// The next step to suggest, if it differs from the one for the kind.
    #[serde(skip)]
    pub(crate) hint: Option<&'static str>,
    /// Details of the guest's failure, if a guest failed.
    #[serde(skip)]
    pub(crate) guest: Option<Box<GuestFailure>>,
}

/// Details of a guest's failure, for `run`: it knows the file and has already shown the guest's
/// output.
#[derive(Clone, Debug)]
pub(crate) struct GuestFailure {
    /// Exit code; `None` unless the guest exited with a code other than 0.
    pub(crate) code: Option<u8>,
    /// The last output on stderr, which is also among the causes.
    pub(crate) stderr: Option<String>,
}

impl Problem {
    pub(crate) fn new(kind: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.into(),
            phase: None,
            causes: Vec::new(),
            hint: None,
            guest: None,
        }
    }

    /// Returns a problem of one of the host's kinds.
    pub(crate) fn from_kind(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind.code(), message)
    }

    /// Returns a problem about a file; `what` is the verb: `read` or `write`.
    pub(crate) fn from_file_error(what: &str, path: &Path, error: impl fmt::Display) -> Self {
        Self::new(kinds::FILE, format!("cannot {what} `{}`", path.display())).with_cause(error)
    }

    /// Adds a cause.
    pub(crate) fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }
}

impl GuestFailure {
    fn new(end: CallEnd, error: &Error) -> Self {
        let code = match end {
            CallEnd::Exited(code) if code != 0 => Some(code),
            _ => None,
        };
        Self {
            code,
            stderr: error.guest_stderr().map(str::to_owned),
        }
    }
}

impl From<Error> for Problem {
    /// Leaves out the remedy, which is in terms of the library's API; the command has hints.
    fn from(error: Error) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self {
            kind: error.code().to_owned(),
            message: match error.phase() {
                Some(phase) => format!("{phase}: {}", error.message()),
                None => error.message().to_owned(),
            },
            phase: error.phase().map(|phase| phase.code().to_owned()),
            causes,
            hint: None,
            guest: error
                .call_end()
                .map(|end| Box::new(GuestFailure::new(end, &error))),
        }
    }
}

impl From<CapabilityError> for Problem {
    fn from(error: CapabilityError) -> Self {
        Error::from(error).into()
    }
}

impl From<TermsError> for Problem {
    fn from(error: TermsError) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
