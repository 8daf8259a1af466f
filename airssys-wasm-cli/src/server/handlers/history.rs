//! The handler for the history of changes to deployments.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::ChangeView;
use crate::server::ServerState;
use crate::server::reply::{Reply, answer};

/// Query parameters of the history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Returns only changes to this deployment. Defaults to all deployments.
    name: Option<String>,
}

/// Lists changes to deployments, oldest first.
///
/// The host process retains the last 10,000 changes.
#[utoipa::path(
    get,
    path = "/v1/history",
    operation_id = "history",
    summary = "List changes to deployments",
    params(HistoryQuery),
    responses((status = 200, body = Vec<ChangeView>)),
)]
pub(super) async fn history(
    State(server): State<ServerState>,
    Query(of): Query<HistoryQuery>,
) -> Reply<Vec<ChangeView>> {
    let changes = server.host.deployments().history().await?;
    let wanted = changes.iter().filter(|change| {
        of.name
            .as_deref()
            .is_none_or(|name| change.deployment.as_str() == name)
    });
    answer(wanted.map(Into::into).collect())
}
