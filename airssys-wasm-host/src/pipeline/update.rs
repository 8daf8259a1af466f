//! The update of a stage of a deployed pipeline to another component.
//!
//! Checks the edges, fuses the component of fused stages again, and leaves the rest to the update
//! of the stage's deployment.
//! Tests: `tests/suite/pipelines/updates.rs`.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::pipeline::{ComponentPipeline, Lane};
use airssys_wasm_core::terms::TermsChange;
use airssys_wasm_core::{Strategy, terms_setters};
use semver::Version;

use super::running::RunningPipeline;
use super::unit::{Unit, unit_component};
use crate::context::HostContext;
use crate::{Approval, Component, Error, ErrorKind, Promotion, Result, Update};

/// A pending update of a stage to another component; await it to begin. See
/// [`PipelineDeployment::update`](super::PipelineDeployment::update).
///
/// Terms apply to the stage as those of an [`Update`] do to a deployment. A fused stage shares its
/// deployment with others and has no terms of its own: setting any fails with
/// [`InvalidPipeline`](crate::ErrorKind::InvalidPipeline).
#[must_use = "nothing is updated until this is awaited"]
pub struct UpdateStage<'a> {
    running: &'a Arc<RunningPipeline>,
    stage: String,
    component: Component,
    versions: VersionPolicy,
    /// The update of the deployment that the stage is in.
    update: Update<'a>,
    /// The options set so far, besides terms, that only a stage with its own deployment can have,
    /// by the names of their methods.
    options_set: Vec<&'static str>,
}

/// The versions that an update accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VersionPolicy {
    NotOlder,
    Any,
}

impl<'a> UpdateStage<'a> {
    pub(super) fn new(
        context: &'a Arc<HostContext>,
        running: &'a Arc<RunningPipeline>,
        stage: &str,
        component: Component,
    ) -> Self {
        // A stage that does not exist is refused when the update begins.
        let unit = running
            .unit_of(stage)
            .map_or(stage, |unit| unit.deployment.name.as_str());
        Self {
            update: Update::new(context, unit.to_owned(), component.clone()),
            running,
            stage: stage.to_owned(),
            component,
            versions: VersionPolicy::NotOlder,
            options_set: Vec::new(),
        }
    }

    /// Sets the rollout strategy. Defaults to blue-green.
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self {
            update: self.update.strategy(strategy),
            ..self
        }
    }

    /// Allows an update to an older version.
    pub fn any_version(self) -> Self {
        Self {
            versions: VersionPolicy::Any,
            ..self
        }
    }

    terms_setters!(Error);

    fn change_terms(self, change: impl FnOnce(&mut TermsChange)) -> Self {
        Self {
            update: self.update.change_terms(change),
            ..self
        }
    }

    /// Allows grants to restore what was revoked, as [`Update::lifting_revocations`] does. Not
    /// available for a fused stage.
    pub fn lifting_revocations(self) -> Self {
        self.set_option("lifting_revocations", |update| update.lifting_revocations())
    }

    /// Applies an approval, as [`Update::approval`] does. Not available for a fused stage.
    pub fn approval(self, approval: Approval) -> Self {
        self.set_option("approval", |update| update.approval(approval))
    }

    /// Allows the state of a stateful stage to be lost, as [`Update::discard_state`] does. Not
    /// available for a fused stage, which has no state.
    pub fn discard_state(self) -> Self {
        self.set_option("discard_state", |update| update.discard_state())
    }

    fn set_option(
        mut self,
        method: &'static str,
        say: impl FnOnce(Update<'a>) -> Update<'a>,
    ) -> Self {
        self.options_set.push(method);
        Self {
            update: say(self.update),
            ..self
        }
    }

    /// Rehearses the update: checks and compiles everything. Runs nothing of the component and
    /// replaces nothing. Cancel safe.
    ///
    /// # Errors
    ///
    /// The errors of an update, except those that only starting the component would reveal.
    pub async fn rehearse(self) -> Result<()> {
        let _turn = self.running.update_lock.lock().await;
        self.prepare().await?.rehearse().await
    }

    async fn run(self) -> Result<Promotion> {
        let _turn = self.running.update_lock.lock().await;
        self.prepare().await?.await
    }

    async fn prepare(self) -> Result<Update<'a>> {
        let now = self.running.with_active_components();
        if let (Some(known), VersionPolicy::NotOlder) = (now.stage(&self.stage), self.versions) {
            check_not_older(known.component().version(), self.component.version())?;
        }
        let next = now.with_replacement(&self.stage, self.component.into())?;
        let unit = self
            .running
            .unit_of(&self.stage)
            .expect("a stage that could be replaced is in a unit");
        if unit.stages.len() > 1 {
            let terms = self.update.names_of_terms();
            let set: Vec<_> = terms.chain(self.options_set).collect();
            check_fused(&next, unit, &self.stage, &set)?;
        }
        let component = unit_component(&unit.deployment.services, &next, &unit.stages).await?;
        // The version of a fused component means nothing, and that of the stage was checked above.
        Ok(self
            .update
            .with_component(component)
            .any_version()
            .checked_by_pipeline())
    }
}

impl<'a> IntoFuture for UpdateStage<'a> {
    type Output = Result<Promotion>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Checks that the version is not older, if both declare one. A component without a version may
/// follow any other.
fn check_not_older(now: Option<&Version>, next: Option<&Version>) -> Result<()> {
    match (now, next) {
        (Some(now), Some(next)) if next < now => Err(Error::new(
            ErrorKind::VersionNotNewer,
            format!(
                "{next} is older than {now}, which is in that stage; roll its deployment back instead, or set `any_version`"
            ),
        )),
        _ => Ok(()),
    }
}

/// Checks that no option was set that fused stages cannot have, and that the stages can stay fused.
fn check_fused(
    next: &ComponentPipeline,
    unit: &Unit,
    stage: &str,
    terms_set: &[&'static str],
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
    if !terms_set.is_empty() {
        let methods: Vec<String> = terms_set
            .iter()
            .map(|method| format!("`{method}`"))
            .collect();
        return refused(format!(
            "{} cannot be set for a fused stage; set an option of this stage when the pipeline is deployed, so that it is not fused",
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
            "it could not be fused with that component: {}",
            edge.lane_reason()
        )),
        None => Ok(()),
    }
}
