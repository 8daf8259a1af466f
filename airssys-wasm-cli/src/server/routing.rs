//! Which name answers which HTTP requests.
//!
//! Tests: the crate's `tests/cli/web`.

use airssys_wasm_host::ErrorKind;
use axum::Json;
use axum::extract::{Query, State};

use super::Process;
use super::reply::{Reply, answer};
use crate::api::{Problem, RouteChanged, RouteView, WhichRoute};

#[utoipa::path(
    get,
    path = "/v1/routes",
    operation_id = "routes",
    summary = "Every route, and the name that answers",
    responses((status = 200, body = Vec<RouteView>), (status = "default", body = Problem)),
)]
pub(super) async fn list(State(process): State<Process>) -> Reply<Vec<RouteView>> {
    let view = |(route, name): (airssys_wasm_host::http::Route, airssys_wasm_host::ComponentName)| {
        RouteView { route: route.to_string(), component: name.to_string() }
    };
    answer(process.host.routes().into_iter().map(view).collect())
}

#[utoipa::path(
    post,
    path = "/v1/routes",
    operation_id = "set_route",
    summary = "Have a name answer the requests of a route",
    request_body = RouteView,
    responses((status = 200, body = RouteChanged), (status = "default", body = Problem)),
)]
pub(super) async fn set(State(process): State<Process>, Json(said): Json<RouteView>) -> Reply<RouteChanged> {
    let before = process.host.route(&said.route, &said.component).await?;
    answer(RouteChanged::new(said.route, Some(said.component), before))
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
        None => Err(Problem::of(ErrorKind::NotDeployed, format!("there is no route `{route}`")).into()),
    }
}
