//! The categories of errors.
//!
//! Tests: `tests/suite/bad_input.rs`.

/// The category of an [`Error`](super::Error), for code to match on.
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
    /// The call trapped, or failed in a way without a kind of its own: see [`Error::call_end`](super::Error::call_end).
    Trapped,
    /// The guest exited with this code through `wasi:cli/exit` although its function has a result
    /// to return. 0 is success: no event or metric counts it as a failure.
    Exited(u8),
    /// A function provided by the host or the embedder panicked, or returned an error that ends the
    /// call. [`Error::downcast_ref`](super::Error::downcast_ref) returns that error.
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
