//! Why something that was asked for was not done.

use std::error::Error as _;
use std::fmt;
use std::path::Path;

use airssys_wasm_host::{CallEnd, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kinds;

/// An error, as it is told.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Problem {
    /// The kind of the host's error, `not-deployed`; or one of the command's own.
    pub(crate) kind: String,
    /// What was wrong, and what to do.
    pub(crate) message: String,
    /// The step of a rollout that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<String>,
    /// Why, the nearest cause first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<String>,
    /// The next step, where it is another than that of the kind.
    #[serde(skip)]
    pub(crate) hint: Option<&'static str>,
    /// What the guest did that failed, if it was one.
    #[serde(skip)]
    pub(crate) guest: Option<Box<GuestFailure>>,
}

/// How a guest failed, for `run`, which knows its file and has shown what it wrote.
#[derive(Clone, Debug)]
pub(crate) struct GuestFailure {
    /// The code with which it exited.
    pub(crate) code: Option<u8>,
    /// What it wrote last to its stderr, which is among the causes.
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

    /// What the host would say so.
    pub(crate) fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(&kind_word(kind), message)
    }

    /// Whether it is one of the host's, of this kind.
    pub(crate) fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind_word(kind)
    }

    /// A file cannot be read or written, `what` says which.
    pub(crate) fn of_file(what: &str, path: &Path, error: impl fmt::Display) -> Self {
        Self::new(kinds::FILE, format!("cannot {what} `{}`", path.display())).because(error)
    }

    /// With what it came from.
    pub(crate) fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }
}

impl GuestFailure {
    fn of(end: CallEnd, error: &Error) -> Self {
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
    fn from(error: Error) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self {
            kind: kind_word(error.kind()),
            message: error.to_string(),
            phase: error.phase().map(|phase| phase.to_string()),
            causes,
            hint: None,
            guest: error
                .call_end()
                .map(|end| Box::new(GuestFailure::of(end, &error))),
        }
    }
}

/// The name of a kind as it is told: `NotDeployed` is `not-deployed`, `Exited(3)` is `exited`.
pub(crate) fn kind_word(kind: ErrorKind) -> String {
    let mut word = String::new();
    for letter in format!("{kind:?}")
        .chars()
        .take_while(|letter| *letter != '(')
    {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_words() {
        assert_eq!(kind_word(ErrorKind::NotDeployed), "not-deployed");
        assert_eq!(kind_word(ErrorKind::Io), "io");
        assert_eq!(kind_word(ErrorKind::Exited(3)), "exited");
    }
}
