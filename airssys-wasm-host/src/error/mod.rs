//! The error type of this crate: opaque, with a kind.
//!
//! Messages name the problem and the remedy; `source()` returns the cause. No type of the
//! underlying runtime is exposed.
//!
//! Tests: `tests/suite/bad_input.rs`.

mod call_end;
mod cause;
mod code;
mod from_core;
mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use airssys_wasm_core::{ComponentName, Effect};

pub use call_end::CallEnd;
pub(crate) use cause::LinkFailure;
use cause::OriginalError;
pub(crate) use code::ErrorClass;
pub use kind::ErrorKind;

/// The reason an operation on a host failed.
///
/// ```
/// use airssys_wasm_host::{Component, ErrorKind};
///
/// let error = Component::from_bytes(b"hello".to_vec()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidComponent);
/// assert!(error.is_invalid_input());
/// ```
pub struct Error(Box<ErrorInner>);

struct ErrorInner {
    class: ErrorClass,
    message: String,
    remedy: Option<Cow<'static, str>>,
    phase: Option<Effect>,
    end: Option<CallEnd>,
    guest_stderr: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(class: impl Into<ErrorClass>, message: impl Into<String>) -> Self {
        let (class, message) = (class.into(), message.into());
        Self(Box::new(ErrorInner {
            class,
            message,
            remedy: None,
            phase: None,
            end: None,
            guest_stderr: None,
            source: None,
        }))
    }

    /// Creates the error of a call that ended this way, with the kind that belongs to it.
    pub(crate) fn from_call_end(end: CallEnd, message: impl Into<String>) -> Self {
        Self::new(end.kind(), message).with_call_end(end)
    }

    pub(crate) fn with_class(mut self, class: impl Into<ErrorClass>) -> Self {
        self.0.class = class.into();
        self
    }

    /// Adds the way out of the problem, in terms of this crate's API.
    pub(crate) fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.0.remedy = Some(remedy.into());
        self
    }

    pub(crate) fn with_call_end(mut self, end: CallEnd) -> Self {
        self.0.end = Some(end);
        self
    }

    pub(crate) fn with_guest_stderr(mut self, lines: Option<String>) -> Self {
        self.0.guest_stderr = lines;
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn in_phase(mut self, phase: Effect) -> Self {
        self.0.phase.get_or_insert(phase);
        self
    }

    pub(crate) fn not_deployed(name: &ComponentName) -> Self {
        Self::new(
            ErrorKind::NotDeployed,
            format!("nothing is deployed as `{name}`"),
        )
    }

    pub(crate) fn host_dropped(name: &ComponentName) -> Self {
        Self::new(
            ErrorKind::HostDropped,
            format!(
                "the host that `{name}` was deployed on has been dropped; keep the `Host` for as long as calls are made"
            ),
        )
    }

    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.class.kind
    }

    /// Returns a stable code for programs in other processes and for logs, such as `not-deployed`.
    /// Within some kinds, codes distinguish the cause: an [`AlreadyExists`](ErrorKind::AlreadyExists)
    /// has the code `name-taken` or `version-taken`. [`ErrorKind::from_code`] returns the kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.class.code
    }

    /// Returns the kind and the code, for an error with another message.
    pub(crate) fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// Returns the problem alone, without its [`phase`](Self::phase) and
    /// [`remedy`](Self::remedy). The text that [`Display`](fmt::Display) writes has all three.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the way out of the problem, if there is one in terms of this crate's API, such as
    /// "use `.any_version()` to allow it". A program shows its users its own words instead.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// Returns `true` if something that the caller named does not exist. See
    /// [`ErrorKind::is_not_found`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind().is_not_found()
    }

    /// Returns `true` if something that the caller passed is not valid. See
    /// [`ErrorKind::is_invalid_input`].
    #[must_use]
    pub fn is_invalid_input(&self) -> bool {
        self.kind().is_invalid_input()
    }

    /// Returns `true` if the operation contradicts what is deployed or published. See
    /// [`ErrorKind::is_conflict`].
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind().is_conflict()
    }

    /// Returns `true` if permission is missing. See [`ErrorKind::is_refused`].
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.kind().is_refused()
    }

    /// Returns `true` if the component failed, or exceeded what it may use. See
    /// [`ErrorKind::is_component_failure`].
    #[must_use]
    pub fn is_component_failure(&self) -> bool {
        self.kind().is_component_failure()
    }

    /// Returns `true` if the state directory cannot be used. See [`ErrorKind::is_state_failure`].
    #[must_use]
    pub fn is_state_failure(&self) -> bool {
        self.kind().is_state_failure()
    }

    /// Returns `true` if the same operation may succeed later. See [`ErrorKind::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }

    /// Returns how the call ended, if this is the error of an admitted call.
    #[must_use]
    pub fn call_end(&self) -> Option<CallEnd> {
        self.0.end
    }

    /// Returns the last lines that the guest wrote to stderr during the failed call, including any
    /// panic message: at most 20 lines and 4 KiB, control characters included.
    #[must_use]
    pub fn guest_stderr(&self) -> Option<&str> {
        self.0.guest_stderr.as_deref()
    }

    /// Returns the error of type `E` that a host function returned, or that caused this one.
    ///
    /// If a call ended because a host function of the embedder returned an error, this finds that
    /// error, even if the function was called by a component that the called one is linked to. The
    /// chain of [`source`](StdError::source) contains it as well.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use airssys_wasm_host::{Component, Host};
    ///
    /// #[derive(Debug)]
    /// struct OutOfPaper;
    /// # impl std::fmt::Display for OutOfPaper {
    /// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("out of paper") }
    /// # }
    /// # impl std::error::Error for OutOfPaper {}
    ///
    /// let host = Host::builder()
    ///     .imports(["print"], |linker| {
    ///         linker.root().func_wrap("print", |_, (): ()| -> wasmtime::Result<()> { Err(OutOfPaper.into()) })
    ///     })
    ///     .build()?;
    /// # let text = r#"(component (import "print" (func $print)) (core func $p (canon lower (func $print)))
    /// #     (core module $m (import "" "print" (func $p)) (func (export "go") (call $p)))
    /// #     (core instance $i (instantiate $m (with "" (instance (export "print" (func $p))))))
    /// #     (func (export "go") (canon lift (core func $i "go"))))"#;
    /// # let printer = Component::from_bytes(wat::parse_str(text)?)?.with_name("printer")?;
    /// # use airssys_wasm_host::wasmtime;
    /// let go = host.deploy(printer).await?.function::<(), ()>("go")?;
    /// let error = go.call(()).await.unwrap_err();
    /// assert!(error.downcast_ref::<OutOfPaper>().is_some());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn downcast_ref<E: StdError + Send + Sync + 'static>(&self) -> Option<&E> {
        let source = self.0.source.as_deref()?;
        let mut chain =
            std::iter::successors(Some(source as &(dyn StdError + 'static)), |&error| {
                error.source()
            });
        chain.find_map(|error| match error.downcast_ref::<OriginalError>() {
            Some(original) => original.downcast_ref(),
            None => error.downcast_ref(),
        })
    }

    /// Returns the step of the deploy, update or rollback that failed, if one was in progress. The
    /// previously active revision keeps serving unchanged.
    #[must_use]
    pub fn phase(&self) -> Option<Effect> {
        self.0.phase
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(phase) = self.0.phase {
            write!(f, "{phase}: ")?;
        }
        f.write_str(&self.0.message)?;
        match &self.0.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// Formats the message and its causes, as `main` prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?})", self.kind())?;
        let mut source = self.source();
        while let Some(cause) = source {
            write!(f, "\n  because: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
