//! The host: names, and what is done to them.
//!
//! Holds no logic of its own: rollouts are carried out by `rollout`, calls made
//! by `function`. Tests: the workspace's `tests`.

mod builder;
mod names;
mod removal;

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Kind, Limits, PackageRef, Rule};
use semver::Version;

pub use builder::HostBuilder;
pub(crate) use names::Names;

use crate::deployment::{Deployment, End, Named, Status, Summary};
use crate::observe::{Event, Events};
use crate::pipeline::{
    ComponentPipeline, DeadLetters, DeployPipeline, PipelineDeployment, Pipelines,
};
use crate::rollout::{Approval, Deploy, Rollback, Update};
use crate::runtime::Runtime;
use crate::state::{Change, State};
use crate::{Component, Error, ErrorKind, Result};

/// Runs components under names that outlive their versions.
///
/// Cloning is cheap, and all clones are one host. When the last is dropped, calls
/// in flight run to their end, and calls begun later through handles that are
/// still around fail with [`HostDropped`](crate::ErrorKind::HostDropped). Its state
/// directory is free then.
///
/// Needs a tokio runtime with its timer enabled, which the embedder has; brings a few threads of
/// its own: one for deadlines, and, started when first needed, a few for work that blocks and one
/// for each log. Two hosts in one process share nothing.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Shared>);

/// What the clones of a host share.
pub(crate) struct Shared {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) limits: Limits,
    pub(crate) names: Arc<Names>,
    pub(crate) pipelines: Pipelines,
    #[cfg(feature = "http")]
    pub(crate) routing: crate::http::Routing,
    /// Who takes what pipelines put aside that say nobody.
    pub(crate) letters: Option<Arc<dyn DeadLetters>>,
    /// What the state directory has and cannot be read.
    pub(crate) lost: Vec<(String, String)>,
}

