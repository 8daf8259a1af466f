//! The choice of the way in which the function of a stage is called: the lane that its signature
//! allows.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`.

use std::sync::Arc;

use airssys_wasm_core::pipeline::Stage;
use airssys_wasm_core::world::{Function as FunctionType, PlainSignature};
use airssys_wasm_core::{ComponentName, FunctionName};

use super::attempt_limit::AttemptLimit;
use super::chunks::ChunkedStage;
use super::function::StageFunction;
use super::streaming::StreamingStage;
use super::values::{DynamicStage, TypedStage};
use crate::Result;
use crate::deployment::DeploymentEntry;
use crate::function::{
    DynamicFunction, Function, Params, Results, StreamingFunction, WithTypes, with_types,
};

/// Creates a handle to a stage's function in its deployment, for a pipeline.
pub(in super::super) fn connect(
    target: &Arc<DeploymentEntry>,
    function: &FunctionType,
    stage: &Stage,
    pipeline: &ComponentName,
) -> Result<Arc<dyn StageFunction>> {
    let connection = StageConnection {
        target,
        function,
        pipeline,
    };
    let limit = AttemptLimit::for_stage(stage, target);
    if let Some((elements, lists)) = stage.chunk() {
        let values = connection.with_values()?;
        return Ok(Arc::new(ChunkedStage::new(values, elements, lists, limit)));
    }
    if stage.has_streams() {
        let (name, caller) = connection.names();
        let function = StreamingFunction::for_caller(target, name, caller)?;
        return Ok(Arc::new(StreamingStage::new(function, limit)));
    }
    connection.with_values()
}

struct StageConnection<'a> {
    target: &'a Arc<DeploymentEntry>,
    function: &'a FunctionType,
    pipeline: &'a ComponentName,
}

impl StageConnection<'_> {
    /// Creates a function that is called with values.
    fn with_values(self) -> Result<Arc<dyn StageFunction>> {
        if let Some(signature) = PlainSignature::from_function(self.function) {
            return with_types(signature, self);
        }
        let (name, caller) = self.names();
        let function = DynamicFunction::for_caller(self.target, name, caller)?;
        Ok(Arc::new(DynamicStage(function)))
    }

    fn names(&self) -> (FunctionName, Option<ComponentName>) {
        (self.function.name.clone(), Some(self.pipeline.clone()))
    }
}

impl WithTypes for StageConnection<'_> {
    type Out = Result<Arc<dyn StageFunction>>;

    fn with<P: Params, R: Results>(self) -> Self::Out {
        let (name, caller) = self.names();
        let function = Function::<P, R>::for_caller(self.target, name, caller)?;
        Ok(Arc::new(TypedStage(function)))
    }
}
