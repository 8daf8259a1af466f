//! The handler for information about the host process.
//!
//! Tests: `airssys-wasm-cli/src/server/runtimes.rs`.

use axum::extract::State;

use crate::api::About;
use crate::server::ServerState;
use crate::server::reply::{Reply, answer};

/// Returns information about the host process.
#[utoipa::path(
    get,
    path = "/v1/about",
    operation_id = "about",
    summary = "Get information about the host process",
    responses((status = 200, body = About)),
)]
pub(super) async fn about(State(server): State<ServerState>) -> Reply<About> {
    let summaries = server.host.deployments().summaries().await?;
    answer(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        deployments: summaries.len(),
        problems: summaries
            .iter()
            .filter(|summary| summary.problem.is_some())
            .count(),
    })
}
