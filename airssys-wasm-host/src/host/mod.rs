//! The host: rollouts of deployments, and a handle for each other subject.
//!
//! | file | purpose |
//! |---|---|
//! | `builder` | the configuration of a host |
//! | `deployments` | all deployments: lists, removal, history |
//! | `pipelines` | pipelines |
//! | `packages` | published components |
//! | `http` | HTTP services, routes and servers |
//! | `logs` | the logs of guests and decisions |
//!
//! Delegates the work: rollouts to `rollout`, calls to `function`. Methods that may touch the disk
//! are async, and wait for threads of the host.
//!
//! Tests: `tests/suite`.

mod builder;
mod deployments;
#[cfg(feature = "http")]
mod http;
mod logs;
mod packages;
mod pipelines;

use std::fmt;
use std::sync::Arc;

pub use builder::HostBuilder;
pub use deployments::Deployments;
#[cfg(feature = "http")]
pub use http::HostHttp;
pub use logs::HostLogs;
pub use packages::Packages;
pub use pipelines::PipelineDeployments;

use crate::context::HostContext;
use crate::handle::Deployment;
use crate::observe::Events;
use crate::pipeline::Pipelines;
use crate::rollout::{Deploy, Rollback, Update};
use crate::state::{StateDirectory, UnreadableRecord};
use crate::{Component, Error, ErrorKind, Result};

/// A host that runs components under names that outlive their versions.
///
/// Cloning is cheap, and all clones are the same host. When the last clone is dropped, calls in
/// flight run to their end, and new calls through remaining handles fail with
/// [`HostDropped`](crate::ErrorKind::HostDropped). The state directory is then free. The drop waits
/// for a deployment that is being restored.
///
/// Needs a tokio runtime with its timer enabled, provided by the embedder. The host starts a few
/// threads of its own: one for deadlines and, on first use, a few for blocking work and one for
/// each log. Two hosts in one process share nothing.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<HostParts>);

/// State shared by the clones of a host.
pub(crate) struct HostParts {
    pub(crate) context: Arc<HostContext>,
    pub(crate) pipelines: Arc<Pipelines>,
    #[cfg(feature = "http")]
    pub(crate) routes: Arc<crate::http::HostRoutes>,
    /// Records of the state directory that cannot be read.
    pub(crate) unreadable: Vec<UnreadableRecord>,
}

