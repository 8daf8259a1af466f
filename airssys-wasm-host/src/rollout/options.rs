//! What can be said of a deploy, an update and a rollback before it begins.
//!
//! Each is awaited to begin; nothing happens before.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use airssys_wasm_core::{ComponentName, Instancing, Limits, Rollout, Strategy};
use semver::Version;
use tracing::Instrument as _;

use super::Promoted;
use super::run::{Live, Run};
use crate::deployment::{Deployment, Draft};
use crate::host::Shared;
use crate::observe::Event;
use crate::{Component, Error, ErrorKind, Result};

type Awaited<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A first revision for a name; await it to begin. See [`Host::deploy`](crate::Host::deploy).
#[must_use = "nothing is deployed until this is awaited"]
pub struct Deploy<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) component: Component,
    pub(crate) name: Option<String>,
    pub(crate) limits: Option<Limits>,
    pub(crate) instancing: Option<Instancing>,
}

impl<'a> Deploy<'a> {
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
        let draft = Draft {
            name: name.clone(),
            number: 1,
            instancing: self.instancing.or(self.component.instancing()).unwrap_or_default(),
            limits: self.limits.unwrap_or_else(|| self.shared.limits.clone()),
            component: self.component,
        };
        draft.limits.check()?;
        let reserved = self.shared.names.reserve(&name)?;
        let mut run = Run::new(&self.shared.runtime, name, Rollout::deploy());
        run.draft = Some(draft);
        let span = tracing::info_span!("deploy", component = %run.name);
        let Live { named, .. } = run.follow().instrument(span).await?;
        reserved.fill(&named);
        let serving = named.serving();
        self.shared.runtime.announcer.announce(Event::Deployed {
            component: named.name.clone(),
            revision: serving.revision.number,
            version: serving.revision.component.version().cloned(),
        });
        Ok(Deployment(named))
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
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) name: String,
    pub(crate) component: Component,
    pub(crate) strategy: Strategy,
    pub(crate) limits: Option<Limits>,
    pub(crate) instancing: Option<Instancing>,
    pub(crate) version_may_be_any: bool,
    pub(crate) state_may_be_lost: bool,
}

impl Update<'_> {
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
        Self { version_may_be_any: true, ..self }
    }

    /// Lets what a stateful component remembers be lost: the new revision starts
    /// afresh, and the old instance is dropped when its last call has ended.
    pub fn discard_state(self) -> Self {
        Self { state_may_be_lost: true, ..self }
    }

    async fn run(self) -> Result<Promoted> {
        let begun = Instant::now();
        let named = self.shared.names.get(&self.name)?;
        let turn = named.rollout.lock().await;
        let serving = named.serving();
        let draft = Draft {
            name: named.name.clone(),
            number: named.history.lock().next_number(),
            instancing: self.instancing.unwrap_or(serving.revision.instancing),
            limits: self.limits.unwrap_or_else(|| serving.revision.limits.clone()),
            component: self.component,
        };
        draft.limits.check()?;
        let mut run = Run::new(&self.shared.runtime, named.name.clone(), Rollout::update(self.strategy));
        run.draft = Some(draft);
        run.current = Some(Arc::clone(&named));
        run.version_may_be_any = self.version_may_be_any;
        run.state_may_be_lost = self.state_may_be_lost;
        let span = tracing::info_span!("update", component = %run.name, strategy = ?self.strategy);
        let live = run.follow().instrument(span).await?;
        let revision = Arc::clone(&named.serving().revision);
        named.history.lock().updated_to(revision);
        drop(turn);
        promoted(live, begun)
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
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) state_may_be_lost: bool,
}

impl Rollback<'_> {
    /// Rolls back to this version instead of the revision that served before.
    /// `1.5.0` and `v1.5.0` are the same.
    pub fn to_version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Lets what a stateful component remembers be lost.
    pub fn discard_state(self) -> Self {
        Self { state_may_be_lost: true, ..self }
    }

    async fn run(self) -> Result<Promoted> {
        let begun = Instant::now();
        let version = self.version.as_deref().map(parse_version).transpose()?;
        let named = self.shared.names.get(&self.name)?;
        let turn = named.rollout.lock().await;
        let target = named.history.lock().target(version.as_ref())?;
        let number = target.number;
        let mut run = Run::new(&self.shared.runtime, named.name.clone(), Rollout::rollback());
        run.revision = Some(target);
        run.current = Some(Arc::clone(&named));
        run.state_may_be_lost = self.state_may_be_lost;
        let span = tracing::info_span!("rollback", component = %run.name, to = number);
        let live = run.follow().instrument(span).await?;
        named.history.lock().rolled_back_to(number);
        drop(turn);
        promoted(live, begun)
    }
}

impl<'a> IntoFuture for Rollback<'a> {
    type Output = Result<Promoted>;
    type IntoFuture = Awaited<'a, Promoted>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
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

fn promoted(live: Live, begun: Instant) -> Result<Promoted> {
    live.named.check_not_ended()?;
    let old = live
        .old
        .ok_or_else(|| Error::new(ErrorKind::Internal, "a rollout replaced nothing; this is a bug"))?;
    let serving = live.named.serving();
    let to = serving.revision.number;
    live.named.runtime.announcer.announce(Event::Switched {
        component: live.named.name.clone(),
        from: old.revision.number,
        to,
    });
    Ok(Promoted {
        named: live.named,
        old,
        to,
        version: serving.revision.component.version().cloned(),
        took: begun.elapsed(),
    })
}
