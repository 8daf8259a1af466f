//! A deploy, as it is said before it begins.

use std::future::IntoFuture;
use std::sync::Arc;

use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::{ComponentName, Instancing, Limits, Rollout};
use tracing::{Instrument as _, Span};

use super::place::{NewName, StageOf};
use super::run::{Allowed, Candidate, Run};
use super::{Approval, Awaited};
use crate::capability::Enforcement;
use crate::data::SharedData;
use crate::deployment::Deployment;
use crate::host::Shared;
use crate::link::Bound;
use crate::revision::{Approved, Draft};
use crate::wasi::Console;
use crate::{Component, Error, ErrorKind, Result};

/// A first revision for a name; await it to begin. See [`Host::deploy`](crate::Host::deploy).
#[must_use = "nothing is deployed until this is awaited"]
pub struct Deploy<'a> {
    shared: &'a Arc<Shared>,
    component: Component,
    name: Option<String>,
    limits: Option<Limits>,
    instancing: Option<Instancing>,
    grants: Grants,
    approval: Option<Approval>,
    enforcement: Enforcement,
    bound: Bound,
    console: Option<Arc<Console>>,
    data: SharedData,
    pipeline: Option<StageOf>,
}

impl<'a> Deploy<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, component: Component) -> Self {
        Self {
            shared,
            component,
            name: None,
            limits: None,
            instancing: None,
            grants: Grants::new(),
            approval: None,
            enforcement: Enforcement::Enforced,
            bound: Bound::new(),
            console: None,
            data: shared.runtime.data.clone(),
            pipeline: None,
        }
    }

    /// It is a stage of a pipeline, which goes when that is not deployed in the end.
    pub(crate) fn stage_of(self, pipeline: StageOf) -> Self {
        Self {
            pipeline: Some(pipeline),
            ..self
        }
    }

    /// What it is given; nothing unless said.
    pub fn grants(self, grants: Grants) -> Self {
        Self { grants, ..self }
    }

    /// What it is given, if it is what was approved.
    pub fn approval(self, approval: Approval) -> Self {
        Self {
            approval: Some(approval),
            ..self
        }
    }

    /// Whether grants are enforced as they stand, which they are unless said, or found
    /// out.
    pub fn enforcement(self, enforcement: Enforcement) -> Self {
        Self {
            enforcement,
            ..self
        }
    }

    /// Who serves an interface that it imports, where several deployments could: the
    /// interface without a version, `acme:store/kv`, and the name of a deployment.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) if that is no name of a component.
    pub fn link(mut self, interface: &str, deployment: &str) -> Result<Self> {
        self.bound.insert(interface.to_owned(), deployment.parse()?);
        Ok(self)
    }

    /// Connects its instances to a console: arguments, stdin, and where its output goes. Without
    /// one they have no arguments and an empty stdin. Updates keep it; a state directory does not.
    pub fn console(self, console: Console) -> Self {
        Self {
            console: Some(Arc::new(console)),
            ..self
        }
    }

    /// Adds data of the embedder's, which host functions reach with
    /// [`InstanceState::data`](crate::InstanceState::data) in every instance of this deployment, in
    /// place of the host's data of the same type. One value of each type; a second replaces the
    /// first.
    ///
    /// Updates keep it. A state directory does not: after a restart the deployment has the host's
    /// data alone. What depends on the name alone is better made by
    /// [`HostBuilder::instance_data`](crate::HostBuilder::instance_data).
    pub fn data<T: Send + Sync + 'static>(mut self, data: T) -> Self {
        self.data.insert(data);
        self
    }

    /// Deploys under this name instead of the component's own.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// What it may use, instead of the host's default.
    pub fn limits(self, limits: Limits) -> Self {
        Self {
            limits: Some(limits),
            ..self
        }
    }

    /// How it is instanced, instead of what its author wants.
    pub fn instancing(self, instancing: Instancing) -> Self {
        Self {
            instancing: Some(instancing),
            ..self
        }
    }

    /// Rehearses it: everything is checked and compiled. Nothing of the component runs,
    /// nothing is deployed, and no event tells of it. Cancel safe.
    ///
    /// # Errors
    ///
    /// What would be in the way, but for what only starting it would show.
    pub async fn rehearse(self) -> Result<()> {
        let (run, span) = self.prepare(Rollout::deploy().rehearsal())?;
        run.rehearse().instrument(span).await
    }

    async fn run(self) -> Result<Deployment> {
        let (run, span) = self.prepare(Rollout::deploy())?;
        Ok(Deployment(run.follow().instrument(span).await?))
    }

    fn prepare(self, machine: Rollout) -> Result<(Run<'a, NewName>, Span)> {
        let name = self.deployed_name()?;
        let grants = match &self.approval {
            Some(approval) => approval.grants_for(&self.component)?,
            None => self.grants,
        };
        let draft = Draft {
            name: name.clone(),
            number: 1,
            grants,
            lifted: Vec::new(),
            enforcement: self.enforcement,
            approved: Approved::Now { lifting: 0 },
            said: self.bound.clone(),
            bound: self.bound,
            links: Arc::default(),
            console: self.console,
            data: self.data,
            powers: None,
            instancing: self
                .instancing
                .or(self.component.instancing())
                .unwrap_or_default(),
            limits: self.limits.unwrap_or_else(|| self.shared.limits.clone()),
            component: self.component,
        };
        draft.limits.check()?;
        let reserved = self.shared.names.reserve(&name)?;
        let place = NewName {
            reserved,
            pipeline: self.pipeline,
        };
        let span = tracing::info_span!("deploy", component = %name);
        let candidate = Candidate::Draft(Box::new(draft));
        Ok((
            Run::new(self.shared, machine, place, Allowed::default(), candidate),
            span,
        ))
    }

    fn deployed_name(&self) -> Result<ComponentName> {
        match (&self.name, self.component.name()) {
            (Some(name), _) => Ok(name.parse()?),
            (None, Some(name)) => Ok(name.clone()),
            (None, None) => Err(Error::new(
                ErrorKind::Unnamed,
                "the component says no name; say one with `.name(\"greeter\")`",
            )),
        }
    }
}

impl<'a> IntoFuture for Deploy<'a> {
    type Output = Result<Deployment>;
    type IntoFuture = Awaited<'a, Deployment>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
