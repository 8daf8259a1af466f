//! Calls: a single item through a pipeline.
//!
//! Tests: `tests/suite/pipelines`.

use std::sync::Arc;

use super::check::check_inputs;
use super::executor::{AdmittedItem, ItemExecutor};
use super::item::Inputs;
use super::outcome::Outcome;
use super::running::RunningPipeline;
use super::sources::take_items;
use crate::{Error, ErrorKind, Result};

/// Sends a single item through a pipeline.
pub(super) async fn call(running: &Arc<RunningPipeline>, mut inputs: Inputs) -> Result<Outcome> {
    check_inputs(&running.pipeline, &mut inputs, None)?;
    let Some(guard) = running.in_flight.admit().await else {
        return Err(removed(running));
    };
    let Some(source_items) = take_items(running, None).await? else {
        return Ok(Outcome::default());
    };
    let item = AdmittedItem {
        position: None,
        inputs,
        source_items,
        guard,
    };
    ItemExecutor::start(running, item)?.run().await
}

fn removed(running: &RunningPipeline) -> Error {
    let message = format!("the pipeline `{}` was removed", running.pipeline.name());
    Error::new(ErrorKind::NotDeployed, message)
}
