//! Which path does what, and the description of that for programs.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::get;
use utoipa::openapi::InfoBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::to_its_end::to_its_end;
use super::upload::COMPONENT_BYTES_MAX;
use super::{
    Process, apply, calls, deployments, grants, metrics, packages, pipelines, rollouts, routing, watching,
};
use crate::api::{Problem, kinds};
use crate::server::reply::Refused;

/// The API. Its description is part of it.
pub(super) fn router(process: Process) -> Router {
    let description = ([(http::header::CONTENT_TYPE, "application/json")], description());
    described()
        .split_for_parts()
        .0
        .route("/v1/openapi.json", get(move || std::future::ready(description)))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX))
        .with_state(process)
}

/// The description of the API as JSON.
pub(crate) fn description() -> String {
    let mut description = described().into_openapi();
    description.info = InfoBuilder::new()
        .title("airssys-wasm")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The API of a host process. What is asked for with `dry-run` is checked and not done.",
        ))
        .build();
    // It has texts and numbers, which JSON can always say.
    description.to_pretty_json().unwrap_or_default()
}

fn described() -> OpenApiRouter<Process> {
    // These take several steps; the others are given up as a whole when nobody waits any more.
    let to_their_end = OpenApiRouter::new()
        .routes(routes!(pipelines::status, apply::pipeline, pipelines::remove))
        .layer(from_fn(to_its_end));
    OpenApiRouter::new()
        .routes(routes!(deployments::about))
        .routes(routes!(deployments::list, rollouts::deploy))
        .routes(routes!(deployments::status, apply::deployment, deployments::remove))
        .routes(routes!(rollouts::update))
        .routes(routes!(rollouts::rollback))
        .routes(routes!(rollouts::approve))
        .routes(routes!(calls::functions))
        .routes(routes!(calls::call))
        .routes(routes!(grants::show, grants::grant))
        .routes(routes!(grants::revoke))
        .routes(routes!(grants::explain))
        .routes(routes!(packages::list, packages::publish))
        .routes(routes!(packages::pull))
        .routes(routes!(pipelines::list, pipelines::deploy))
        .merge(to_their_end)
        .routes(routes!(pipelines::graph))
        .routes(routes!(pipelines::run))
        .routes(routes!(pipelines::update))
        .routes(routes!(routing::list, routing::set, routing::remove))
        .routes(routes!(deployments::history))
        .routes(routes!(watching::events))
        .routes(routes!(watching::logs))
        .routes(routes!(watching::audit))
        .routes(routes!(metrics::metrics))
}

async fn unknown(method: http::Method, uri: http::Uri) -> Refused {
    let message = format!(
        "airssys-wasm {} has no `{method} {}`; are command and host process of the same version?",
        env!("CARGO_PKG_VERSION"),
        uri.path()
    );
    Refused(Problem::new(kinds::PROTOCOL, message))
}
