//! Exports a pipeline as one component, which runs without this project.
//!
//! Supports only a chain of stages with default behavior: options, routes and grants need a host.
//! Tests: `tests/suite/pipelines/export.rs`.

use thiserror::Error;

use super::{ComponentPipeline, Edge, EdgeFilter, OnError, OutputPort, Stage};
use crate::fuse::{Chain, FuseError};

/// The reason a pipeline cannot be exported as a component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The pipeline is more than a chain in which each function is called with the result of the
    /// previous one.
    #[error("the pipeline cannot be exported as one component: {reason}")]
    NotAChain {
        /// The part of the pipeline that is not a chain.
        reason: String,
    },
    /// The stages cannot be fused.
    #[error(transparent)]
    NotFused(#[from] FuseError),
}

impl ComponentPipeline {
    /// Returns the pipeline as a component that exports a function `name`. Its parameters are the
    /// inputs of the pipeline, and its result is the output. The component contains all stages and
    /// imports what they import.
    ///
    /// # Errors
    ///
    /// Fails with [`ExportError`] if the pipeline is more than a chain of stages, or if the stages
    /// cannot be fused. Stages that request capabilities are never fused.
    pub fn export_component(&self, name: &str) -> Result<Vec<u8>, ExportError> {
        let order = self
            .chain()
            .map_err(|why| ExportError::NotAChain { reason: why })?;
        let chain = order.into_iter().fold(Chain::new(name), |chain, stage| {
            let stage = &self.stages()[stage];
            chain.stage(stage.component().clone(), stage.function().name.clone())
        });
        Ok(chain.fuse()?)
    }

    /// The indices of the stages in the order of the chain, or the reason they form none.
    fn chain(&self) -> Result<Vec<usize>, String> {
        let stages = self.stages();
        let order = self.topological_order();
        if let Some(problem) = self
            .edges()
            .iter()
            .find_map(|edge| edge_obstacle(stages, edge))
        {
            return Err(problem);
        }
        if let Some(stage) = stages.iter().find(|stage| stage.has_streams()) {
            return Err(format!(
                "a stream passes through `{}`, and only a host can carry it",
                stage.name()
            ));
        }
        if let Some(stage) = stages.iter().find(|stage| needs_host(stage)) {
            return Err(format!(
                "stage `{}` has options that only a host can apply",
                stage.name()
            ));
        }
        let follows = |pair: &[usize]| {
            self.edges()
                .iter()
                .filter(|edge| edge.from() == pair[0] && edge.to() == pair[1])
                .count()
                == 1
        };
        if self.edges().len() + 1 != stages.len() || !order.windows(2).all(follows) {
            return Err("its stages do not form a chain".into());
        }
        Ok(order.to_vec())
    }
}

fn edge_obstacle(stages: &[Stage], edge: &Edge) -> Option<String> {
    let (from, to) = (stages[edge.from()].name(), stages[edge.to()].name());
    if edge.output_port() == OutputPort::Error {
        return Some(format!("an edge takes the errors of `{from}`"));
    }
    if *edge.filter() != EdgeFilter::Always {
        return Some(format!("only some items go from `{from}` to `{to}`"));
    }
    (*edge.ty() != stages[edge.to()].inputs()[edge.param()].ty)
        .then(|| format!("values are converted between `{from}` and `{to}`"))
}

/// Returns `true` if the stage needs more than a call of its function. Concurrency and order do not
/// count: they are up to the caller of the exported component.
fn needs_host(stage: &Stage) -> bool {
    let options = stage.options();
    let carries_on = |action| matches!(action, OnError::Skip | OnError::DeadLetter);
    options.retry_policy().is_some()
        || options.attempt_deadline().is_some()
        || options.error_action().is_some_and(carries_on)
        || carries_on(options.failure_action())
}
