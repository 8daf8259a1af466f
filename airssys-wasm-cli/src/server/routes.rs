//! The API's router and its OpenAPI description.

use std::sync::Arc;

use airssys_wasm_core::bounds::{COMPONENT_BYTES_MAX, VALUE_TEXT_BYTES_MAX};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa::openapi::InfoBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reserve::{lasting, leave_reserve, leave_reserve_if_followed};
use super::runtimes::run_on_guests;
use super::to_its_end::to_its_end;
use super::{
    Process, apply, calls, deployments, grants, metrics, packages, pipelines, rollouts, routing,
    watching,
};
use crate::api::{Problem, kinds};
use crate::server::reply::Refused;

/// Maximum size of a JSON request in bytes. The arguments of a call are the largest value, and JSON
/// escapes may double its size.
const JSON_BYTES_MAX: usize = 2 * VALUE_TEXT_BYTES_MAX;

/// Returns the API's router, which also serves the API's description.
pub(super) fn router(process: Process) -> Router {
    let description = (
        [(http::header::CONTENT_TYPE, "application/json")],
        description(),
    );
    let on_guests = from_fn_with_state(process.guests.clone(), run_on_guests);
    let removed = removed_to_the_end().layer(from_fn(to_its_end));
    let applied = applied_to_the_end()
        .layer(on_guests.clone())
        .layer(from_fn(to_its_end));
    let lasting = lasting();
    let reserve = from_fn_with_state(Arc::clone(&lasting), leave_reserve);
    let called = called().layer(on_guests.clone()).layer(reserve.clone());
    let followed = followed().layer(from_fn_with_state(lasting, leave_reserve_if_followed));
    let watched = watched().layer(reserve).merge(followed);
    let run = run_by_guests().layer(on_guests).merge(called);
    let all = answered()
        .merge(run)
        .merge(watched)
        .merge(removed)
        .merge(applied);
    all.split_for_parts()
        .0
        .route(
            "/v1/openapi.json",
            get(move || std::future::ready(description)),
        )
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .with_state(process)
}

/// Returns the OpenAPI description as JSON.
pub(crate) fn description() -> String {
    let mut description = described().into_openapi();
    description.info = InfoBuilder::new()
        .title("airssys-wasm")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The API of an airssys-wasm host process. With `dry-run`, a request is checked and described but changes nothing. A request that fails returns a `Problem`.",
        ))
        .build();
    // Cannot fail: it consists of strings and numbers.
    description.to_pretty_json().unwrap_or_default()
}

fn described() -> OpenApiRouter<Process> {
    let run = run_by_guests().merge(called()).merge(applied_to_the_end());
    answered()
        .merge(watched())
        .merge(followed())
        .merge(run)
        .merge(removed_to_the_end())
}

/// Routes that run no guest code.
fn answered() -> OpenApiRouter<Process> {
    let published = OpenApiRouter::new()
        .routes(routes!(packages::list, packages::publish))
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(deployments::about))
        .routes(routes!(deployments::list))
        .routes(routes!(deployments::status, deployments::remove))
        .routes(routes!(calls::functions))
        .routes(routes!(grants::show))
        .routes(routes!(grants::revoke))
        .routes(routes!(grants::explain))
        .merge(published)
        .routes(routes!(packages::pull))
        .routes(routes!(pipelines::list))
        .routes(routes!(pipelines::status))
        .routes(routes!(pipelines::graph))
        .routes(routes!(routing::list, routing::set, routing::remove))
        .routes(routes!(deployments::history))
        .routes(routes!(metrics::metrics))
}

/// Routes that run no guest code and stay open for as long as the client reads.
fn watched() -> OpenApiRouter<Process> {
    OpenApiRouter::new().routes(routes!(watching::events))
}

/// Routes that run no guest code and stay open only if the client follows.
fn followed() -> OpenApiRouter<Process> {
    OpenApiRouter::new()
        .routes(routes!(watching::logs))
        .routes(routes!(watching::audit))
}

/// Routes that run guest code, and are cancelled as a whole if the client disconnects.
fn run_by_guests() -> OpenApiRouter<Process> {
    let with_components = OpenApiRouter::new()
        .routes(routes!(rollouts::deploy))
        .routes(routes!(apply::deployment))
        .routes(routes!(rollouts::update))
        .routes(routes!(pipelines::deploy))
        .routes(routes!(pipelines::update))
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX));
    OpenApiRouter::new()
        .merge(with_components)
        .routes(routes!(rollouts::rollback))
        .routes(routes!(rollouts::approve))
        .routes(routes!(grants::grant))
}

/// Routes that run guest code for as long as the guest takes.
fn called() -> OpenApiRouter<Process> {
    OpenApiRouter::new()
        .routes(routes!(calls::call))
        .routes(routes!(pipelines::run))
}

/// Routes that take several steps and run no guest code.
fn removed_to_the_end() -> OpenApiRouter<Process> {
    OpenApiRouter::new().routes(routes!(pipelines::remove))
}

/// Routes that take several steps and run guest code.
fn applied_to_the_end() -> OpenApiRouter<Process> {
    OpenApiRouter::new()
        .routes(routes!(apply::pipeline))
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX))
}

async fn unknown(method: http::Method, uri: http::Uri) -> Refused {
    let message = format!(
        "airssys-wasm {} has no `{method} {}`; are the command and the host process the same version?",
        env!("CARGO_PKG_VERSION"),
        uri.path()
    );
    Refused(Problem::new(kinds::PROTOCOL, message))
}
