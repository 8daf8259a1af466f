//! Another component in a stage of a pipeline that runs.
//!
//! Checks the edges, makes the component of fused stages again, and leaves the rest to the
//! update of the stage's deployment.
//! Tests: the workspace's `tests/suite/pipelines/updates`.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::pipeline::{ComponentPipeline, Lane};
use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::{ComponentName, Instancing, Limits, Strategy};
use semver::Version;

use super::deploy::component_of;
use super::runner::Runner;
use super::unit::Unit;
use crate::{Approval, Component, Enforcement, Error, ErrorKind, Host, Promoted, Result, Update};

/// Another component for a stage; await it to begin. See
/// [`PipelineDeployment::update`](super::PipelineDeployment::update).
#[must_use = "nothing is updated until this is awaited"]
pub struct UpdateStage<'a> {
    runner: &'a Arc<Runner>,
    stage: String,
    component: Component,
    versions: Versions,
    /// That of the deployment that the stage is in.
    update: Update<'a>,
    /// What was said of it that only a stage with a deployment of its own can be told, by the
    /// names of methods.
    said: Vec<&'static str>,
}

/// Which versions may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Versions {
    NotOlder,
    Any,
}

impl<'a> UpdateStage<'a> {
    pub(super) fn new(
        host: &'a Host,
        runner: &'a Arc<Runner>,
        stage: &str,
        component: Component,
    ) -> Self {
        // One that there is not is refused when this begins.
        let unit = runner
            .unit_of(stage)
            .map_or(stage, |unit| unit.named.name.as_str());
        Self {
            update: host.update(unit, component.clone()),
            runner,
            stage: stage.to_owned(),
            component,
            versions: Versions::NotOlder,
            said: Vec::new(),
        }
    }

    /// How items move to it; blue-green unless said.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self {
            update: self.update.strategy(strategy),
            ..self
        }
    }

    /// Lets an older version follow a newer one.
    pub fn any_version(self) -> Self {
        Self {
            versions: Versions::Any,
            ..self
        }
    }

    /// What it is given from now on, as [`Update::grants`]. Not for a stage that is fused.
    pub fn grants(self, grants: Grants) -> Self {
        self.say("grants", |update| update.grants(grants))
    }

    /// Lets grants give back what was revoked, as [`Update::lifting_revocations`]. Not for a stage
    /// that is fused.
    pub fn lifting_revocations(self) -> Self {
        self.say("lifting_revocations", |update| update.lifting_revocations())
    }

    /// The same, if it is what was approved. Not for a stage that is fused.
    pub fn approval(self, approval: Approval) -> Self {
        self.say("approval", |update| update.approval(approval))
    }

    /// Whether grants are enforced as they stand, or found out, as [`Update::enforcement`].
    /// Not for a stage that is fused.
    pub fn enforcement(self, enforcement: Enforcement) -> Self {
        self.say("enforcement", move |update| update.enforcement(enforcement))
    }

    /// Who serves an interface that it imports, as [`Update::link`]. Not for a stage that is
    /// fused.
    ///
    /// # Errors
    ///
    /// [`InvalidName`](crate::ErrorKind::InvalidName) if that is no name of a component.
    pub fn link(self, interface: &str, deployment: &str) -> Result<Self> {
        let (interface, deployment): (String, ComponentName) =
            (interface.to_owned(), deployment.parse()?);
        Ok(self.say("link", |update| update.bind(interface, deployment)))
    }

    /// New limits; those that it has unless said. Not for a stage that is fused.
    pub fn limits(self, limits: Limits) -> Self {
        self.say("limits", |update| update.limits(limits))
    }

    /// Another way of instancing; that which it has unless said. Not for a stage that is fused.
    pub fn instancing(self, instancing: Instancing) -> Self {
        self.say("instancing", move |update| update.instancing(instancing))
    }

    /// Lets what a stateful stage remembers be lost, as [`Update::discard_state`]. Not for a
    /// stage that is fused, which remembers nothing.
    pub fn discard_state(self) -> Self {
        self.say("discard_state", |update| update.discard_state())
    }

    fn say(mut self, method: &'static str, say: impl FnOnce(Update<'a>) -> Update<'a>) -> Self {
        self.said.push(method);
        Self {
            update: say(self.update),
            ..self
        }
    }

    /// Rehearses it: everything is checked and compiled. Nothing of the component runs, and
    /// nothing is replaced. Cancel safe.
    ///
    /// # Errors
    ///
    /// What would be in the way, but for what only starting it would show.
    pub async fn rehearse(self) -> Result<()> {
        let _turn = self.runner.updating.lock().await;
        self.prepare().await?.rehearse().await
    }

    async fn run(self) -> Result<Promoted> {
        let _turn = self.runner.updating.lock().await;
        self.prepare().await?.await
    }

    async fn prepare(self) -> Result<Update<'a>> {
        let now = self.runner.with_serving();
        if let (Some(known), Versions::NotOlder) = (now.stage(&self.stage), self.versions) {
            check_not_older(known.component().version(), self.component.version())?;
        }
        let next = now.with_replacement(&self.stage, self.component.into())?;
        let unit = self
            .runner
            .unit_of(&self.stage)
            .expect("a stage that could be replaced is in a unit");
        if unit.stages.len() > 1 {
            check_fused(&next, unit, &self.stage, &self.said)?;
        }
        let component = component_of(&unit.named.runtime, &next, &unit.stages).await?;
        // The version of what is fused says nothing, and that of the stage is checked.
        Ok(self
            .update
            .component(component)
            .any_version()
            .in_its_pipeline())
    }
}

impl<'a> IntoFuture for UpdateStage<'a> {
    type Output = Result<Promoted>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Where both say a version; a component without one may follow any.
fn check_not_older(now: Option<&Version>, next: Option<&Version>) -> Result<()> {
    match (now, next) {
        (Some(now), Some(next)) if next < now => Err(Error::new(
            ErrorKind::VersionNotNewer,
            format!(
                "{next} is older than {now}, which is in that stage; roll its deployment back instead, or say `any_version`"
            ),
        )),
        _ => Ok(()),
    }
}

/// Nothing was said that fused stages have no place for, and they can stay fused.
fn check_fused(
    next: &ComponentPipeline,
    unit: &Unit,
    stage: &str,
    said: &[&'static str],
) -> Result<()> {
    let others: Vec<String> = unit
        .stages
        .iter()
        .map(|place| next.stages()[*place].name())
        .filter(|name| *name != stage)
        .map(|name| format!("`{name}`"))
        .collect();
    let refused = |what: String| {
        let message = format!(
            "stage `{stage}` is fused with {}: {what}",
            others.join(", ")
        );
        Err(Error::new(ErrorKind::InvalidPipeline, message))
    };
    if !said.is_empty() {
        let methods: Vec<String> = said.iter().map(|method| format!("`{method}`")).collect();
        return refused(format!(
            "{} cannot be said of it alone; what is said of a stage when the pipeline is deployed keeps it apart",
            methods.join(", ")
        ));
    }
    let is_inside = |place: usize| unit.stages.contains(&place);
    let inside = next
        .edges()
        .iter()
        .filter(|edge| is_inside(edge.from()) && is_inside(edge.to()));
    match inside.into_iter().find(|edge| edge.lane() != Lane::Fused) {
        Some(edge) => refused(format!(
            "with that component it could not be: {}",
            edge.lane_reason()
        )),
        None => Ok(()),
    }
}
