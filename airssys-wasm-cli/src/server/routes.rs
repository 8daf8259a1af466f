//! Which path does what.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::upload::COMPONENT_BYTES_MAX;
use super::{Process, apply, calls, deployments, grants, metrics, packages, pipelines, rollouts, watching};
use crate::api::{Problem, kinds};
use crate::server::reply::Refused;

pub(super) fn router(process: Process) -> Router {
    Router::new()
        .route("/v1/about", get(deployments::about))
        .route("/v1/deployments", get(deployments::list).post(rollouts::deploy))
        .route(
            "/v1/deployments/{name}",
            get(deployments::status).put(apply::deployment).delete(deployments::remove),
        )
        .route("/v1/deployments/{name}/update", post(rollouts::update))
        .route("/v1/deployments/{name}/rollback", post(rollouts::rollback))
        .route("/v1/deployments/{name}/approve", post(rollouts::approve))
        .route("/v1/deployments/{name}/functions", get(calls::functions))
        .route("/v1/deployments/{name}/call", post(calls::call))
        .route("/v1/deployments/{name}/grants", get(grants::show).post(grants::grant))
        .route("/v1/deployments/{name}/revoke", post(grants::revoke))
        .route("/v1/packages", get(packages::list).post(packages::publish))
        .route("/v1/packages/{package}", get(packages::pull))
        .route("/v1/pipelines", get(pipelines::list).post(pipelines::deploy))
        .route("/v1/pipelines/{name}", get(pipelines::status).put(apply::pipeline).delete(pipelines::remove))
        .route("/v1/pipelines/{name}/graph", get(pipelines::graph))
        .route("/v1/pipelines/{name}/run", post(pipelines::run))
        .route("/v1/pipelines/{name}/stages/{stage}/update", post(pipelines::update))
        .route("/v1/history", get(deployments::history))
        .route("/v1/events", get(watching::events))
        .route("/v1/logs", get(watching::logs))
        .route("/v1/audit", get(watching::audit))
        .route("/metrics", get(metrics::metrics))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX))
        .with_state(process)
}

async fn unknown(method: http::Method, uri: http::Uri) -> Refused {
    let message = format!(
        "airssys-wasm {} has no `{method} {}`; are command and host process of the same version?",
        env!("CARGO_PKG_VERSION"),
        uri.path()
    );
    Refused(Problem::new(kinds::PROTOCOL, message))
}
