//! The builder of a deploy.

use std::future::IntoFuture;
use std::sync::Arc;

use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::{ComponentName, Instancing, Limits, Rollout};
use tracing::{Instrument as _, Span};

use super::run::{Candidate, Overrides, RolloutRun};
use super::target::{NewDeployment, ParentPipeline};
use super::{Approval, RolloutFuture};
use crate::capability::Console;
use crate::capability::Enforcement;
use crate::context::HostContext;
use crate::data::SharedValues;
use crate::handle::Deployment;
use crate::revision::LinkBindings;
use crate::revision::{GrantOrigin, RevisionPlan};
use crate::{Component, Error, ErrorClass, Result};

/// A pending deploy of a first revision; await it to begin. See
/// [`Host::deploy`](crate::Host::deploy).
#[must_use = "nothing is deployed until this is awaited"]
pub struct Deploy<'a> {
    context: &'a Arc<HostContext>,
    component: Component,
    name: Option<String>,
    limits: Option<Limits>,
    instancing: Option<Instancing>,
    grants: Grants,
    approval: Option<Approval>,
    enforcement: Enforcement,
    bindings: LinkBindings,
    console: Option<Arc<Console>>,
    data: SharedValues,
    pipeline: Option<ParentPipeline>,
}

impl<'a> Deploy<'a> {
    pub(crate) fn new(context: &'a Arc<HostContext>, component: Component) -> Self {
        Self {
            context,
            component,
            name: None,
            limits: None,
            instancing: None,
            grants: Grants::new(),
            approval: None,
            enforcement: Enforcement::Enforced,
            bindings: LinkBindings::new(),
            console: None,
            data: context.runtime.data.clone(),
            pipeline: None,
        }
    }

    /// Makes it a stage of a pipeline. The stage is removed again if the pipeline is not deployed
    /// in the end.
    pub(crate) fn stage_of(self, pipeline: ParentPipeline) -> Self {
        Self {
            pipeline: Some(pipeline),
            ..self
        }
    }

    /// Sets the grants. Defaults to none.
    pub fn grants(self, grants: Grants) -> Self {
        Self { grants, ..self }
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

    /// Sets the enforcement mode. Defaults to [`Enforcement::Enforced`].
    pub fn enforcement(self, enforcement: Enforcement) -> Self {
        Self {
            enforcement,
            ..self
        }
    }

    /// Selects the deployment that serves an imported interface, where several could. `interface`
    /// has no version, as in `acme:store/kv`; `deployment` is the name of the deployment.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) if `deployment` is not a valid component
    /// name.
    pub fn link(mut self, interface: &str, deployment: &str) -> Result<Self> {
        self.bindings
            .insert(interface.to_owned(), deployment.parse()?);
        Ok(self)
    }

    /// Connects the instances to a console: arguments, stdin, and a destination for their output.
    /// By default they have no arguments and an empty stdin. Updates retain the console; a state
    /// directory does not store it.
    pub fn console(self, console: Console) -> Self {
        Self {
            console: Some(Arc::new(console)),
            ..self
        }
    }

    /// Adds data of the embedder, which host functions reach with
    /// [`InstanceState::data`](crate::InstanceState::data) in every instance of this deployment. It
    /// takes precedence over the host's data of the same type. There is one value of each type; a
    /// second replaces the first.
    ///
    /// Updates retain it. A state directory does not store it: after a restart, the deployment has
    /// only the host's data. Data that depends only on the name is better created by
    /// [`HostBuilder::instance_data`](crate::HostBuilder::instance_data).
    pub fn data<T: Send + Sync + 'static>(mut self, data: T) -> Self {
        self.data.insert(data);
        self
    }

    /// Sets the name to deploy under. Defaults to the component's own name.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// Sets the limits. Defaults to those of the host.
    pub fn limits(self, limits: Limits) -> Self {
        Self {
            limits: Some(limits),
            ..self
        }
    }

    /// Sets the instancing mode. Defaults to the one that the component declares.
    pub fn instancing(self, instancing: Instancing) -> Self {
        Self {
            instancing: Some(instancing),
            ..self
        }
    }

    /// Rehearses the deploy: checks and compiles everything. Runs nothing of the component, deploys
    /// nothing, and announces no event. Cancel safe.
    ///
    /// # Errors
    ///
    /// The errors of a deploy, except those that only starting the component would reveal.
    pub async fn rehearse(self) -> Result<()> {
        let (run, span) = self.prepare(Rollout::deploy().into_rehearsal()).await?;
        run.rehearse().instrument(span).await
    }

    async fn run(self) -> Result<Deployment> {
        let (run, span) = self.prepare(Rollout::deploy()).await?;
        Ok(Deployment(run.follow().instrument(span).await?))
    }

    async fn prepare(self, machine: Rollout) -> Result<(RolloutRun<'a, NewDeployment>, Span)> {
        let name = self.target_name()?;
        let grants = match &self.approval {
            Some(approval) => approval.grants_for(&self.component)?,
            None => self.grants,
        };
        let draft = RevisionPlan {
            name: name.clone(),
            number: 1,
            grants,
            lifted_revocations: Vec::new(),
            enforcement: self.enforcement,
            grant_origin: GrantOrigin::Explicit {
                revocations_seen: 0,
            },
            explicit_bindings: self.bindings.clone(),
            bindings: self.bindings,
            links: Arc::new(crate::revision::NoLinks),
            console: self.console,
            data: self.data,
            authority: None,
            instancing: self
                .instancing
                .or(self.component.instancing())
                .unwrap_or_default(),
            limits: self.limits.unwrap_or_else(|| self.context.limits.clone()),
            component: self.component,
        };
        draft.limits.check()?;
        let reserved = self.context.deployments.reserve(&name).await?;
        let place = NewDeployment {
            reserved,
            pipeline: self.pipeline,
        };
        let span = tracing::info_span!("deploy", component = %name);
        let candidate = Candidate::Draft(Box::new(draft));
        Ok((
            RolloutRun::new(
                self.context,
                machine,
                place,
                Overrides::default(),
                candidate,
            ),
            span,
        ))
    }

    fn target_name(&self) -> Result<ComponentName> {
        match (&self.name, self.component.name()) {
            (Some(name), _) => Ok(name.parse()?),
            (None, Some(name)) => Ok(name.clone()),
            (None, None) => Err(Error::new(
                ErrorClass::UNNAMED,
                "the component declares no name; set one with `.name(\"greeter\")`",
            )),
        }
    }
}

impl<'a> IntoFuture for Deploy<'a> {
    type Output = Result<Deployment>;
    type IntoFuture = RolloutFuture<'a, Deployment>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
