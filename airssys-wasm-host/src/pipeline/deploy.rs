//! Deploys a checked pipeline: one deployment for each stage, or for several that are fused.
//!
//! Tests: `tests/suite/pipelines`.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::pipeline::{ComponentPipeline, SourceMode};
use airssys_wasm_core::terms::TermsChange;
use airssys_wasm_core::world::Function;
use airssys_wasm_core::{Instancing, terms_setters};

use super::dead_letter::{DeadLetterReceiver, check_receiver};
use super::handle::PipelineDeployment;
use super::names::Pipelines;
use super::partial_deployment::PartialDeployment;
use super::running::RunningPipeline;
use super::unit::{Unit, unit_component, unit_function, unit_name};
use crate::rollout::ParentPipeline;
use crate::state::{Action, Change, PipelineRecord, RevisionSummary, Transaction};
use crate::{Deploy, Error, ErrorKind, Result};

/// A pending deploy of a pipeline; await it to begin. See
/// [`PipelineDeployments::deploy`](crate::PipelineDeployments::deploy).
///
/// Each stage has terms of its own, and no other stage has its grants. A stage for which any are
/// set is not fused with others. A stage whose component declares no instancing mode defaults to a
/// pool with as many instances as the stage processes items at once, or to a single stateful
/// instance if it is a source that is called until it ends.
#[must_use = "nothing is deployed until this is awaited"]
pub struct DeployPipeline<'a> {
    pipelines: &'a Arc<Pipelines>,
    pipeline: ComponentPipeline,
    /// The terms set for a stage, by its name.
    stages: BTreeMap<String, TermsChange>,
    dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
}

impl<'a> DeployPipeline<'a> {
    pub(crate) fn new(pipelines: &'a Arc<Pipelines>, pipeline: ComponentPipeline) -> Self {
        Self {
            pipelines,
            pipeline,
            stages: BTreeMap::new(),
            dead_letters: None,
        }
    }

    terms_setters!(Error, stage: &str);

    fn change_terms(mut self, stage: &str, change: impl FnOnce(&mut TermsChange)) -> Self {
        change(self.stages.entry(stage.to_owned()).or_default());
        self
    }

    /// Sets the receiver of dead letters. Required if a stage has the option
    /// [`OnError::DeadLetter`](super::OnError::DeadLetter) and the host has no receiver.
    pub fn dead_letters(self, letters: impl DeadLetterReceiver) -> Self {
        Self {
            dead_letters: Some(Arc::new(letters)),
            ..self
        }
    }

    /// Rehearses the deploy: checks and compiles everything. Runs nothing of it and deploys
    /// nothing. Cancel safe.
    ///
    /// # Errors
    ///
    /// The errors of a deploy, except those that only starting the components would reveal.
    pub async fn rehearse(self) -> Result<()> {
        self.check_settings()?;
        let _reserved = self.pipelines.reserve(self.pipeline.name()).await?;
        for stages in self.units() {
            self.prepare(&stages, &self.parent_pipeline())
                .await?
                .0
                .rehearse()
                .await?;
        }
        Ok(())
    }

    async fn run(self) -> Result<PipelineDeployment> {
        self.check_settings()?;
        let mut reserved = self.pipelines.reserve(self.pipeline.name()).await?;
        let mut begun = PartialDeployment::new(self.pipelines, self.parent_pipeline());
        for stages in self.units() {
            begun.add_name(self.name_of(&stages).parse()?);
            let unit = self.deploy(&stages, &begun.pipeline).await?;
            begun.add_unit(unit);
        }
        let pipelines = self.pipelines;
        let services = &pipelines.context.services;
        let letters = self.dead_letters.or_else(|| pipelines.dead_letters.clone());
        let (state, pipeline) = (services.state(), self.pipeline);
        let finish = move || {
            if let Some(state) = state {
                let record = pipeline_record(&pipeline, begun.units());
                let changes = begun.units().iter().map(deploy_change);
                let transaction = Transaction::new()
                    .with_pipeline(pipeline.name(), record)
                    .with_changes(changes);
                state.commit(&transaction)?;
            }
            let running = Arc::new(RunningPipeline::new(pipeline, begun.into_units(), letters));
            reserved.fill(&running);
            Ok(running)
        };
        // The caller may stop waiting meanwhile; what has been stored stays deployed.
        let running = services.run_state_write(finish).await?;
        Ok(PipelineDeployment::new(pipelines, running))
    }

