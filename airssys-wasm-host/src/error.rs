//! The error type of this crate: opaque, with a kind.
//!
//! Messages name the problem and the remedy; `source()` returns the cause. No type of the
//! underlying runtime is exposed.
//!
//! Tests: `tests/suite/bad_input.rs`.

use std::error::Error as StdError;
use std::fmt;

use airssys_wasm_core::{ComponentName, Effect};

use crate::CallEnd;
use crate::instance::OriginalError;

/// The reason an operation on a host failed.
///
/// ```
/// use airssys_wasm_host::{Component, ErrorKind};
///
/// let error = Component::from_bytes(b"hello".to_vec()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidComponent);
/// ```
pub struct Error(Box<ErrorInner>);

struct ErrorInner {
    kind: ErrorKind,
    message: String,
    phase: Option<Effect>,
    end: Option<CallEnd>,
    guest_stderr: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The category of an [`Error`], for code to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be read.
    Io,
    /// The bytes are not a component, or are one that this runtime does not support.
    InvalidComponent,
    /// The text is not a valid name.
    InvalidName,
    /// The component has no name in its metadata, and none was given.
    Unnamed,
    /// The name is already deployed.
    NameTaken,
    /// No deployment has that name, or it was removed.
    NotDeployed,
    /// The host was dropped.
    HostDropped,
    /// The limits or the instancing mode are invalid.
    InvalidLimits,
    /// Nothing provides an import of the component.
    MissingImport,
    /// The host does not provide a function that the component imports at world level. Other
    /// deployments cannot provide such functions.
    MissingHostFunction,
    /// A provider of the embedder does not link, or provides an interface that another one provides
    /// already.
    InvalidProvider,
    /// The text is not a rule, or the file holds no grants.
    InvalidGrant,
    /// The component requires something that is not granted.
    NotGranted,
    /// The new grants would restore something revoked without lifting the revocation explicitly.
    LiftsRevocation,
    /// A grant cannot be honored: its directory does not exist, or its value is missing.
    GrantUnusable,
    /// The update requests more than the deployment was granted, and awaits approval.
    AwaitsApproval,
    /// The approval is for another component, or for other requests.
    ApprovalMismatch,
    /// The component requests a kind of capability that this host does not support.
    UnknownCapability,
    /// The component does not compile or link.
    Unusable,
    /// The component trapped or exceeded its deadline while it started.
    StartFailed,
    /// The component's own health check reported it unhealthy.
    Unhealthy,
    /// The new world is not compatible with the old one.
    WorldChanged,
    /// A caller holds a handle that the new revision cannot serve.
    CallersLost,
    /// The version of an update is not newer than the active one.
    VersionNotNewer,
    /// The rollout would lose state, and was not allowed to.
    StateWouldBeLost,
    /// No earlier revision is retained to roll back to.
    NothingToRollBackTo,
    /// Several deployments could serve an import, and none was chosen.
    AmbiguousImport,
    /// Another deployment is linked to the one to be removed.
    InUse,
    /// A component was called from within its own call, and no instance is free to answer.
    Reentrant,
    /// A resource of another component was lost with the instance that owned it.
    ResourceLost,
    /// The pipeline cannot be deployed, or not with that component in a stage.
    InvalidPipeline,
    /// An input stream of a pipeline failed before its end.
    InputFailed,
    /// A stage's function returned an error, which ends the run.
    StageError,
    /// The version is already published with different bytes.
    VersionTaken,
    /// No component is published under that name and version.
    NotPublished,
    /// Another process holds the state directory.
    StateHeld,
    /// The state directory cannot be read or written, for lack of space or permission.
    StateUnavailable,
    /// The contents of the state directory are damaged.
    StateDamaged,
    /// A rollout probe stopped the rollout.
    StoppedByProbe,
    /// The active revision exports no such function.
    FunctionNotFound,
    /// The types or arguments do not match the function.
    TypeMismatch,
    /// The call trapped, or failed in a way without a kind of its own: see [`Error::call_end`].
    Trapped,
    /// The guest exited with this code through `wasi:cli/exit` although its function has a result
    /// to return. 0 is success: no event or metric counts it as a failure.
    Exited(u8),
    /// A function provided by the host or the embedder panicked, or returned an error that ends the
    /// call. [`Error::downcast_ref`] returns that error.
    HostFunctionFailed,
    /// The call took longer than its deadline.
    DeadlineExceeded,
    /// The call used up its fuel.
    FuelExhausted,
    /// The host's budget, or the deployment's share of it, is exhausted.
    OverBudget,
    /// The runtime failed because of a bug in it or in this crate.
    Internal,
}

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(ErrorInner {
            kind,
            message,
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

    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
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
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    /// Formats the message and its causes, as `main` prints them.
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
