//! What can be said of a deploy, an update and a rollback before it begins.
//!
//! Each is awaited to begin; nothing happens before.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::{ComponentName, Instancing, Limits, Rollout, Strategy};
use semver::Version;
use tracing::Instrument as _;

use super::place::{By, NewName, Replaced, Switched};
use super::run::{Allowed, Candidate, Run};
use super::{Approval, Promoted, approval};
use crate::capability::Enforcement;
use crate::deployment::Deployment;
use crate::host::Shared;
use crate::link::Bound;
use crate::revision::{Approved, Draft};
use crate::{Component, Error, ErrorKind, Result, restore};

type Awaited<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

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
    pipeline: Option<ComponentName>,
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
            pipeline: None,
        }
    }

    /// It is a stage of a pipeline, which goes when that is not deployed in the end.
    pub(crate) fn stage_of(self, pipeline: &ComponentName) -> Self {
        Self { pipeline: Some(pipeline.clone()), ..self }
    }

    /// What it is given; nothing unless said.
    pub fn grants(self, grants: Grants) -> Self {
        Self { grants, ..self }
    }

    /// What it is given, if it is what was approved.
    pub fn approval(self, approval: Approval) -> Self {
        Self { approval: Some(approval), ..self }
    }

    /// Whether grants are enforced as they stand, which they are unless said, or found
    /// out.
    pub fn enforcement(self, enforcement: Enforcement) -> Self {
        Self { enforcement, ..self }
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

    /// Deploys under this name instead of the component's own.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// What it may use, instead of the host's default.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// How it is instanced, instead of what its author wants.
    pub fn instancing(self, instancing: Instancing) -> Self {
        Self { instancing: Some(instancing), ..self }
    }

    async fn run(self) -> Result<Deployment> {
        let name = self.deployed_name()?;
        let grants = match &self.approval {
            Some(approval) => approval.grants_for(&self.component)?,
            None => self.grants,
        };
        let draft = Draft {
            name: name.clone(),
            number: 1,
            grants,
            enforcement: self.enforcement,
            approved: Approved::Now { lifting: 0 },
            said: self.bound.clone(),
            bound: self.bound,
            links: Arc::default(),
            powers: None,
            instancing: self.instancing.or(self.component.instancing()).unwrap_or_default(),
            limits: self.limits.unwrap_or_else(|| self.shared.limits.clone()),
            component: self.component,
        };
        draft.limits.check()?;
        let reserved = self.shared.names.reserve(&name)?;
        let place = NewName { reserved, pipeline: self.pipeline };
        let span = tracing::info_span!("deploy", component = %name);
        let candidate = Candidate::Draft(Box::new(draft));
        let run = Run::new(self.shared, Rollout::deploy(), place, Allowed::default(), candidate);
        Ok(Deployment(run.follow().instrument(span).await?))
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

/// A new revision for a name; await it to begin. See [`Host::update`](crate::Host::update).
#[must_use = "nothing is updated until this is awaited"]
pub struct Update<'a> {
    shared: &'a Arc<Shared>,
    name: String,
    component: Component,
    strategy: Strategy,
    limits: Option<Limits>,
    instancing: Option<Instancing>,
    grants: Option<Grants>,
    approval: Option<Approval>,
    enforcement: Option<Enforcement>,
    allowed: Allowed,
    bound: Bound,
}

impl<'a> Update<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, name: String, component: Component) -> Self {
        Self {
            shared,
            name,
            component,
            strategy: Strategy::default(),
            limits: None,
            instancing: None,
            grants: None,
            approval: None,
            enforcement: None,
            allowed: Allowed::default(),
            bound: Bound::new(),
        }
    }

    /// What it is given from now on, instead of what the revision that serves has: this
    /// approves an update that asks for more. What was revoked before and is granted here
    /// is granted again.
    pub fn grants(self, grants: Grants) -> Self {
        Self { grants: Some(grants), ..self }
    }

    /// The same, if it is what was approved.
    pub fn approval(self, approval: Approval) -> Self {
        Self { approval: Some(approval), ..self }
    }

    /// Whether grants are enforced as they stand, or found out; as for the revision that
    /// serves unless said.
    pub fn enforcement(self, enforcement: Enforcement) -> Self {
        Self { enforcement: Some(enforcement), ..self }
    }

    /// Who serves an interface that it imports, where several deployments could: the
    /// interface without a version, `acme:store/kv`, and the name of a deployment. The
    /// others are served as for the revision that serves now.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) if that is no name of a component.
    pub fn link(self, interface: &str, deployment: &str) -> Result<Self> {
        Ok(self.bind(interface.to_owned(), deployment.parse()?))
    }

    /// The same with a name that is one.
    pub(crate) fn bind(mut self, interface: String, deployment: ComponentName) -> Self {
        self.bound.insert(interface, deployment);
        self
    }

    /// How traffic moves; blue-green unless said.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// New limits; those of the revision that serves unless said.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// Another way of instancing; that of the revision that serves unless said.
    pub fn instancing(self, instancing: Instancing) -> Self {
        Self { instancing: Some(instancing), ..self }
    }

    /// Lets an update go to an older or equal version, or one that is not said.
    pub fn any_version(self) -> Self {
        Self { allowed: Allowed { any_version: true, ..self.allowed }, ..self }
    }

    /// Lets what a stateful component remembers be lost: the new revision starts
    /// afresh, and the old instance is dropped when its last call has ended.
    pub fn discard_state(self) -> Self {
        Self { allowed: Allowed { lost_state: true, ..self.allowed }, ..self }
    }

    async fn run(self) -> Result<Promoted> {
        let begun = Instant::now();
        let named = self.shared.names.get(&self.name)?;
        // What is revoked from here on stays so, whatever grants come with this.
        let lifting = named.authorization.revocations();
        let turn = Arc::clone(&named.rollout).lock_owned().await;
        let serving = named.revision_to_call()?;
        let given = match &self.approval {
            Some(approval) => Some(approval.grants_for(&self.component)?),
            None => self.grants,
        };
        let lifting_now = given.is_some().then_some(lifting);
        let waiting = self.component.clone();
        let draft = Draft {
            name: named.name.clone(),
            approved: if given.is_some() { Approved::Now { lifting } } else { Approved::Before },
            bound: bound_anew(&serving.links.bound, &self.bound),
            said: self.bound,
            links: Arc::default(),
            grants: given.unwrap_or_else(|| serving.authority.policy().grants().clone()),
            enforcement: self.enforcement.unwrap_or_else(|| serving.authority.enforcement()),
            powers: None,
            number: named.history.lock().next_number(),
            instancing: self.instancing.unwrap_or(serving.instancing),
            limits: self.limits.unwrap_or_else(|| serving.limits.clone()),
            component: self.component,
        };
        draft.limits.check()?;
        let span = tracing::info_span!("update", component = %named.name, strategy = ?self.strategy);
        let place = Replaced { named, _turn: turn, by: By::Update { lifting: lifting_now } };
        let machine = Rollout::update(self.strategy);
        let candidate = Candidate::Draft(Box::new(draft));
        let named = Arc::clone(&place.named);
        let run = Run::new(self.shared, machine, place, self.allowed, candidate);
        match run.follow().instrument(span).await {
            Err(error) if error.kind() == ErrorKind::AwaitsApproval => {
                approval::wait(&self.shared.runtime, &named, waiting).await?;
                Err(error)
            }
            outcome => outcome.map(|switched| promoted(switched, begun)),
        }
    }
}