    fn check_settings(&self) -> Result<()> {
        if self.pipelines.context.services.is_persistent() && self.dead_letters.is_some() {
            let message = "a receiver of dead letters set here would be lost after a restart: set it with `HostBuilder::dead_letters`";
            return Err(Error::new(ErrorKind::InvalidPipeline, message));
        }
        if let Some(stage) = self
            .stages
            .keys()
            .find(|stage| self.pipeline.stage(stage).is_none())
        {
            let message = format!("`{}` has no stage `{stage}`", self.pipeline.name());
            return Err(Error::new(ErrorKind::InvalidPipeline, message));
        }
        let of_host = self.pipelines.dead_letters.as_ref();
        check_receiver(&self.pipeline, self.dead_letters.as_ref().or(of_host))
    }

    /// Groups the stages into deployments. The stages of a segment share one if no options are set
    /// for any of them.
    fn units(&self) -> Vec<Vec<usize>> {
        let stages = self.pipeline.stages();
        let is_plain = |stage: &usize| !self.stages.contains_key(stages[*stage].name());
        let mut fused: Vec<Vec<usize>> = self.pipeline.segments();
        fused.retain(|segment| segment.iter().all(is_plain));
        let is_alone = |stage: &usize| !fused.iter().any(|segment| segment.contains(stage));
        let alone: Vec<Vec<usize>> = (0..stages.len())
            .filter(is_alone)
            .map(|stage| vec![stage])
            .collect();
        fused.into_iter().chain(alone).collect()
    }

    fn parent_pipeline(&self) -> ParentPipeline {
        ParentPipeline {
            pipeline: self.pipeline.name().clone(),
            is_abandoned: Arc::default(),
        }
    }

    /// Returns the name that the stages are deployed under.
    fn name_of(&self, stages: &[usize]) -> String {
        unit_name(
            self.pipeline.name(),
            self.pipeline.stages()[stages[0]].name(),
        )
    }

    async fn deploy(&self, stages: &[usize], stage_of: &ParentPipeline) -> Result<Unit> {
        let (deploy, function) = self.prepare(stages, stage_of).await?;
        Unit::connect(&self.pipeline, stages, &deploy.await?, &function)
    }

    async fn prepare(
        &self,
        stages: &[usize],
        stage_of: &ParentPipeline,
    ) -> Result<(Deploy<'a>, Function)> {
        let first = &self.pipeline.stages()[stages[0]];
        let component =
            unit_component(&self.pipelines.context.services, &self.pipeline, stages).await?;
        let function = unit_function(&self.pipeline, stages, &component)?;
        let name = self.name_of(stages);
        let set = self.stages.get(first.name());
        let mut terms = set.cloned().unwrap_or_default();
        let pool = match first.source() {
            // The source remembers how far it has come.
            Some(SourceMode::UntilNone) => Instancing::Stateful,
            _ => Instancing::pooled(first.options().concurrency_max()),
        };
        let declared = component.instancing();
        terms.instancing = terms.instancing.or(declared).or(Some(pool));
        let deploy = Deploy::new(&self.pipelines.context, component)
            .name(name)
            .terms(terms)
            .stage_of(stage_of.clone());
        Ok((deploy, function))
    }
}

/// Returns the change that records the deploy of a unit.
fn deploy_change(unit: &Unit) -> Change {
    Change::now(
        &unit.deployment.name,
        Action::Deployed(RevisionSummary::from_revision(&unit.deployment.revision())),
    )
}

/// Returns the record of a pipeline to store in the state directory.
fn pipeline_record(pipeline: &ComponentPipeline, units: &[Unit]) -> PipelineRecord {
    PipelineRecord {
        definition: pipeline.definition().to_json(),
        units: units.iter().map(|unit| unit.stages.clone()).collect(),
        digests: pipeline
            .stages()
            .iter()
            .map(|stage| stage.component().digest().to_string())
            .collect(),
    }
}

impl<'a> IntoFuture for DeployPipeline<'a> {
    type Output = Result<PipelineDeployment>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
