//! The causes of a failed call, as a chain: the guest's last output, its backtrace, and the error of
//! a host function or of another component.
//!
//! Tests: `tests/suite/ends`.

use std::error::Error as StdError;
use std::fmt;

use super::Error;

/// A call of another component that returned no result. Ends the caller's call, which has no way to
/// receive the error.
#[derive(Debug)]
pub(crate) struct LinkFailure(pub(crate) Error);

impl std::error::Error for LinkFailure {
    /// Returns the cause of the error; the error itself is this one's message.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl fmt::Display for LinkFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error {
    /// Adds a chain of causes: texts in order, and last the error that a host function or another
    /// component returned.
    pub(crate) fn with_causes(self, texts: Vec<String>, original: Option<wasmtime::Error>) -> Self {
        let original = original.map(|error| NextCause::Original(OriginalError(error)));
        let chained = |next, text| Some(NextCause::Cause(Box::new(ErrorCause { text, next })));
        match texts.into_iter().rev().fold(original, chained) {
            Some(NextCause::Cause(cause)) => self.with_source(cause),
            Some(NextCause::Original(original)) => self.with_source(original),
            None => self,
        }
    }
}

/// A cause in the chain of an error, and the next one.
#[derive(Debug)]
struct ErrorCause {
    text: String,
    next: Option<NextCause>,
}

/// The next cause in the chain of an error.
#[derive(Debug)]
enum NextCause {
    Cause(Box<ErrorCause>),
    Original(OriginalError),
}

/// The error returned by a host function or by a call of another component.
#[derive(Debug)]
pub(super) struct OriginalError(wasmtime::Error);

impl OriginalError {
    /// Returns the inner error of type `E`, even if it comes from another component.
    pub(crate) fn downcast_ref<E: StdError + Send + Sync + 'static>(&self) -> Option<&E> {
        let linked = || self.0.downcast_ref::<LinkFailure>()?.0.downcast_ref();
        self.0.downcast_ref().or_else(linked)
    }
}

impl fmt::Display for OriginalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a call made by the guest failed")
    }
}

impl StdError for OriginalError {
    /// Returns the error without the guest's backtrace around it, if it has one.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.0.source().unwrap_or(&*self.0))
    }
}

impl fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for ErrorCause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match self.next.as_ref()? {
            NextCause::Cause(cause) => &**cause,
            NextCause::Original(original) => original,
        })
    }
}
