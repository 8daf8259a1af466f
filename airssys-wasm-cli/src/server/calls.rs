//! Calls from outside, with values as WAVE text.

use axum::Json;
use axum::extract::{Path, State};

use super::Process;
use super::reply::{Reply, answer, aside};
use crate::api::{Call, Called, FunctionView};

pub(super) async fn functions(
    State(process): State<Process>,
    Path(name): Path<String>,
) -> Reply<Vec<FunctionView>> {
    let functions = aside(move || Ok(process.host.deployment(&name)?.functions())).await?;
    answer(functions.into_iter().map(Into::into).collect())
}

pub(super) async fn call(
    State(process): State<Process>,
    Path(name): Path<String>,
    Json(call): Json<Call>,
) -> Reply<Called> {
    let function = aside(move || process.host.deployment(&name)?.dynamic_function(&call.function)).await?;
    answer(Called { result: function.call_wave(&call.arguments).await? })
}
