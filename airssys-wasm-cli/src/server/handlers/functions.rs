//! Handlers for the functions of a deployment: list, and calls with values as WAVE text or JSON.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use axum::Json;
use axum::extract::{Path, State};

use super::paths::DeploymentPath;
use crate::api::{CallRequest, CallResult, FunctionView};
use crate::server::ServerState;
use crate::server::reply::{Reply, answer};

/// Lists the functions that a deployment exports.
#[utoipa::path(
    get,
    path = "/v1/deployments/{name}/functions",
    operation_id = "functions",
    summary = "List a deployment's functions",
    params(DeploymentPath),
    responses((status = 200, body = Vec<FunctionView>)),
)]
pub(super) async fn functions(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
) -> Reply<Vec<FunctionView>> {
    let functions = server.host.deployment(&name).await?.functions();
    answer(functions.into_iter().map(Into::into).collect())
}

/// Calls a function of a deployment's active revision.
///
/// The result has the format of the arguments: WAVE or JSON. If the client disconnects, the call
/// is cancelled. Fails with `busy` if too many calls and followers are in progress.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/call",
    operation_id = "call",
    summary = "Call a function",
    request_body = CallRequest,
    params(DeploymentPath),
    responses((status = 200, body = CallResult)),
)]
pub(super) async fn call(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Json(call): Json<CallRequest>,
) -> Reply<CallResult> {
    let deployment = server.host.deployment(&name).await?;
    let function = deployment.dynamic_function(&call.function)?;
    answer(call.run(&function).await?)
}
