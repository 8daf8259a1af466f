//! The host: its deployments, and the operations on them.
//!
//! Delegates the work: rollouts to `rollout`, calls to `function`.
//!
//! Tests: `tests/suite`.

mod builder;
#[cfg(feature = "http")]
mod http;
mod removal;

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::{CapabilityKind, ComponentName, PackageRef, Rule};
use semver::Version;

pub use builder::HostBuilder;

use crate::context::HostContext;
use crate::deployment::{Status, Summary};
use crate::handle::Deployment;
use crate::observe::{Event, Events};
use crate::pipeline::{ComponentPipeline, DeployPipeline, PipelineDeployment, Pipelines};
use crate::rollout::{Approval, Deploy, Rollback, Update};
use crate::state::{Change, StateDirectory};
use crate::{Component, Error, ErrorKind, Result};

/// A host that runs components under names that outlive their versions.
///
/// Cloning is cheap, and all clones are the same host. When the last clone is dropped, calls in
/// flight run to their end, and new calls through remaining handles fail with
/// [`HostDropped`](crate::ErrorKind::HostDropped). The state directory is then free.
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
    /// Records of the state directory that cannot be read, each with the problem.
    pub(crate) lost: Vec<(String, String)>,
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
    /// [`NameTaken`](crate::ErrorKind::NameTaken), [`Unnamed`](crate::ErrorKind::Unnamed),
    /// [`MissingImport`](crate::ErrorKind::MissingImport),
    /// [`InvalidComponent`](crate::ErrorKind::InvalidComponent),
    /// [`Unusable`](crate::ErrorKind::Unusable),
    /// [`InvalidName`](crate::ErrorKind::InvalidName),
    /// [`StartFailed`](crate::ErrorKind::StartFailed),
    /// [`Unhealthy`](crate::ErrorKind::Unhealthy),
    /// [`InvalidLimits`](crate::ErrorKind::InvalidLimits),
    /// [`NotGranted`](crate::ErrorKind::NotGranted),
    /// [`GrantUnusable`](crate::ErrorKind::GrantUnusable),
    /// [`UnknownCapability`](crate::ErrorKind::UnknownCapability),
    /// [`ApprovalMismatch`](crate::ErrorKind::ApprovalMismatch);
    /// [`Error::phase`](crate::Error::phase) is the step that failed. A failed deploy leaves
    /// nothing behind.
    ///
    /// Cancel safe: if dropped before it completes, nothing is deployed.
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
    /// [`WorldChanged`](crate::ErrorKind::WorldChanged),
    /// [`CallersLost`](crate::ErrorKind::CallersLost),
    /// [`StateWouldBeLost`](crate::ErrorKind::StateWouldBeLost), and
    /// [`AwaitsApproval`](crate::ErrorKind::AwaitsApproval) if the component requests more than the
    /// active revision was granted and the update sets no grants.
    ///
    /// Cancel safe: if dropped before it completes, either nothing has changed or the new revision
    /// is active; no state in between.
    pub fn update(&self, name: impl Into<String>, component: Component) -> Update<'_> {
        Update::new(&self.0.context, name.into(), component)
    }

    /// Makes an earlier revision of `name` active again when the returned builder is awaited.
    ///
    /// Needs no compiler and no file: [`HostBuilder::revisions_kept`] revisions are kept ready to
    /// serve.
    ///
    /// # Errors
    ///
    /// [`NothingToRollBackTo`](crate::ErrorKind::NothingToRollBackTo), with the retained revisions;
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed),
    /// [`CallersLost`](crate::ErrorKind::CallersLost),
    /// [`StateWouldBeLost`](crate::ErrorKind::StateWouldBeLost), and any error of starting an
    /// instance. The previously active revision then keeps serving.
    ///
    /// Cancel safe, like [`update`](Self::update).
    pub fn rollback(&self, name: impl Into<String>) -> Rollback<'_> {
        Rollback::new(&self.0.context, name.into())
    }

    /// Returns the deployment with this name.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name.
    pub fn deployment(&self, name: &str) -> Result<Deployment> {
        self.0.context.deployments.get(name).map(Deployment)
    }

    /// Returns the current status of a deployment.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name.
    pub fn status(&self, name: &str) -> Result<Status> {
        Ok(self.deployment(name)?.status())
    }

    /// Revokes a rule from every revision of a deployment, including those retained for a rollback
    /// and calls in progress. Their next operation of the kind is denied, and resources opened
    /// under the rule are closed. Instances that no call uses are dropped with everything they have
    /// open, unless they hold state. The revocation lasts until the rule is granted again by
    /// [`Update::grants`]. Returns the affected grants; if there are none, the rule is denied from
    /// now on all the same.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`InvalidGrant`](crate::ErrorKind::InvalidGrant) if the text is not a rule, or names
    /// something that every component may do;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if the state directory cannot be
    /// written: the revocation then lasts until this process ends.
    ///
    /// Blocks while the state directory is written, if the host has one.
    pub fn revoke(&self, name: &str, rule: &str) -> Result<Vec<Rule>> {
        let named = self.0.context.deployments.get(name)?;
        let rule: Rule = rule.parse()?;
        if rule.known_kind().is_some_and(CapabilityKind::is_baseline) {
            let message = format!(
                "`{rule}` cannot be revoked from a running component; remove the deployment, or deny this when you deploy it"
            );
            return Err(Error::new(ErrorKind::InvalidGrant, message));
        }
        // Its value, if it has one, must not be disclosed.
        let rule = rule.without_value();
        let touched = named.revoke(&rule)?;
        self.0.context.runtime.announcer.announce(Event::Revoked {
            component: named.name.clone(),
            rule,
        });
        Ok(touched)
    }

    /// Deploys a pipeline, each stage as `<pipeline>:<stage>`, when the returned builder is
    /// awaited.
    ///
    /// # Errors
    ///
    /// [`NameTaken`](crate::ErrorKind::NameTaken),
    /// [`InvalidPipeline`](crate::ErrorKind::InvalidPipeline) if the configuration is inconsistent,
    /// and the errors of [`deploy`](Self::deploy) for each stage. A failed deploy leaves nothing
    /// behind.
    ///
    /// Cancel safe: if dropped before it completes, nothing is deployed.
    pub fn deploy_pipeline(&self, pipeline: ComponentPipeline) -> DeployPipeline<'_> {
        DeployPipeline::new(&self.0.pipelines, pipeline)
    }

    /// Returns the pipeline with this name. With a state directory, the first use after a start
    /// blocks while the pipeline is restored.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged) if it is in the state directory but cannot
    /// be restored.
    pub fn pipeline(&self, name: &str) -> Result<PipelineDeployment> {
        let running = self.0.pipelines.get(name)?;
        Ok(PipelineDeployment::new(&self.0.pipelines, running))
    }

    /// Returns the names of all pipelines in order, including those in the state directory that
    /// cannot run.
    #[must_use]
    pub fn pipelines(&self) -> Vec<ComponentName> {
        self.0.pipelines.all()
    }

    /// Returns the component of the update that awaits approval, if there is one.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name.
    pub fn awaiting_approval(&self, name: &str) -> Result<Option<Component>> {
        let named = self.0.context.deployments.get(name)?;
        Ok(named.authorization.pending())
    }

    /// Continues an update that awaits approval when the returned builder is awaited.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`ApprovalMismatch`](crate::ErrorKind::ApprovalMismatch) if no update awaits approval, or
    /// not the approved one.
    pub fn approve(&self, name: &str, approval: Approval) -> Result<Update<'_>> {
        let Some(component) = self.awaiting_approval(name)? else {
            return Err(Error::new(
                ErrorKind::ApprovalMismatch,
                format!("no update of `{name}` awaits approval"),
            ));
        };
        Ok(self.update(name, component).approval(approval))
    }

    /// Returns every deployment in order of name, except those in the state directory that cannot
    /// be restored. Blocks until all have been restored since the start.
    #[must_use]
    pub fn list(&self) -> Vec<Deployment> {
        self.0
            .context
            .deployments
            .all()
            .into_iter()
            .map(Deployment)
            .collect()
    }

    /// Returns a summary of every deployment: the active revision, and any problem. Does not wait
    /// for deployments that have not been restored since the start.
    #[must_use]
    pub fn summaries(&self) -> Vec<Summary> {
        // The lock ensures that a deployment restored meanwhile appears once.
        let mut all: Vec<Summary> = self.0.context.deployments.with_sleeping(|sleeping| {
            let awake = self.0.context.deployments.awake();
            let asleep = sleeping.iter().filter_map(|(name, asleep)| {
                let problem = asleep.problem().map(str::to_owned);
                Some(Summary {
                    component: name.clone(),
                    active: asleep.serving()?,
                    problem,
                })
            });
            awake
                .iter()
                .map(|named| Summary::from_entry(named))
                .chain(asleep)
                .collect()
        });
        all.sort_by(|one, other| one.component.cmp(&other.component));
        all
    }

    /// Returns the names whose records in the state directory cannot be read, each with the
    /// problem. They do not serve, and can be deployed again; a pipeline only after
    /// [`remove_pipeline`](Self::remove_pipeline) has removed the rest of it.
    #[must_use]
    pub fn lost(&self) -> &[(String, String)] {
        &self.0.lost
    }

    /// Returns the changes made to deployments, oldest first; the last 10,000 are stored. Blocks
    /// while they are read.
    ///
    /// # Errors
    ///
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if there is no state directory,
    /// or it cannot be read.
    pub fn history(&self) -> Result<Vec<Change>> {
        self.state()?.changes()
    }

    /// Publishes a component in the state directory under its name and version. A version is
    /// permanently bound to its bytes; publishing the same bytes again changes nothing. Blocks.
    ///
    /// # Errors
    ///
    /// [`VersionTaken`](crate::ErrorKind::VersionTaken) if the version is published with different
    /// bytes, [`Unnamed`](crate::ErrorKind::Unnamed) if the component has no name or no version,
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if there is no state directory or
    /// it cannot be written.
    pub fn publish(&self, component: &Component) -> Result<(ComponentName, Version)> {
        self.state()?.publish(component)
    }

    /// Checks that a component could be published. Blocks.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub fn check_publication(&self, component: &Component) -> Result<()> {
        self.state()?.check_publication(component)
    }

    /// Returns a published component. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// [`NotPublished`](crate::ErrorKind::NotPublished), with the published names or versions;
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged);
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
    pub fn package(&self, wanted: &PackageRef) -> Result<Component> {
        self.state()?.package(wanted)
    }

    /// Returns every published name with its versions, oldest first. Blocks while the directory is
    /// read.
    ///
    /// # Errors
    ///
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
    pub fn packages(&self) -> Result<Vec<(ComponentName, Vec<Version>)>> {
        self.state()?.published()
    }

    fn state(&self) -> Result<Arc<StateDirectory>> {
        self.0.context.runtime.state().ok_or_else(|| {
            let message =
                "this host has no state directory; set one with `HostBuilder::state_directory`";
            Error::new(ErrorKind::StateUnavailable, message)
        })
    }

    /// Waits until the guest log and the audit log have taken everything passed to them so far.
    /// Call it before the program ends, so that no output is lost. Cancel safe.
    pub async fn flush_logs(&self) {
        self.0.context.runtime.guest_log.wait_until_empty().await;
        self.0.context.runtime.audit.wait_until_empty().await;
    }

    /// Returns the number of guest lines dropped because the guest log was too slow, not counting
    /// those beyond [`Limits::log_bytes_per_second_max`](crate::Limits).
    #[must_use]
    pub fn guest_lines_dropped(&self) -> u64 {
        self.0.context.runtime.guest_log.dropped()
    }

    /// Returns a stream of the events on this host from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.context.runtime.announcer.subscribe()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("deployments", &self.list())
            .finish()
    }
}
