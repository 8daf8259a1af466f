//! Handlers for HTTP routes.
//!
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

use airssys_wasm_host::{ErrorKind, Host};
use axum::Json;
use axum::extract::{Query, State};

use crate::api::{Problem, RouteChange, RouteQuery, RouteStatus, RouteView};
use crate::server::ServerState;
use crate::server::reply::{Reply, answer};

/// Lists every route with the deployment it points to.
#[utoipa::path(
    get,
    path = "/v1/routes",
    operation_id = "routes",
    summary = "List routes",
    responses((status = 200, body = Vec<RouteStatus>)),
)]
pub(super) async fn list(State(server): State<ServerState>) -> Reply<Vec<RouteStatus>> {
    let mut listed = Vec::new();
    for configured in server.host.http().routes() {
        let name = configured.deployment.to_string();
        listed.push(RouteStatus {
            route: configured.route.to_string(),
            problem: problem(&server.host, &name).await,
            component: name,
        });
    }
    answer(listed)
}

/// Returns the reason a deployment cannot answer HTTP requests; `None` if it can.
async fn problem(host: &Host, name: &str) -> Option<String> {
    let checked = match host.http().service(name) {
        Ok(service) => service.check().await,
        Err(error) => Err(error),
    };
    checked.err().map(|error| error.to_string())
}

/// Points a route to a deployment.
///
/// Replaces the route if it exists. The deployment need not exist: until it does, requests are
/// answered with status 503. Components see the whole path of a request.
#[utoipa::path(
    post,
    path = "/v1/routes",
    operation_id = "set_route",
    summary = "Set a route",
    request_body = RouteView,
    responses((status = 200, body = RouteChange)),
)]
pub(super) async fn set(
    State(server): State<ServerState>,
    Json(route): Json<RouteView>,
) -> Reply<RouteChange> {
    let http = server.host.http();
    let before = http.set_route(&route.route, &route.component).await?;
    let problem = problem(&server.host, &route.component).await;
    answer(RouteChange::new(route.route, Some(route.component), before).with_problem(problem))
}

/// Removes a route.
#[utoipa::path(
    delete,
    path = "/v1/routes",
    operation_id = "remove_route",
    summary = "Remove a route",
    params(RouteQuery),
    responses((status = 200, body = RouteChange)),
)]
pub(super) async fn remove(
    State(server): State<ServerState>,
    Query(RouteQuery { route }): Query<RouteQuery>,
) -> Reply<RouteChange> {
    match server.host.http().remove_route(&route).await? {
        Some(before) => answer(RouteChange::new(route, None, Some(before))),
        None => Err(Problem::from_kind(
            ErrorKind::NotDeployed,
            format!("there is no route `{route}`; `airssys-wasm route list` shows all routes"),
        )
        .into()),
    }
}