impl Host {
    /// Returns a builder with the default configuration. See [`HostBuilder`] for everything that is
    /// denied by default.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// Deploys a component under its name when the returned builder is awaited.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists),
    /// [`InvalidName`](crate::ErrorKind::InvalidName),
    /// [`InvalidComponent`](crate::ErrorKind::InvalidComponent),
    /// [`InvalidConfiguration`](crate::ErrorKind::InvalidConfiguration),
    /// [`InvalidGrant`](crate::ErrorKind::InvalidGrant),
    /// [`UnresolvedImport`](crate::ErrorKind::UnresolvedImport),
    /// [`NotGranted`](crate::ErrorKind::NotGranted),
    /// [`GrantUnusable`](crate::ErrorKind::GrantUnusable),
    /// [`ApprovalMismatch`](crate::ErrorKind::ApprovalMismatch),
    /// [`StartFailed`](crate::ErrorKind::StartFailed);
    /// [`Error::phase`](crate::Error::phase) is the step that failed. A failed deploy leaves
    /// nothing behind.
    ///
    /// Cancel safe: if dropped before it completes, either nothing is deployed or the component is;
    /// no state in between.
    pub fn deploy(&self, component: Component) -> Deploy<'_> {
        Deploy::new(&self.0.context, component)
    }

    /// Replaces the active revision of `name` when the returned builder is awaited.
    ///
    /// Every call is admitted to exactly one revision and ends on it; an update never drops,
    /// rejects or repeats a call. A call that begins after this has returned is served by the new
    /// revision.
    ///
    /// # Errors
    ///
    /// Whatever fails, the previously active revision keeps serving unchanged;
    /// [`Error::phase`](crate::Error::phase) is the step that failed. In addition to the errors of
    /// [`deploy`](Self::deploy): [`NotDeployed`](crate::ErrorKind::NotDeployed),
    /// [`VersionNotNewer`](crate::ErrorKind::VersionNotNewer),
    /// [`Incompatible`](crate::ErrorKind::Incompatible),
    /// [`StateWouldBeLost`](crate::ErrorKind::StateWouldBeLost), and
    /// [`AwaitsApproval`](crate::ErrorKind::AwaitsApproval) if the component requests more than the
    /// active revision was granted and the update sets no grants.
    ///
    /// Cancel safe: if dropped before it completes, either nothing has changed or the new revision
    /// is active; no state in between.
    pub fn update(&self, name: impl Into<String>, component: Component) -> Update<'_> {
        Update::new(&self.0.context, name.into(), component)
    }

    /// Makes an earlier revision of `name` active again when the returned builder is awaited: the
    /// one that was active before the present one, unless
    /// [`to_version`](Rollback::to_version) selects another.
    ///
    /// Needs no compiler and no file: [`HostBuilder::revisions_kept`] revisions are kept ready to
    /// serve.
    ///
    /// # Errors
    ///
    /// [`NothingToRollBackTo`](crate::ErrorKind::NothingToRollBackTo), with the retained revisions;
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed),
    /// [`Incompatible`](crate::ErrorKind::Incompatible),
    /// [`StateWouldBeLost`](crate::ErrorKind::StateWouldBeLost), and any error of starting an
    /// instance. The previously active revision then keeps serving.
    ///
    /// Cancel safe, like [`update`](Self::update).
    pub fn rollback(&self, name: impl Into<String>) -> Rollback<'_> {
        Rollback::new(&self.0.context, name.into())
    }

    /// Removes a deployment and waits until its last call has ended.
    ///
    /// New calls fail at once. Cancel safe: the deployment is removed by the first poll. With a
    /// state directory, it is removed once that is written, which the first poll starts unless 256
    /// other changes are queued.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable), and the deployment stays;
    /// [`InUse`](crate::ErrorKind::InUse) if it is a stage of a pipeline, or another deployment is
    /// linked to it, through its active revision or one retained for a rollback.
    pub async fn remove(&self, name: &str) -> Result<()> {
        self.deployments().remove_all(&[name]).await
    }

    /// Returns the deployment with this name. Restores it from the state directory if it has not
    /// been used since the start. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged) or another kind if it cannot be restored.
    pub async fn deployment(&self, name: &str) -> Result<Deployment> {
        let found = self.0.context.deployments.find(name).await?;
        Ok(Deployment(found))
    }

    /// Returns all deployments, for what concerns several of them.
    #[must_use]
    pub fn deployments(&self) -> Deployments<'_> {
        Deployments::new(self)
    }

    /// Returns the pipelines: deployed ones, and those to be deployed.
    #[must_use]
    pub fn pipelines(&self) -> PipelineDeployments<'_> {
        PipelineDeployments::new(self)
    }

    /// Returns the HTTP services and routes of this host, and servers for them.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(&self) -> HostHttp<'_> {
        HostHttp::new(self)
    }

    /// Returns the packages of the state directory: published components by name and version.
    #[must_use]
    pub fn packages(&self) -> Packages<'_> {
        Packages::new(self)
    }

    fn state(&self) -> Result<Arc<StateDirectory>> {
        self.0.context.services.state().ok_or_else(|| {
            Error::new(
                ErrorKind::StateUnavailable,
                "this host has no state directory",
            )
            .with_remedy("set one with `HostBuilder::state_directory`")
        })
    }

    /// Returns the logs that guests and the audit trail write to.
    #[must_use]
    pub fn logs(&self) -> HostLogs<'_> {
        HostLogs::new(self)
    }

    /// Returns a stream of the events on this host from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.context.services.announcer.subscribe()
    }
}

impl fmt::Debug for Host {
    /// Formats the names of the deployments in use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deployments = self.0.context.deployments.awake();
        let names: Vec<_> = deployments
            .iter()
            .map(|deployment| &deployment.name)
            .collect();
        f.debug_struct("Host").field("deployments", &names).finish()
    }
}
