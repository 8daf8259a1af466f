//! The one error of this crate: opaque, with a kind.
//!
//! Messages say what was wrong and what to do; `source()` keeps the cause. No
//! type of the runtime below shows.
//! Tests: the workspace's `tests/bad_input`, which provokes each kind.

use std::error::Error as StdError;
use std::fmt;

use airssys_wasm_core::{ComponentName, Effect};

use crate::CallEnd;
use crate::instance::Original;

/// Why something asked of a host could not be done.
///
/// ```
/// use airssys_wasm_host::{Component, ErrorKind};
///
/// let error = Component::from_bytes(b"hello".to_vec()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidComponent);
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    phase: Option<Effect>,
    end: Option<CallEnd>,
    guest_stderr: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of thing went wrong, to decide on in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be read.
    Io,
    /// The bytes are not a component, or one that this runtime does not know.
    InvalidComponent,
    /// A text is not a name.
    InvalidName,
    /// A component says no name, and none was given.
    Unnamed,
    /// Something is deployed under that name already.
    NameTaken,
    /// Nothing is deployed under that name, or it has been removed.
    NotDeployed,
    /// The host was dropped.
    HostDropped,
    /// Limits or a way of instancing that cannot be.
    InvalidLimits,
    /// An import that nothing provides.
    MissingImport,
    /// A function imported at world level, which the host does not provide; another deployment
    /// cannot.
    MissingHostFunction,
    /// A provider of the embedder's does not link, or provides what something else does.
    InvalidProvider,
    /// A text is no rule, or a file holds no grants.
    InvalidGrant,
    /// What the component requires is not granted.
    NotGranted,
    /// New grants would give back what was revoked, without naming it.
    LiftsRevocation,
    /// What is granted cannot be given: a directory that is not there, a value that is
    /// not said.
    GrantUnusable,
    /// An update asks for more than its name was given, and waits to be approved.
    AwaitsApproval,
    /// What was approved is another component, or asked for something else.
    ApprovalMismatch,
    /// The component requests a kind of capability that this host does not know.
    UnknownCapability,
    /// The component does not compile or link.
    Unusable,
    /// The component trapped, or took too long, while it started.
    StartFailed,
    /// The component's own health check said no.
    Unhealthy,
    /// The new world cannot stand in for the old one.
    WorldChanged,
    /// A caller holds a handle that the new revision cannot serve.
    CallersLost,
    /// The version is not newer.
    VersionNotNewer,
    /// State would be lost, and nobody said that it may.
    StateWouldBeLost,
    /// There is no revision to roll back to.
    NothingToRollBackTo,
    /// An import that several deployments could serve, and nobody said which.
    AmbiguousImport,
    /// It cannot be removed: another deployment is linked to it.
    InUse,
    /// A component was called from within its own call, and no instance is free to answer.
    Reentrant,
    /// A resource of another component is gone with the instance that it was in.
    ResourceLost,
    /// A pipeline that cannot be deployed, or not with that component in a stage.
    InvalidPipeline,
    /// A stream that was given to a pipeline failed before its end.
    InputFailed,
    /// A stage's function returned an error, and the run ends with it.
    StageError,
    /// A version is published already, with other bytes.
    VersionTaken,
    /// Nothing of that name and version is published.
    NotPublished,
    /// Another process holds the state directory.
    StateHeld,
    /// The state directory cannot be read or written: its disk is full, or it is not
    /// permitted.
    StateUnavailable,
    /// What is kept in the state directory is not what was put there.
    StateDamaged,
    /// A rollout probe stopped the rollout.
    StoppedByProbe,
    /// The revision that serves exports no such function.
    FunctionNotFound,
    /// Types or arguments that do not fit the function.
    TypeMismatch,
    /// The call trapped, or failed in a way that has no kind of its own: see
    /// [`Error::call_end`].
    Trapped,
    /// The guest ended itself with this code, by `wasi:cli/exit`, and its function had a result to
    /// give. 0 is success: no event and no metric counts it as a failure.
    Exited(u8),
    /// A function that the host or its embedder provides panicked, or returned an error that ends
    /// the call. [`Error::downcast_ref`] leads to that error.
    HostFunctionFailed,
    /// The call took longer than its deadline.
    DeadlineExceeded,
    /// The call used up its fuel.
    FuelExhausted,
    /// The budget of the host, or the deployment's share of it, has too little left.
    OverBudget,
    /// The runtime failed in a way that is nobody's mistake but its own or ours.
    Internal,
}

/// The result of what this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            kind,
            message,
            phase: None,
            end: None,
            guest_stderr: None,
            source: None,
        }))
    }

    /// The error of a call that ended so. Its kind is that of the end.
    pub(crate) fn of_call(end: CallEnd, message: impl Into<String>) -> Self {
        Self::new(end.kind(), message).with_call_end(end)
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
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

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How the call ended, if this is the error of a call that was let in.
    #[must_use]
    pub fn call_end(&self) -> Option<CallEnd> {
        self.0.end
    }

    /// The last lines that the guest wrote to stderr in the call that failed, the message of a
    /// panic among them: at most 20 lines and 4 KiB, control characters included.
    #[must_use]
    pub fn guest_stderr(&self) -> Option<&str> {
        self.0.guest_stderr.as_deref()
    }

    /// Returns the error of type `E` that a host function returned, or that caused this one.
    ///
    /// A call that ended because a host function of the embedder's returned an error leads to that
    /// error, also if the function belongs to a component that the one called is linked to. The
    /// chain of [`source`](StdError::source) leads to it as well.
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
        chain.find_map(|error| match error.downcast_ref::<Original>() {
            Some(original) => original.downcast_ref(),
            None => error.downcast_ref(),
        })
    }

    /// The step of a deploy, update or rollback that failed, if one was under
    /// way. The revision that served before serves on, untouched.
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
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    /// The message and its causes, as `main` prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({:?})", self.0.kind)?;
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

macro_rules! from_core {
    ($($error:ty => $kind:ident),* $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                let error_with_source = Self::new(ErrorKind::$kind, error.to_string());
                match StdError::source(&error).map(ToString::to_string) {
                    Some(source) => error_with_source.with_source(source),
                    None => error_with_source,
                }
            }
        }
    )*};
}

from_core! {
    airssys_wasm_core::CapabilityError => InvalidGrant,
    airssys_wasm_core::policy::GrantsError => InvalidGrant,
    airssys_wasm_core::policy::TomlError => InvalidGrant,
    airssys_wasm_core::ComponentError => InvalidComponent,
    airssys_wasm_core::ComponentNameError => InvalidName,
    airssys_wasm_core::FunctionNameError => InvalidName,
    airssys_wasm_core::LimitsError => InvalidLimits,
    airssys_wasm_core::PackageRefError => InvalidName,
    airssys_wasm_core::VersionNotNewer => VersionNotNewer,
    airssys_wasm_core::pipeline::PipelineErrors => InvalidPipeline,
    airssys_wasm_core::WaveError => TypeMismatch,
    airssys_wasm_core::world::FunctionNotFound => FunctionNotFound,
    airssys_wasm_core::world::WorldChanges => WorldChanged,
}