impl Host {
    /// Begins a host. See [`HostBuilder`] for everything that is refused unless
    /// said otherwise.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// Deploys a component under its name: await what this returns.
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
    /// [`ApprovalMismatch`](crate::ErrorKind::ApprovalMismatch); the
    /// [phase](crate::Error::phase) says where. Nothing is left behind.
    ///
    /// Cancel safe: dropped before it is ready, nothing is deployed.
    pub fn deploy(&self, component: Component) -> Deploy<'_> {
        Deploy::new(&self.0, component)
    }

    /// Replaces the revision that serves `name`: await what this returns.
    ///
    /// Every call is admitted to exactly one revision and ends on it; none is
    /// dropped, refused or run twice on account of an update. A call that begins
    /// after this has returned is served by the new revision.
    ///
    /// # Errors
    ///
    /// Whatever fails, the revision that served serves on, untouched; the
    /// [phase](crate::Error::phase) says what failed. Besides the errors of
    /// [`deploy`](Self::deploy): [`NotDeployed`](crate::ErrorKind::NotDeployed),
    /// [`VersionNotNewer`](crate::ErrorKind::VersionNotNewer),
    /// [`WorldChanged`](crate::ErrorKind::WorldChanged),
    /// [`CallersLost`](crate::ErrorKind::CallersLost),
    /// [`StateWouldBeLost`](crate::ErrorKind::StateWouldBeLost), and
    /// [`AwaitsApproval`](crate::ErrorKind::AwaitsApproval) if it asks for more than the
    /// revision that serves and says no grants of its own.
    ///
    /// Cancel safe: dropped before it is ready, either nothing has changed or the
    /// new revision serves; never anything between.
    pub fn update(&self, name: impl Into<String>, component: Component) -> Update<'_> {
        Update::new(&self.0, name.into(), component)
    }

    /// Lets an earlier revision serve `name` again: await what this returns.
    ///
    /// Needs no compiler and no file: revisions are kept ready to serve, as many
    /// as [`HostBuilder::revisions_kept`] says.
    ///
    /// # Errors
    ///
    /// [`NothingToRollBackTo`](crate::ErrorKind::NothingToRollBackTo) with the
    /// revisions there are, [`NotDeployed`](crate::ErrorKind::NotDeployed),
    /// [`CallersLost`](crate::ErrorKind::CallersLost),
    /// [`StateWouldBeLost`](crate::ErrorKind::StateWouldBeLost), and what starting
    /// an instance can give. The revision that served then serves on.
    ///
    /// Cancel safe, as [`update`](Self::update) is.
    pub fn rollback(&self, name: impl Into<String>) -> Rollback<'_> {
        Rollback::new(&self.0, name.into())
    }

    /// The deployment of a name.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name.
    pub fn deployment(&self, name: &str) -> Result<Deployment> {
        self.0.names.get(name).map(Deployment)
    }

    /// What a name looks like at this moment.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name.
    pub fn status(&self, name: &str) -> Result<Status> {
        Ok(self.deployment(name)?.status())
    }

    /// Takes back what a rule says from every revision of a name: those that are kept for
    /// a rollback, and calls that are under way. Their next operation of the kind is
    /// denied, and what was opened under it ends. Instances that no call uses are dropped
    /// with all they have open, unless they keep state. Holds until it is granted again, by
    /// [`Update::grants`]. Returns the grants that are touched: none if nothing of the
    /// kind was granted, and it is denied all the same from now on.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`InvalidGrant`](crate::ErrorKind::InvalidGrant) if the text is no rule, or one of
    /// what every component may do; [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if
    /// the state directory cannot be written: then it is revoked until this process ends.
    ///
    /// Blocks while the state directory is written, if there is one.
    pub fn revoke(&self, name: &str, rule: &str) -> Result<Vec<Rule>> {
        let named = self.0.names.get(name)?;
        let rule: Rule = rule.parse()?;
        if rule.known_kind().is_some_and(Kind::is_given_to_all) {
            let message = format!(
                "`{rule}` cannot be taken from a component that runs; remove it, or deny this when you deploy it"
            );
            return Err(Error::new(ErrorKind::InvalidGrant, message));
        }
        // Its value, if it says one, is nobody's business.
        let rule = rule.without_value();
        let touched = named.revoke(&rule)?;
        self.0.runtime.announcer.announce(Event::Revoked {
            component: named.name.clone(),
            rule,
        });
        Ok(touched)
    }

    /// Deploys a pipeline, each stage as `<pipeline>:<stage>`: await what this returns.
    ///
    /// # Errors
    ///
    /// [`NameTaken`](crate::ErrorKind::NameTaken),
    /// [`InvalidPipeline`](crate::ErrorKind::InvalidPipeline) if what was said of it does not
    /// go together, and the errors of [`deploy`](Self::deploy) for each stage. Nothing is left
    /// behind.
    ///
    /// Cancel safe: dropped before it is ready, nothing is deployed.
    pub fn deploy_pipeline(&self, pipeline: ComponentPipeline) -> DeployPipeline<'_> {
        DeployPipeline::new(self, pipeline)
    }

    /// The pipeline of a name. With a state directory, blocks when that has it and nobody has
    /// asked for it since the start.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged) if the state directory has it, and it
    /// cannot run.
    pub fn pipeline(&self, name: &str) -> Result<PipelineDeployment> {
        let runner = self.0.pipelines.get(self, name)?;
        Ok(PipelineDeployment::new(self.clone(), runner))
    }

    /// Every pipeline, by name; so those that a state directory has and that cannot run.
    #[must_use]
    pub fn pipelines(&self) -> Vec<ComponentName> {
        self.0.pipelines.all()
    }

    /// The update of a name that waits to be approved, if one does.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name.
    pub fn awaiting_approval(&self, name: &str) -> Result<Option<Component>> {
        let named = self.0.names.get(name)?;
        Ok(named.authorization.pending())
    }

    /// Goes on with the update of a name that waits: await what this returns.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`ApprovalMismatch`](crate::ErrorKind::ApprovalMismatch) if nothing waits, or
    /// something else than was approved.
    pub fn approve(&self, name: &str, approval: Approval) -> Result<Update<'_>> {
        let Some(component) = self.awaiting_approval(name)? else {
            return Err(Error::new(
                ErrorKind::ApprovalMismatch,
                format!("no update of `{name}` waits"),
            ));
        };
        Ok(self.update(name, component).approval(approval))
    }

    /// Every deployment, by name; those that a state directory has and that cannot serve are left
    /// out. Waits for those that have not been made ready since the start.
    #[must_use]
    pub fn list(&self) -> Vec<Deployment> {
        self.0.names.all().into_iter().map(Deployment).collect()
    }

    /// Every name in short: what serves, and what is in the way. Takes no time for those that
    /// have not been made ready since the start.
    #[must_use]
    pub fn summaries(&self) -> Vec<Summary> {
        // One that wakes meanwhile is seen once.
        let mut all: Vec<Summary> = self.0.names.look_at_sleeping(|sleeping| {
            let awake = self.0.names.awake();
            let asleep = sleeping.iter().filter_map(|(name, asleep)| {
                let problem = asleep.problem().map(str::to_owned);
                Some(Summary {
                    component: name.clone(),
                    serving: asleep.serving()?,
                    problem,
                })
            });
            awake
                .iter()
                .map(|named| Summary::of(named))
                .chain(asleep)
                .collect()
        });
        all.sort_by(|one, other| one.component.cmp(&other.component));
        all
    }

    /// Names that the state directory has and of which nothing can be read, each with what is
    /// wrong. They do not serve, and can be deployed anew; a pipeline once
    /// [`remove_pipeline`](Self::remove_pipeline) has removed what is left of it.
    #[must_use]
    pub fn lost(&self) -> &[(String, String)] {
        &self.0.lost
    }

    /// What was done to names, oldest first: the last 10,000 changes. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if there is no state directory,
    /// or it cannot be read.
    pub fn history(&self) -> Result<Vec<Change>> {
        self.state()?.changes()
    }

    /// Publishes a component in the state directory, under its name and version. The version
    /// stands for these bytes for good; to publish the same again changes nothing. Blocks.
    ///
    /// # Errors
    ///
    /// [`VersionTaken`](crate::ErrorKind::VersionTaken) if it stands for other bytes,
    /// [`Unnamed`](crate::ErrorKind::Unnamed) if it says no name or no version,
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if there is no state directory
    /// or it cannot be written.
    pub fn publish(&self, component: &Component) -> Result<(ComponentName, Version)> {
        self.state()?.publish(component)
    }

    /// Whether a component could be published. Blocks.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub fn check_publication(&self, component: &Component) -> Result<()> {
        self.state()?.check_publication(component)
    }

    /// The published component that is meant. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// [`NotPublished`](crate::ErrorKind::NotPublished) with what there is,
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged),
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
    pub fn package(&self, wanted: &PackageRef) -> Result<Component> {
        self.state()?.package(wanted)
    }

    /// Every name that something is published under, with its versions, oldest first. Blocks
    /// while the directory is read.
    ///
    /// # Errors
    ///
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
    pub fn packages(&self) -> Result<Vec<(ComponentName, Vec<Version>)>> {
        self.state()?.published()
    }

    fn state(&self) -> Result<Arc<State>> {
        self.0.runtime.state().ok_or_else(|| {
            let message =
                "this host has no state directory; say one with `HostBuilder::state_directory`";
            Error::new(ErrorKind::StateUnavailable, message)
        })
    }

    /// Waits until the guest log and the audit log have taken all that was handed to them before.
    /// Call it before a program ends, so that nothing is cut off. Cancel safe.
    pub async fn logs_written(&self) {
        self.0.runtime.guest_log.emptied().await;
        self.0.runtime.audit.emptied().await;
    }

    /// How many lines of guests were dropped because the guest log did not take them in time; not
    /// those beyond [`Limits::log_bytes_per_second_max`](crate::Limits).
    #[must_use]
    pub fn guest_lines_dropped(&self) -> u64 {
        self.0.runtime.guest_log.dropped()
    }

    /// What happens on this host from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.runtime.announcer.subscribe()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.names.close();
        let all = self.names.awake();
        for named in &all {
            named.end(End::HostDropped);
        }
        // The directory is free, whoever still holds a deployment.
        self.runtime.state.store(None);
        cut_links_when_drained(all);
    }
}

/// Two deployments that import each other keep each other alive: they let go once nobody
/// calls any more.
fn cut_links_when_drained(all: Vec<Arc<Named>>) {
    if all.iter().all(|named| named.callers.linked().is_empty()) {
        return;
    }
    let cut = |all: &[Arc<Named>]| all.iter().for_each(|named| named.cut_links());
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(async move {
            for named in &all {
                named.drained().await;
            }
            cut(&all);
        })),
        // Nobody can be calling.
        Err(_) => cut(&all),
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("deployments", &self.list())
            .finish()
    }
}
