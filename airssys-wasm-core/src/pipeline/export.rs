//! A pipeline as one component, which needs nothing of ours to run.
//!
//! Only stages one after the other, of which each does as it is told: options, routes and
//! grants are a host's to carry out.
//! Tests: the workspace's `tests/suite/pipelines/export`.

use thiserror::Error;

use super::{ComponentPipeline, Edge, FromPort, OnError, Route, Stage};
use crate::compose::{Chain, ComposeError};

/// Why a pipeline is no component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It does more than call one function with what another returned.
    #[error("the pipeline cannot be one component: {why}")]
    MoreThanAChain {
        /// What it does besides.
        why: String,
    },
    /// Its stages cannot be fused.
    #[error(transparent)]
    NotFused(#[from] ComposeError),
}

impl ComponentPipeline {
    /// The pipeline as a component that exports a function `name`: its parameters are the
    /// inputs, its result the output. All stages lie in it, and it imports what they do.
    ///
    /// # Errors
    ///
    /// [`ExportError`] if it is more than stages one after the other, or they cannot be fused:
    /// stages that request something never are.
    pub fn export_component(&self, name: &str) -> Result<Vec<u8>, ExportError> {
        let order = self
            .chain()
            .map_err(|why| ExportError::MoreThanAChain { why })?;
        let chain = order.into_iter().fold(Chain::new(name), |chain, stage| {
            let stage = &self.stages()[stage];
            chain.stage(stage.component().clone(), stage.function().name.clone())
        });
        Ok(chain.fuse()?)
    }

    /// The stages one after the other, or what stands in the way.
    fn chain(&self) -> Result<Vec<usize>, String> {
        let stages = self.stages();
        let order = self.topological_order();
        if let Some(problem) = self.edges().iter().find_map(|edge| obstacle(stages, edge)) {
            return Err(problem);
        }
        if let Some(stage) = stages.iter().find(|stage| stage.has_streams()) {
            return Err(format!(
                "a stream passes through `{}`, and a host carries it",
                stage.name()
            ));
        }
        if let Some(stage) = stages.iter().find(|stage| is_more_than_a_call(stage)) {
            return Err(format!(
                "stage `{}` has options that a host carries out",
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
            return Err("its stages are not one after the other".into());
        }
        Ok(order.to_vec())
    }
}

fn obstacle(stages: &[Stage], edge: &Edge) -> Option<String> {
    let (from, to) = (stages[edge.from()].name(), stages[edge.to()].name());
    if edge.from_port() == FromPort::Error {
        return Some(format!("an edge takes the errors of `{from}`"));
    }
    if *edge.route() != Route::Always {
        return Some(format!("only some items go from `{from}` to `{to}`"));
    }
    (*edge.ty() != stages[edge.to()].inputs()[edge.param()].ty)
        .then(|| format!("values are converted between `{from}` and `{to}`"))
}

/// What a function alone cannot do. How many it works on at once, and in which order, is
/// whoever calls it to say.
fn is_more_than_a_call(stage: &Stage) -> bool {
    let options = stage.options();
    let carries_on = |action| matches!(action, OnError::Skip | OnError::DeadLetter);
    options.retries().is_some()
        || options.attempt_deadline().is_some()
        || options.error_action().is_some_and(carries_on)
        || carries_on(options.failure_action())
}
