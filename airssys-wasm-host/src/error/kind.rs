//! The categories of errors, and the groups that they form.
//!
//! Tests: `airssys-wasm-host/src/error/code.rs`, `tests/suite/bad_input.rs`.

/// The category of an [`Error`](super::Error), for code to match on.
///
/// Predicates group the kinds by what a caller can do. A kind belongs to at most one of these
/// groups:
///
/// | predicate | kinds |
/// |---|---|
/// | [`is_not_found`](Self::is_not_found) | [`NotDeployed`](Self::NotDeployed), [`NotPublished`](Self::NotPublished), [`FunctionNotFound`](Self::FunctionNotFound), [`NothingToRollBackTo`](Self::NothingToRollBackTo) |
/// | [`is_invalid_input`](Self::is_invalid_input) | [`InvalidComponent`](Self::InvalidComponent), [`InvalidName`](Self::InvalidName), [`InvalidConfiguration`](Self::InvalidConfiguration), [`InvalidGrant`](Self::InvalidGrant), [`InvalidPipeline`](Self::InvalidPipeline), [`TypeMismatch`](Self::TypeMismatch) |
/// | [`is_conflict`](Self::is_conflict) | [`AlreadyExists`](Self::AlreadyExists), [`InUse`](Self::InUse), [`UnresolvedImport`](Self::UnresolvedImport), [`VersionNotNewer`](Self::VersionNotNewer), [`Incompatible`](Self::Incompatible), [`StateWouldBeLost`](Self::StateWouldBeLost) |
/// | [`is_refused`](Self::is_refused) | [`NotGranted`](Self::NotGranted), [`GrantUnusable`](Self::GrantUnusable), [`LiftsRevocation`](Self::LiftsRevocation), [`AwaitsApproval`](Self::AwaitsApproval), [`ApprovalMismatch`](Self::ApprovalMismatch) |
/// | [`is_component_failure`](Self::is_component_failure) | [`StartFailed`](Self::StartFailed), [`Trapped`](Self::Trapped), [`Exited`](Self::Exited), [`HostFunctionFailed`](Self::HostFunctionFailed), [`StageError`](Self::StageError), [`DeadlineExceeded`](Self::DeadlineExceeded), [`FuelExhausted`](Self::FuelExhausted), [`OverBudget`](Self::OverBudget), [`ResourceLost`](Self::ResourceLost), [`Reentrant`](Self::Reentrant) |
/// | [`is_state_failure`](Self::is_state_failure) | [`StateUnavailable`](Self::StateUnavailable), [`StateDamaged`](Self::StateDamaged) |
///
/// [`is_retryable`](Self::is_retryable) is independent of these groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be read.
    Io,
    /// The bytes are not a component, or are one that this runtime does not support, compile or
    /// link.
    InvalidComponent,
    /// The text is not a valid name, or a name or a version is missing: the component has none in
    /// its metadata, and none was given.
    InvalidName,
    /// The limits, the instancing mode, the budget, a provider or a certificate are invalid, or
    /// contradict each other.
    InvalidConfiguration,
    /// The text is not a rule, the file holds no grants, or the rule is of a kind that this host
    /// does not support.
    InvalidGrant,
    /// The pipeline cannot be deployed, or not with that component in a stage.
    InvalidPipeline,
    /// The types or arguments do not match the function.
    TypeMismatch,
    /// No deployment has that name, or it was removed.
    NotDeployed,
    /// No component is published under that name and version.
    NotPublished,
    /// The active revision exports no such function.
    FunctionNotFound,
    /// No earlier revision is retained to roll back to.
    NothingToRollBackTo,
    /// The name is already deployed, or the version is already published with different bytes.
    AlreadyExists,
    /// Another deployment is linked to the one to be removed, or it is a stage of a pipeline.
    InUse,
    /// Nothing provides an import of the component, or several deployments could and none was
    /// chosen.
    UnresolvedImport,
    /// The version of an update is not newer than the active one.
    VersionNotNewer,
    /// The new revision cannot replace the old one: its world is not compatible, or a caller holds
    /// a handle that it cannot serve.
    Incompatible,
    /// The rollout would lose state, and was not allowed to.
    StateWouldBeLost,
    /// The component requires something that is not granted.
    NotGranted,
    /// A grant cannot be honored: its directory does not exist, or its value is missing.
    GrantUnusable,
    /// The new grants would restore something revoked without lifting the revocation explicitly.
    LiftsRevocation,
    /// The update requests more than the deployment was granted, and awaits approval.
    AwaitsApproval,
    /// The approval is for another component, or for other requests.
    ApprovalMismatch,
    /// The component trapped or exceeded its deadline while it started, or its own health check
    /// reported it unhealthy.
    StartFailed,
    /// The call trapped, or failed in a way without a kind of its own: see
    /// [`Error::call_end`](super::Error::call_end).
    Trapped,
    /// The guest exited with this code through `wasi:cli/exit` although its function has a result
    /// to return. 0 is success: no event or metric counts it as a failure.
    Exited(u8),
    /// A function provided by the host or the embedder panicked, or returned an error that ends the
    /// call. [`Error::downcast_ref`](super::Error::downcast_ref) returns that error.
    HostFunctionFailed,
    /// A stage's function returned an error, which ends the run.
    StageError,
    /// The call took longer than its deadline.
    DeadlineExceeded,
    /// The call used up its fuel.
    FuelExhausted,
    /// The host's budget, or the deployment's share of it, is exhausted.
    OverBudget,
    /// A resource of another component was lost with the instance that owned it.
    ResourceLost,
    /// A component was called from within its own call, and no instance is free to answer.
    Reentrant,
    /// The state directory cannot be read or written, for lack of space or permission, or because
    /// another process holds it.
    StateUnavailable,
    /// The contents of the state directory are damaged.
    StateDamaged,
    /// The host was dropped.
    HostDropped,
    /// An input stream of a pipeline failed before its end.
    InputFailed,
    /// A rollout probe stopped the rollout.
    StoppedByProbe,
    /// The runtime failed because of a bug in it or in this crate.
    Internal,
}

