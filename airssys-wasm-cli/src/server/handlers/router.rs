//! The API's router and its OpenAPI description.
//!
//! Tests: `airssys-wasm-cli/tests/cli/busy.rs`.

use std::sync::Arc;

use airssys_wasm_core::bounds::{COMPONENT_BYTES_MAX, VALUE_TEXT_BYTES_MAX};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa::openapi::{Content, InfoBuilder, OpenApi, Ref, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    about, apply, deployments, events, functions, grants, history, http_routes, logs, metrics,
    packages, pipeline_runs, pipelines, stages, updates,
};
use crate::api::{Problem, kinds};
use crate::server::ServerState;
use crate::server::completion::run_to_completion;
use crate::server::reply::ProblemResponse;
use crate::server::reserve::{
    limit_long_requests, limit_long_requests_if_following, long_request_permits,
};
use crate::server::runtimes::run_on_guest_runtime;

/// Maximum size of a JSON request in bytes. The arguments of a call are the largest value, and JSON
/// escapes may double its size.
const JSON_BYTES_MAX: usize = 2 * VALUE_TEXT_BYTES_MAX;

/// Returns the API's router, which also serves the API's description.
pub(in crate::server) fn router(server: ServerState) -> Router {
    let description = (
        [(http::header::CONTENT_TYPE, "application/json")],
        openapi_json(),
    );
    let on_guests = from_fn_with_state(server.guests.clone(), run_on_guest_runtime);
    let pipeline_removal = pipeline_removal_routes().layer(from_fn(run_to_completion));
    let pipeline_apply = pipeline_apply_routes()
        .layer(on_guests.clone())
        .layer(from_fn(run_to_completion));
    let long_requests = long_request_permits();
    let reserve = from_fn_with_state(Arc::clone(&long_requests), limit_long_requests);
    let calls = call_routes()
        .layer(on_guests.clone())
        .layer(reserve.clone());
    let followable = followable_routes().layer(from_fn_with_state(
        long_requests,
        limit_long_requests_if_following,
    ));
    let watching = event_routes().layer(reserve).merge(followable);
    let guest_runtime = rollout_routes().layer(on_guests).merge(calls);
    let all = admin_routes()
        .merge(guest_runtime)
        .merge(watching)
        .merge(pipeline_removal)
        .merge(pipeline_apply);
    all.split_for_parts()
        .0
        .route(
            "/v1/openapi.json",
            get(move || std::future::ready(description)),
        )
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .with_state(server)
}

/// Returns the OpenAPI description as JSON.
pub(crate) fn openapi_json() -> String {
    let mut description = openapi_router().into_openapi();
    description.info = InfoBuilder::new()
        .title("airssys-wasm")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The API of an airssys-wasm host process. With `dry-run`, a request is checked and described but changes nothing. A request that fails returns a `Problem`.",
        ))
        .build();
    add_problem_responses(&mut description);
    // Cannot fail: it consists of strings and numbers.
    description.to_pretty_json().unwrap_or_default()
}

/// Adds the response of a request that fails to every operation.
fn add_problem_responses(description: &mut OpenApi) {
    let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    let problem = ResponseBuilder::new()
        .content("application/json", content)
        .build();
    for path in description.paths.paths.values_mut() {
        let operations = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".into(), problem.clone().into());
        }
    }
    let components = description.components.get_or_insert_default();
    components
        .schemas
        .insert(Problem::name().into(), Problem::schema());
}

fn openapi_router() -> OpenApiRouter<ServerState> {
    let guest_runtime = rollout_routes()
        .merge(call_routes())
        .merge(pipeline_apply_routes());
    admin_routes()
        .merge(event_routes())
        .merge(followable_routes())
        .merge(guest_runtime)
        .merge(pipeline_removal_routes())
}

/// Routes that run no guest code.
fn admin_routes() -> OpenApiRouter<ServerState> {
    let published = OpenApiRouter::new()
        .routes(routes!(packages::list, packages::publish))
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(about::about))
        .routes(routes!(deployments::list))
        .routes(routes!(deployments::status, deployments::remove))
        .routes(routes!(functions::functions))
        .routes(routes!(grants::show))
        .routes(routes!(grants::revoke))
        .routes(routes!(grants::explain))
        .merge(published)
        .routes(routes!(packages::pull))
        .routes(routes!(pipelines::list))
        .routes(routes!(pipelines::status))
        .routes(routes!(pipelines::graph))
        .routes(routes!(
            http_routes::list,
            http_routes::set,
            http_routes::remove
        ))
        .routes(routes!(history::history))
        .routes(routes!(metrics::metrics))
}

/// Routes that run no guest code and stay open for as long as the client reads.
fn event_routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(events::events))
}

/// Routes that run no guest code and stay open only if the client follows.
fn followable_routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(logs::logs))
        .routes(routes!(logs::audit))
}

/// Routes that run guest code. If the client disconnects, either nothing has changed or the rollout
/// is complete; no state in between.
fn rollout_routes() -> OpenApiRouter<ServerState> {
    let with_components = OpenApiRouter::new()
        .routes(routes!(deployments::deploy))
        .routes(routes!(apply::deployments::apply))
        .routes(routes!(updates::update))
        .routes(routes!(pipelines::deploy))
        .routes(routes!(stages::update))
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX));
    OpenApiRouter::new()
        .merge(with_components)
        .routes(routes!(updates::rollback))
        .routes(routes!(updates::approve))
        .routes(routes!(grants::grant))
}

/// Routes that run guest code for as long as the guest takes.
fn call_routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(functions::call))
        .routes(routes!(pipeline_runs::run))
}

/// Routes that take several steps and run no guest code.
fn pipeline_removal_routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(pipelines::remove))
}

/// Routes that take several steps and run guest code.
fn pipeline_apply_routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(apply::pipelines::apply))
        .layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX))
}

async fn not_found(method: http::Method, uri: http::Uri) -> ProblemResponse {
    let message = format!(
        "airssys-wasm {} has no `{method} {}`; are the command and the host process the same version?",
        env!("CARGO_PKG_VERSION"),
        uri.path()
    );
    ProblemResponse(Problem::new(kinds::PROTOCOL, message))
}
