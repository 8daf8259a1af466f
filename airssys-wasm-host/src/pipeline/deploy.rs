//! From a checked pipeline to one that runs: a deployment for each stage, or for several that
//! are fused.
//!
//! Tests: the workspace's `tests/suite/pipelines`.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::compose::Chain;
use airssys_wasm_core::pipeline::{ComponentPipeline, Source};
use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::world::Function;
use airssys_wasm_core::{FunctionName, Instancing, Limits};

use super::handle::PipelineDeployment;
use super::letter::DeadLetters;
use super::runner::Runner;
use super::unit::Unit;
use super::{RUN, call};
use crate::aside::on_a_thread;
use crate::{Component, Deployment, Error, ErrorKind, Host, Result};

/// A pipeline to be deployed; await it to begin. See [`Host::deploy_pipeline`].
#[must_use = "nothing is deployed until this is awaited"]
pub struct DeployPipeline<'a> {
    host: &'a Host,
    pipeline: ComponentPipeline,
    stages: BTreeMap<String, Said>,
    letters: Option<Arc<dyn DeadLetters>>,
}

/// What is deployed so far. Dropped before it is finished, it is removed again.
struct Begun<'a> {
    host: &'a Host,
    deployed: Vec<Deployment>,
    units: Vec<Unit>,
}

impl Begun<'_> {
    fn finished(mut self) -> Vec<Unit> {
        self.deployed.clear();
        std::mem::take(&mut self.units)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.units.clear();
        for deployment in &self.deployed {
            self.host.take_away(deployment.name());
        }
    }
}

/// What was said of a stage.
#[derive(Default)]
struct Said {
    grants: Option<Grants>,
    limits: Option<Limits>,
    instancing: Option<Instancing>,
}

impl<'a> DeployPipeline<'a> {
    pub(crate) fn new(host: &'a Host, pipeline: ComponentPipeline) -> Self {
        Self { host, pipeline, stages: BTreeMap::new(), letters: None }
    }

    /// What a stage is given; nothing unless said. No other stage has it.
    pub fn grants(mut self, stage: &str, grants: Grants) -> Self {
        self.stages.entry(stage.to_owned()).or_default().grants = Some(grants);
        self
    }

    /// What a stage may use, instead of the host's default.
    pub fn limits(mut self, stage: &str, limits: Limits) -> Self {
        self.stages.entry(stage.to_owned()).or_default().limits = Some(limits);
        self
    }

    /// How a stage is instanced, instead of what its author wants, or else a pool of as many
    /// instances as it works on items; a source that gives items until it is at its end has
    /// one that remembers.
    pub fn instancing(mut self, stage: &str, instancing: Instancing) -> Self {
        self.stages.entry(stage.to_owned()).or_default().instancing = Some(instancing);
        self
    }

    /// Who takes the items that are put aside. Needed where a stage says
    /// [`OnError::DeadLetter`](super::OnError::DeadLetter).
    pub fn dead_letters(self, letters: impl DeadLetters) -> Self {
        Self { letters: Some(Arc::new(letters)), ..self }
    }

    async fn run(self) -> Result<PipelineDeployment> {
        self.check_said()?;
        let mut reserved = self.host.0.pipelines.reserve(self.pipeline.name())?;
        let mut begun = Begun { host: self.host, deployed: Vec::new(), units: Vec::new() };
        for stages in self.units() {
            let (deployment, unit) = self.deploy(&stages).await?;
            begun.deployed.push(deployment);
            begun.units.push(unit);
        }
        let runner = Arc::new(Runner::new(self.pipeline, begun.finished(), self.letters));
        reserved.fill(&runner);
        Ok(PipelineDeployment::new(self.host.clone(), runner))
    }

    fn check_said(&self) -> Result<()> {
        if self.host.0.runtime.keeps() {
            let message = "a host with a state directory does not keep pipelines yet, so it takes none";
            return Err(Error::new(ErrorKind::InvalidPipeline, message));
        }
        if let Some(stage) = self.stages.keys().find(|stage| self.pipeline.stage(stage).is_none()) {
            let message = format!("`{}` has no stage `{stage}`", self.pipeline.name());
            return Err(Error::new(ErrorKind::InvalidPipeline, message));
        }
        match self.pipeline.stages().iter().find(|stage| stage.options().puts_aside()) {
            Some(stage) if self.letters.is_none() => {
                let message = format!(
                    "stage `{}` puts items aside, and nobody takes them: say who with `.dead_letters(...)`",
                    stage.name()
                );
                Err(Error::new(ErrorKind::InvalidPipeline, message))
            }
            _ => Ok(()),
        }
    }

    /// The stages of each deployment: those of a segment that nothing was said of are one.
    fn units(&self) -> Vec<Vec<usize>> {
        let stages = self.pipeline.stages();
        let is_plain = |stage: &usize| !self.stages.contains_key(stages[*stage].name());
        let mut fused: Vec<Vec<usize>> = self.pipeline.segments();
        fused.retain(|segment| segment.iter().all(is_plain));
        let is_alone = |stage: &usize| !fused.iter().any(|segment| segment.contains(stage));
        let alone: Vec<Vec<usize>> = (0..stages.len()).filter(is_alone).map(|stage| vec![stage]).collect();
        fused.into_iter().chain(alone).collect()
    }

    async fn deploy(&self, stages: &[usize]) -> Result<(Deployment, Unit)> {
        let all = self.pipeline.stages();
        let (first, last) = (&all[stages[0]], &all[stages[stages.len() - 1]]);
        let (component, function) = component_of(&self.pipeline, stages).await?;
        let name = format!("{}:{}", self.pipeline.name(), first.name());
        let said = self.stages.get(first.name());
        let pool = match first.source() {
            // It knows how far it has come.
            Some(Source::UntilNone) => Instancing::Stateful,
            _ => Instancing::pooled(first.options().concurrency_max()),
        };
        let wanted = said.and_then(|said| said.instancing).or(component.instancing()).unwrap_or(pool);
        let mut deploy = self.host.deploy(component).name(name).instancing(wanted);
        if let Some(said) = said {
            deploy = deploy.grants(said.grants.clone().unwrap_or_default());
            if let Some(limits) = &said.limits {
                deploy = deploy.limits(limits.clone());
            }
        }
        let deployment = deploy.await?;
        let call = call::connect(&deployment.0, &function, first, self.pipeline.name())?;
        let unit = Unit::new(stages, (first, last), &deployment.0, call);
        Ok((deployment, unit))
    }
}

/// The component that runs some stages, and the function of it that they are.
pub(super) async fn component_of(
    pipeline: &ComponentPipeline,
    stages: &[usize],
) -> Result<(Component, Function)> {
    let all = pipeline.stages();
    if let [stage] = stages {
        let stage = &all[*stage];
        return Ok((Component::from(stage.component().clone()), stage.function().clone()));
    }
    let chain = stages.iter().fold(Chain::new(RUN), |chain, stage| {
        let stage = &all[*stage];
        chain.stage(stage.component().clone(), stage.function().name.clone())
    });
    let bytes = on_a_thread(move || chain.fuse().map_err(|error| not_fused(&error))).await?;
    let component = Component::from_bytes(bytes)?;
    let run: FunctionName = RUN.parse()?;
    let function = component.world().function(&run)?.clone();
    Ok((component, function))
}

fn not_fused(error: &airssys_wasm_core::compose::ComposeError) -> Error {
    Error::new(ErrorKind::InvalidPipeline, format!("its stages cannot be fused: {error}"))
}

impl<'a> IntoFuture for DeployPipeline<'a> {
    type Output = Result<PipelineDeployment>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