/// The group of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KindGroup {
    NotFound,
    InvalidInput,
    Conflict,
    Refusal,
    ComponentFailure,
    StateFailure,
    /// None that a predicate names.
    Ungrouped,
}

impl ErrorKind {
    fn group(self) -> KindGroup {
        match self {
            Self::NotDeployed
            | Self::NotPublished
            | Self::FunctionNotFound
            | Self::NothingToRollBackTo => KindGroup::NotFound,
            Self::InvalidComponent
            | Self::InvalidName
            | Self::InvalidConfiguration
            | Self::InvalidGrant
            | Self::InvalidPipeline
            | Self::TypeMismatch => KindGroup::InvalidInput,
            Self::AlreadyExists
            | Self::InUse
            | Self::UnresolvedImport
            | Self::VersionNotNewer
            | Self::Incompatible
            | Self::StateWouldBeLost => KindGroup::Conflict,
            Self::NotGranted
            | Self::GrantUnusable
            | Self::LiftsRevocation
            | Self::AwaitsApproval
            | Self::ApprovalMismatch => KindGroup::Refusal,
            Self::StartFailed
            | Self::Trapped
            | Self::Exited(_)
            | Self::HostFunctionFailed
            | Self::StageError
            | Self::DeadlineExceeded
            | Self::FuelExhausted
            | Self::OverBudget
            | Self::ResourceLost
            | Self::Reentrant => KindGroup::ComponentFailure,
            Self::StateUnavailable | Self::StateDamaged => KindGroup::StateFailure,
            Self::Io
            | Self::HostDropped
            | Self::InputFailed
            | Self::StoppedByProbe
            | Self::Internal => KindGroup::Ungrouped,
        }
    }

    /// Returns `true` if something that the caller named does not exist.
    #[must_use]
    pub fn is_not_found(self) -> bool {
        self.group() == KindGroup::NotFound
    }

    /// Returns `true` if something that the caller passed is not valid, whatever is deployed.
    #[must_use]
    pub fn is_invalid_input(self) -> bool {
        self.group() == KindGroup::InvalidInput
    }

    /// Returns `true` if the operation contradicts what is deployed or published, and changed
    /// nothing.
    #[must_use]
    pub fn is_conflict(self) -> bool {
        self.group() == KindGroup::Conflict
    }

    /// Returns `true` if permission is missing: a grant, an approval, or consent to lift a
    /// revocation.
    #[must_use]
    pub fn is_refused(self) -> bool {
        self.group() == KindGroup::Refusal
    }

    /// Returns `true` if the component failed, or exceeded what it may use.
    #[must_use]
    pub fn is_component_failure(self) -> bool {
        self.group() == KindGroup::ComponentFailure
    }

    /// Returns `true` if the state directory cannot be used.
    #[must_use]
    pub fn is_state_failure(self) -> bool {
        self.group() == KindGroup::StateFailure
    }

    /// Returns `true` if the same operation may succeed later, because it failed for lack of time,
    /// memory or space: [`DeadlineExceeded`](Self::DeadlineExceeded),
    /// [`OverBudget`](Self::OverBudget) and [`StateUnavailable`](Self::StateUnavailable). A failed
    /// call may have had effects.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::DeadlineExceeded | Self::OverBudget | Self::StateUnavailable
        )
    }
}
