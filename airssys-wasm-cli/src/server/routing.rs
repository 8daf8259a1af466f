//! Which name answers which HTTP requests.
//!
//! Tests: the crate's `tests/cli/web`.

use airssys_wasm_host::{ErrorKind, Host};
use axum::Json;
use axum::extract::{Query, State};

use super::Process;
use super::reply::{Reply, answer};
use crate::api::{ListedRoute, Problem, RouteChanged, RouteView, WhichRoute};

#[utoipa::path(
    get,
    path = "/v1/routes",
    operation_id = "routes",
    summary = "Every route, and the name that answers",
    responses((status = 200, body = Vec<ListedRoute>), (status = "default", body = Problem)),
)]
pub(super) async fn list(State(process): State<Process>) -> Reply<Vec<ListedRoute>> {
    let routes = process.aside(|host| {
        let listed = host.routes().into_iter().map(|(route, name)| ListedRoute {
            route: route.to_string(),
            problem: problem(host, name.as_str()),
            component: name.to_string(),
        });
        Ok(listed.collect())
    });
    answer(routes.await?)
}

/// Why what is deployed under a name does not answer requests now, if it does not.
fn problem(host: &Host, name: &str) -> Option<String> {
    host.http(name)
        .and_then(|service| service.check())
        .err()
        .map(|error| error.to_string())
}

#[utoipa::path(
    post,
    path = "/v1/routes",
    operation_id = "set_route",
    summary = "Have a name answer the requests of a route",
    request_body = RouteView,
    responses((status = 200, body = RouteChanged), (status = "default", body = Problem)),
)]
pub(super) async fn set(
    State(process): State<Process>,
    Json(said): Json<RouteView>,
) -> Reply<RouteChanged> {
    let before = process.host.route(&said.route, &said.component).await?;
    let name = said.component.clone();
    let problem = process.aside(move |host| Ok(problem(host, &name))).await?;
    answer(RouteChanged::new(said.route, Some(said.component), before).with_problem(problem))
}

#[utoipa::path(
    delete,
    path = "/v1/routes",
    operation_id = "remove_route",
    summary = "Have nobody answer the requests of a route",
    params(WhichRoute),
    responses((status = 200, body = RouteChanged), (status = "default", body = Problem)),
)]
pub(super) async fn remove(
    State(process): State<Process>,
    Query(WhichRoute { route }): Query<WhichRoute>,
) -> Reply<RouteChanged> {
    match process.host.remove_route(&route).await? {
        Some(before) => answer(RouteChanged::new(route, None, Some(before))),
        None => Err(Problem::of(
            ErrorKind::NotDeployed,
            format!("there is no route `{route}`; `airssys-wasm route list` has them"),
        )
        .into()),
    }
}
