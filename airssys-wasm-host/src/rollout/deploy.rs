//! The builder of a deploy.

use std::future::IntoFuture;
use std::sync::Arc;

use airssys_wasm_core::terms::TermsChange;
use airssys_wasm_core::{ComponentName, Rollout, terms_setters};
use tracing::{Instrument as _, Span};

use super::run::{Candidate, Overrides, RolloutRun};
use super::target::{NewDeployment, ParentPipeline};
use super::{Approval, RolloutFuture};
use crate::capability::Console;
use crate::context::HostContext;
use crate::data::SharedValues;
use crate::handle::Deployment;
use crate::revision::{GrantOrigin, RevisionPlan};
use crate::{Component, Error, ErrorClass, Result};

/// A pending deploy of a first revision; await it to begin. See
/// [`Host::deploy`](crate::Host::deploy).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use airssys_wasm_host::policy::Grants;
/// use airssys_wasm_host::terms::TermsChange;
/// use airssys_wasm_host::{Component, Host, Instancing};
///
/// let host = Host::builder().build()?;
/// let component = Component::from_bytes(wat::parse_str("(component)")?)?;
/// let grants = || Grants::new().allow("http https://api.example.com/**");
/// let feeds = host
///     .deploy(component.clone())
///     .name("feeds")
///     .grants(grants()?)
///     .instancing(Instancing::pooled(4))
///     .await?;
///
/// // The terms as one value, to use again.
/// let terms = TermsChange::default()
///     .grants(grants()?)
///     .instancing(Instancing::pooled(4));
/// let news = host.deploy(component).name("news").terms(terms).await?;
/// assert_eq!(news.status().active.terms, feeds.status().active.terms);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is deployed until this is awaited"]
pub struct Deploy<'a> {
    context: &'a Arc<HostContext>,
    component: Component,
    name: Option<String>,
    terms: TermsChange,
    approval: Option<Approval>,
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
            terms: TermsChange::default(),
            approval: None,
            console: None,
            data: context.services.data.clone(),
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

    terms_setters!(Error);

    fn change_terms(mut self, change: impl FnOnce(&mut TermsChange)) -> Self {
        change(&mut self.terms);
        self
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
        let explicit_links = self.terms.links.clone();
        let defaults = self.context.default_terms(&self.component);
        let mut terms = self.terms.apply_to(defaults);
        if let Some(approval) = &self.approval {
            terms.grants = approval.grants_for(&self.component)?;
        }
        terms.check()?;
        let plan = RevisionPlan {
            name: name.clone(),
            number: 1,
            terms,
            lifted_revocations: Vec::new(),
            grant_origin: GrantOrigin::Explicit {
                revocations_seen: 0,
            },
            explicit_links,
            links: Arc::new(crate::revision::NoLinks),
            console: self.console,
            data: self.data,
            authority: None,
            component: self.component,
        };
        let reserved = self.context.deployments.reserve(&name)?;
        let target = NewDeployment {
            reserved,
            pipeline: self.pipeline,
        };
        let span = tracing::info_span!("deploy", component = %name);
        let candidate = Candidate::Planned(Box::new(plan));
        Ok((
            RolloutRun::new(
                self.context,
                machine,
                target,
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
            (None, None) => Err(
                Error::new(ErrorClass::UNNAMED, "the component declares no name")
                    .with_remedy("set one with `.name(\"greeter\")`"),
            ),
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
