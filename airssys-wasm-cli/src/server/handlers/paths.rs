//! Parameters in the paths of the API.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use serde::Deserialize;
use utoipa::IntoParams;

/// The path of a deployment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DeploymentPath {
    /// Name of the deployment.
    pub(super) name: String,
}

/// The path of a pipeline.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PipelinePath {
    /// Name of the pipeline.
    pub(super) name: String,
}

/// The path of a stage of a pipeline.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct StagePath {
    /// Name of the pipeline.
    pub(super) name: String,
    /// Name of the stage.
    pub(super) stage: String,
}
