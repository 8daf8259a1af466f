//! Brings a deployment to a desired state, and points its routes to it.
//!
//! Tests: `airssys-wasm-cli/tests/cli/apply.rs`.

use std::collections::BTreeMap;

use airssys_wasm_core::terms::Terms;
use airssys_wasm_host::http::Route;
use airssys_wasm_host::{Component, ComponentName, Deployment, Host, Update};
use axum::extract::{Multipart, Path, Query, State};

use super::{check_revocations, compare, if_deployed};
use crate::api::{
    ApplyResult, DesiredDeployment, DryRunQuery, Problem, parse_strategy, with_version,
};
use crate::server::handlers::components::resolve_component;
use crate::server::handlers::paths::DeploymentPath;
use crate::server::reply::{Reply, answer};
use crate::server::{ServerState, upload};

/// Brings a deployment to a desired state.
///
/// Creates the deployment if it does not exist, updates it if it differs from the request, and
/// otherwise leaves it unchanged. Then points the listed routes to it.
///
/// Settings that the request omits take their defaults, not their current values, except for links
/// and routes, which stay. Any version is accepted, older ones included. If a listed grant was
/// revoked, the request fails unless `grant-again` is set.
#[utoipa::path(
    put,
    path = "/v1/deployments/{name}",
    operation_id = "apply_deployment",
    summary = "Apply a desired state to a deployment",
    request_body(content = upload::UploadForm<DesiredDeployment>, content_type = "multipart/form-data"),
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = ApplyResult)),
)]
pub(in crate::server::handlers) async fn apply(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<ApplyResult> {
    let (mut desired, component) = upload::read_form::<DesiredDeployment>(&server, form).await?;
    let options = &mut desired.deployment.options;
    let component = resolve_component(&server, options.package.as_deref(), component).await?;
    let component = with_version(component, options.version.as_deref())?;
    options.name = Some(name.clone());
    let wanted_routes = desired
        .routes
        .iter()
        .map(|text| text.parse().map_err(airssys_wasm_host::Error::from));
    let wanted_routes = wanted_routes.collect::<Result<Vec<Route>, _>>()?;
    let mut applied = match if_deployed(server.host.deployment(&name).await)? {
        None => {
            let deploy = desired.deployment.prepare(server.host.deploy(component))?;
            if how.dry_run {
                deploy.rehearse().await?;
            } else {
                deploy.await?;
            }
            ApplyResult::new(&name, "deploy", Vec::new())
        }
        Some(now) => update(&server, &name, &now, component, desired, how).await?,
    };
    let routes = set_routes(&server.host, &name, &wanted_routes, how).await?;
    if applied.action == "nothing" && !routes.is_empty() {
        "route".clone_into(&mut applied.action);
    }
    applied.changes.extend(routes);
    answer(applied)
}

/// Updates a deployment, unless it is in the desired state.
async fn update(
    server: &ServerState,
    name: &str,
    now: &Deployment,
    component: Component,
    desired: DesiredDeployment,
    how: DryRunQuery,
) -> Result<ApplyResult, Problem> {
    // Created first: a rule that is revoked from here on stays revoked.
    let update = server.host.update(name, component.clone());
    let defaults = server.host.deployments().default_terms(&component);
    let wanted = desired.deployment.terms.clone()?.apply_to(defaults);
    let changes = compare::deployment(now, &component, &wanted);
    let again = compare::lifted_revocations(&now.grants(), &wanted.grants);
    if !desired.grant_again {
        check_revocations(name, &again)?;
    }
    if changes.is_empty() && again.is_empty() {
        return Ok(ApplyResult::new(name, "nothing", changes));
    }
    run_update(update, wanted, &desired, how).await?;
    let again = again
        .into_iter()
        .map(|rule| format!("granted again: {rule}"));
    Ok(ApplyResult::new(
        name,
        "update",
        changes.into_iter().chain(again).collect(),
    ))
}

/// Points routes to a deployment. Returns the changes.
async fn set_routes(
    host: &Host,
    name: &str,
    wanted: &[Route],
    how: DryRunQuery,
) -> Result<Vec<String>, Problem> {
    let routes = host.http().routes().into_iter();
    let now: BTreeMap<Route, ComponentName> = routes
        .map(|configured| (configured.route, configured.deployment))
        .collect();
    let mut changes = Vec::new();
    for route in wanted {
        let before = now.get(route).map(ComponentName::as_str);
        if before == Some(name) {
            continue;
        }
        changes.push(format!(
            "route {route}: {} -> {name}",
            before.unwrap_or("-")
        ));
        if !how.dry_run {
            host.http().set_route(&route.to_string(), name).await?;
        }
    }
    Ok(changes)
}

async fn run_update(
    update: Update<'_>,
    wanted: Terms,
    desired: &DesiredDeployment,
    how: DryRunQuery,
) -> Result<(), Problem> {
    let mut update = update
        .strategy(parse_strategy(desired.strategy.as_deref())?)
        .terms(wanted.into())
        // The desired version may be older.
        .any_version();
    if desired.discard_state {
        update = update.discard_state();
    }
    if desired.grant_again {
        update = update.lifting_revocations();
    }
    if how.dry_run {
        update.rehearse().await?
    } else {
        drop(update.await?)
    }
    Ok(())
}
