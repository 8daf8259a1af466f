//! The builder of an update.

use std::future::IntoFuture;
use std::sync::{Arc, Weak};
use std::time::Instant;

use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::terms::TermsChange;
use airssys_wasm_core::{Rollout, Rule, Strategy, terms_setters};
use tracing::{Instrument as _, Span};

use super::checks::{StateLoss, VersionRequirement};
use super::lifting::{LiftingConsent, PriorRevocations};
use super::run::{Candidate, Overrides, RolloutRun};
use super::target::{ExistingDeployment, RolloutCause};
use super::{Approval, Promotion, RolloutFuture};
use crate::context::HostContext;
use crate::data::SharedValues;
use crate::deployment::DeploymentEntry;
use crate::revision::{GrantOrigin, Revision, RevisionPlan};
use crate::{Component, Error, ErrorKind, Result};

/// A pending update of a deployment to a new revision; await it to begin. See
/// [`Host::update`](crate::Host::update).
///
/// New grants approve an update that requests more. They restore a rule that was revoked if they
/// contain that rule, or narrower ones and none that is wider. A wider grant alone fails with
/// [`LiftsRevocation`](crate::ErrorKind::LiftsRevocation) unless
/// [`lifting_revocations`](Self::lifting_revocations) is called. [`Promotion::lifted`] returns the
/// rules that were lifted.
#[must_use = "nothing is updated until this is awaited"]
pub struct Update<'a> {
    context: &'a Arc<HostContext>,
    name: String,
    component: Component,
    strategy: Strategy,
    terms: TermsChange,
    approval: Option<Approval>,
    lifting_consent: LiftingConsent,
    overrides: Overrides,
    data: SharedValues,
    /// `true` if its pipeline has checked every edge of the stage.
    is_checked_by_pipeline: bool,
    /// The deployment when this builder was created, and the number of its revocations. `None` if
    /// it was not in use.
    at_start: Option<(Weak<DeploymentEntry>, usize)>,
}

/// The grants of the next revision.
struct UpdateGrants {
    grants: Grants,
    origin: GrantOrigin,
    /// The revocations that the grants lift.
    lifted: Vec<Rule>,
}

impl<'a> Update<'a> {
    pub(crate) fn new(context: &'a Arc<HostContext>, name: String, component: Component) -> Self {
        Self {
            at_start: context.deployments.revocation_count(&name),
            is_checked_by_pipeline: false,
            context,
            name,
            component,
            strategy: Strategy::default(),
            terms: TermsChange::default(),
            approval: None,
            lifting_consent: LiftingConsent::NamedOnly,
            overrides: Overrides::default(),
            data: SharedValues::default(),
        }
    }

    terms_setters!(Error);

    pub(crate) fn change_terms(mut self, change: impl FnOnce(&mut TermsChange)) -> Self {
        change(&mut self.terms);
        self
    }

