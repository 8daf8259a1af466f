//! The target of a rollout: a new deployment, or an existing one.
//!
//! Tests: `tests/suite/promises`, `tests/suite/state`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_core::{ComponentName, Rule};
use tokio::sync::OwnedMutexGuard;

use crate::deployment::{ActiveRevision, DeploymentEntry};
use crate::instance::Instance;
use crate::observe::Event;
use crate::registry::NameReservation;
use crate::revision::Revision;
use crate::services::HostServices;
use crate::state::{Action, RevisionSummary};
use crate::{Error, ErrorKind, Result};

/// The target of a rollout, where its revision goes live.
pub(super) trait RolloutTarget: Send + 'static {
    /// The result of a switch.
    type Live: Send + 'static;

    fn name(&self) -> &ComponentName;

    /// Returns the existing deployment. `None` for a new one.
    fn existing(&self) -> Option<&Arc<DeploymentEntry>>;

    /// Makes `revision` the active one, with `first` as its first instance. With a state directory,
    /// stores the change first; then it blocks.
    fn switch(
        &mut self,
        services: &Arc<HostServices>,
        revision: Arc<Revision>,
        first: Box<Instance>,
    ) -> Result<Self::Live>;
}

/// A reserved name that is not deployed yet.
pub(super) struct NewDeployment {
    pub(super) reserved: NameReservation<DeploymentEntry>,
    /// The pipeline that it will be a stage of, if any.
    pub(super) pipeline: Option<ParentPipeline>,
}

/// The pipeline that a stage is deployed for.
#[derive(Clone)]
pub(crate) struct ParentPipeline {
    pub(crate) pipeline: ComponentName,
    /// `true` if the pipeline will not be deployed after all.
    pub(crate) is_abandoned: Arc<AtomicBool>,
}

impl RolloutTarget for NewDeployment {
    type Live = Arc<DeploymentEntry>;

    fn name(&self) -> &ComponentName {
        self.reserved.name()
    }

    fn existing(&self) -> Option<&Arc<DeploymentEntry>> {
        None
    }

    fn switch(
        &mut self,
        services: &Arc<HostServices>,
        revision: Arc<Revision>,
        first: Box<Instance>,
    ) -> Result<Arc<DeploymentEntry>> {
        let deployed = Event::Deployed {
            deployment: self.reserved.name().clone(),
            revision: revision.number,
            version: revision.component.version().cloned(),
        };
        let pipeline = self.pipeline.as_ref().map(|stage| stage.pipeline.clone());
        let deployment = DeploymentEntry::new(Arc::clone(services), revision, first, pipeline)?;
        self.reserved.fill(&deployment);
        // If the pipeline is abandoned after this check, the stage is found under its name and
        // removed.
        if self
            .pipeline
            .as_ref()
            .is_some_and(|stage| stage.is_abandoned.load(Ordering::SeqCst))
        {
            self.reserved.release();
            deployment.abandon_stage()?;
            return Err(Error::new(
                ErrorKind::NotDeployed,
                "the deploy of its pipeline was abandoned",
            ));
        }
        services.announcer.announce(deployed);
        Ok(deployment)
    }
}

/// An existing deployment, locked for one rollout.
pub(super) struct ExistingDeployment {
    pub(super) deployment: Arc<DeploymentEntry>,
    pub(super) _rollout_lock: OwnedMutexGuard<()>,
    pub(super) cause: RolloutCause,
}

/// The kind of rollout that replaces a revision.
pub(super) enum RolloutCause {
    /// An update. `revocations_seen` is the number of revocations that its grants, if it has new
    /// ones, decide on.
    Update { revocations_seen: Option<usize> },
    /// A rollback to a revision that served before.
    Rollback,
}

/// The result of a switch: the previous revision and the new one.
pub(super) struct SwitchResult {
    pub(super) old: Arc<ActiveRevision>,
    pub(super) revision: Arc<Revision>,
    /// The revocations that this switch lifted. A rollback lifts none, even if the grants of its
    /// revision did when they were new.
    pub(super) lifted: Vec<Rule>,
}

impl RolloutTarget for ExistingDeployment {
    type Live = SwitchResult;

    fn name(&self) -> &ComponentName {
        &self.deployment.name
    }

    fn existing(&self) -> Option<&Arc<DeploymentEntry>> {
        Some(&self.deployment)
    }

    /// Binds the handles that were registered since the last check first.
    fn switch(
        &mut self,
        services: &Arc<HostServices>,
        revision: Arc<Revision>,
        mut first: Box<Instance>,
    ) -> Result<SwitchResult> {
        let deployment = &self.deployment;
        let mut change = deployment.begin_change();
        let handles = deployment.handles.begin_switch(&revision, &mut first)?;
        let summary = RevisionSummary::from_revision(&revision);
        let history = change.history_mut();
        let (action, lifted, revocations_seen, forgotten) = match self.cause {
            RolloutCause::Update { revocations_seen } => {
                let forgotten = history.record_update(Arc::clone(&revision));
                change.set_pending(None);
                (
                    Action::Updated(summary),
                    revision.lifted_revocations.clone(),
                    revocations_seen.unwrap_or(0),
                    forgotten,
                )
            }
            RolloutCause::Rollback => {
                history.record_rollback(Arc::clone(&revision));
                let lifted = Vec::new();
                let summary = RevisionSummary { lifted, ..summary };
                (Action::RolledBack(summary), Vec::new(), 0, Vec::new())
            }
        };
        let next = ActiveRevision::new(services, Arc::clone(&revision), Some(first));
        let old = change.switch(next, handles, action, revocations_seen)?;
        self.announce_lifted(services, revision.number, &lifted);
        if !forgotten.is_empty() {
            services.blocking.drop(forgotten);
        }
        Ok(SwitchResult {
            old,
            revision,
            lifted,
        })
    }
}

impl ExistingDeployment {
    fn announce_lifted(&self, services: &HostServices, revision: u64, lifted: &[Rule]) {
        for rule in lifted {
            let (deployment, rule) = (self.deployment.name.clone(), rule.clone());
            tracing::warn!(component = %deployment, %rule, "a revoked rule is granted again");
            services.announcer.announce(Event::GrantedAgain {
                deployment,
                revision,
                rule,
            });
        }
    }
}