impl<'a> IntoFuture for Update<'a> {
    type Output = Result<Promoted>;
    type IntoFuture = Awaited<'a, Promoted>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// An earlier revision for a name; await it to begin. See [`Host::rollback`](crate::Host::rollback).
#[must_use = "nothing is rolled back until this is awaited"]
pub struct Rollback<'a> {
    shared: &'a Arc<Shared>,
    name: String,
    version: Option<String>,
    strategy: Strategy,
    allowed: Allowed,
}

impl<'a> Rollback<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, name: String) -> Self {
        Self { shared, name, version: None, strategy: Strategy::default(), allowed: Allowed::default() }
    }

    /// Rolls back to this version instead of the revision that served before.
    /// `1.5.0` and `v1.5.0` are the same.
    pub fn to_version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// How traffic moves; blue-green unless said.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// Lets what a stateful component remembers be lost.
    pub fn discard_state(self) -> Self {
        Self { allowed: Allowed { lost_state: true, ..self.allowed }, ..self }
    }

    async fn run(self) -> Result<Promoted> {
        let begun = Instant::now();
        let version = self.version.as_deref().map(parse_version).transpose()?;
        let named = self.shared.names.get(&self.name)?;
        let turn = Arc::clone(&named.rollout).lock_owned().await;
        named.check_not_ended()?;
        let kept = named.history.lock().target(version.as_ref())?;
        let span = tracing::info_span!("rollback", component = %named.name, to = kept.number());
        let target = restore::ready(&named, kept).await?;
        let place = Replaced { named, _turn: turn, by: By::Rollback };
        let (machine, candidate) = (Rollout::rollback(self.strategy), Candidate::Compiled(target));
        let run = Run::new(self.shared, machine, place, self.allowed, candidate);
        Ok(promoted(run.follow().instrument(span).await?, begun))
    }
}

impl<'a> IntoFuture for Rollback<'a> {
    type Output = Result<Promoted>;
    type IntoFuture = Awaited<'a, Promoted>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// What was said of the revision before, but for what is said anew.
fn bound_anew(before: &Bound, anew: &Bound) -> Bound {
    before.iter().chain(anew).map(|(interface, name)| (interface.clone(), name.clone())).collect()
}

fn parse_version(text: &str) -> Result<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|error| {
        Error::new(
            ErrorKind::InvalidName,
            format!("`{}` is not a version; write for example 1.5.0", text.escape_debug()),
        )
        .with_source(error)
    })
}

fn promoted(Switched { old, revision }: Switched, begun: Instant) -> Promoted {
    Promoted {
        component: revision.name().clone(),
        old,
        to: revision.number,
        version: revision.component.version().cloned(),
        took: begun.elapsed(),
    }
}