    /// Returns the names of the methods that set the terms of this update so far.
    pub(crate) fn names_of_terms(&self) -> impl Iterator<Item = &'static str> {
        self.terms.names()
    }

    /// Applies an approval: uses its grants, and fails with
    /// [`ApprovalMismatch`](crate::ErrorKind::ApprovalMismatch) if the component is not the
    /// approved one.
    pub fn approval(self, approval: Approval) -> Self {
        Self {
            approval: Some(approval),
            ..self
        }
    }

    /// Allows grants that are wider than what was revoked to restore it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use airssys_wasm_host::policy::Grants;
    /// use airssys_wasm_host::{Component, ErrorKind, Host};
    ///
    /// let host = Host::builder().build()?;
    /// let component = Component::from_bytes(wat::parse_str("(component)")?)?.with_name("feeds")?;
    /// let grants = || Grants::new().allow("http https://**");
    /// let feeds = host.deploy(component.clone()).grants(grants()?).await?;
    /// feeds.revoke("http https://api.example.com/v1").await?;
    ///
    /// let update = || host.update("feeds", component.clone()).any_version();
    /// let error = update().grants(grants()?).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::LiftsRevocation);
    /// let promoted = update().grants(grants()?).lifting_revocations().await?;
    /// assert_eq!(promoted.lifted().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lifting_revocations(self) -> Self {
        Self {
            lifting_consent: LiftingConsent::AnyGranted,
            ..self
        }
    }

    /// Replaces the component to update to.
    pub(crate) fn with_component(self, component: Component) -> Self {
        Self { component, ..self }
    }

    /// Marks this as the update of a stage whose edges its pipeline has checked.
    pub(crate) fn checked_by_pipeline(self) -> Self {
        Self {
            is_checked_by_pipeline: true,
            ..self
        }
    }

    /// Adds data of the embedder, in place of the active revision's data of the same type; the rest
    /// stays. See [`Deploy::data`](crate::Deploy::data). A rollback returns to the data of the
    /// revision that it restores.
    pub fn data<T: Send + Sync + 'static>(mut self, data: T) -> Self {
        self.data.insert(data);
        self
    }

    /// Sets the rollout strategy. Defaults to blue-green.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// Allows an update to an older or equal version, or to a component that declares none.
    pub fn any_version(self) -> Self {
        Self {
            overrides: Overrides {
                version: VersionRequirement::Any,
                ..self.overrides
            },
            ..self
        }
    }

    /// Allows the state of a stateful component to be lost: the new revision starts without it, and
    /// the old instance is dropped when its last call has ended.
    pub fn discard_state(self) -> Self {
        Self {
            overrides: Overrides {
                state_loss: StateLoss::Allowed,
                ..self.overrides
            },
            ..self
        }
    }

    /// Rehearses the update: checks and compiles everything. Runs nothing of the component,
    /// replaces nothing, and announces no event. Cancel safe.
    ///
    /// # Errors
    ///
    /// The errors of an update, including [`AwaitsApproval`](crate::ErrorKind::AwaitsApproval)
    /// where it would wait, except those that only starting the component would reveal.
    pub async fn rehearse(self) -> Result<()> {
        let machine = Rollout::update(self.strategy).into_rehearsal();
        let (run, span) = self.prepare(machine).await?;
        run.rehearse().instrument(span).await
    }

    async fn run(self) -> Result<Promotion> {
        let begun = Instant::now();
        let machine = Rollout::update(self.strategy);
        let (run, span) = self.prepare(machine).await?;
        Ok(Promotion::new(run.follow().instrument(span).await?, begun))
    }

    async fn prepare(
        mut self,
        machine: Rollout,
    ) -> Result<(RolloutRun<'a, ExistingDeployment>, Span)> {
        let deployment = self.context.deployments.find(&self.name).await?;
        let revocations_seen = self.revocations_seen(&deployment);
        let rollout_lock = deployment.lock_rollout().await;
        let active = deployment.callable_revision()?;
        // An approved component was checked before it waited.
        if self.approval.is_none() && !self.is_checked_by_pipeline {
            check_not_a_stage(&deployment, &active, &self.component)?;
        }
        let granted = self.resolve_grants(&deployment, &active, revocations_seen)?;
        let cause = RolloutCause::Update {
            revocations_seen: match granted.origin {
                GrantOrigin::Explicit { revocations_seen } => Some(revocations_seen),
                GrantOrigin::Inherited => None,
            },
        };
        let number = if machine.is_rehearsal() {
            0
        } else {
            deployment.next_revision_number()
        };
        let (context, overrides, strategy) = (self.context, self.overrides, self.strategy);
        let plan = self.into_plan(&active, granted, number);
        plan.terms.check()?;
        let span = tracing::info_span!("update", component = %deployment.name, ?strategy);
        let target = ExistingDeployment {
            deployment,
            _rollout_lock: rollout_lock,
            cause,
        };
        let candidate = Candidate::Planned(Box::new(plan));
        Ok((
            RolloutRun::new(context, machine, target, overrides, candidate),
            span,
        ))
    }

    /// Returns the number of revocations that the grants of this update decide on: those made
    /// before this builder was created. Later ones stay in force, and so do all of a deployment
    /// that was restored, or deployed under the name, since then.
    fn revocations_seen(&self, deployment: &Arc<DeploymentEntry>) -> usize {
        match &self.at_start {
            Some((known, count)) if known.as_ptr() == Arc::as_ptr(deployment) => *count,
            _ => 0,
        }
    }

    /// Returns the grants that were set or approved, with the revocations that they leave in force,
    /// or else those of the active revision.
    fn resolve_grants(
        &mut self,
        deployment: &DeploymentEntry,
        active: &Revision,
        revocations_seen: usize,
    ) -> Result<UpdateGrants> {
        let given = match &self.approval {
            Some(approval) => Some(approval.grants_for(&self.component)?),
            None => self.terms.grants.take(),
        };
        let Some(given) = given else {
            return Ok(UpdateGrants {
                grants: active.authority.policy().grants().clone(),
                origin: GrantOrigin::Inherited,
                lifted: Vec::new(),
            });
        };
        let revoked = PriorRevocations::from_revision(active, deployment, revocations_seen);
        let (grants, lifted) = revoked.resolve(given, self.lifting_consent)?;
        Ok(UpdateGrants {
            grants,
            origin: GrantOrigin::Explicit { revocations_seen },
            lifted,
        })
    }

    /// Returns the plan of the next revision: the options of this update, and everything else as in
    /// the active revision.
    fn into_plan(self, active: &Revision, granted: UpdateGrants, number: u64) -> RevisionPlan {
        let mut data = active.data.clone();
        data.extend(&self.data);
        let explicit_links = self.terms.links.clone();
        let change = self.terms.grants(granted.grants);
        RevisionPlan {
            name: active.name().clone(),
            number,
            terms: change.apply_to(active.current_terms()),
            grant_origin: granted.origin,
            lifted_revocations: granted.lifted,
            explicit_links,
            links: Arc::new(crate::revision::NoLinks),
            data,
            console: active.console.clone(),
            authority: None,
            component: self.component,
        }
    }
}

impl<'a> IntoFuture for Update<'a> {
    type Output = Result<Promotion>;
    type IntoFuture = RolloutFuture<'a, Promotion>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Fails if this would change the component of a stage, which could break the edges of its
/// pipeline.
fn check_not_a_stage(
    deployment: &DeploymentEntry,
    active: &Revision,
    next: &Component,
) -> Result<()> {
    match &deployment.pipeline {
        Some(pipeline) if active.component.digest() != next.digest() => {
            let message = format!(
                "`{}` is a stage of the pipeline `{pipeline}`: update it there, so that its edges are checked",
                deployment.name
            );
            Err(Error::new(ErrorKind::InUse, message))
        }
        _ => Ok(()),
    }
}
