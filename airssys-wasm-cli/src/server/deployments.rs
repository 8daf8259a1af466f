//! Status, history and removal of deployments.

use airssys_wasm_host::Host;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::ServerState;
use super::reply::{Reply, answer};
use crate::api::{
    About, ChangeView, DeploymentList, DeploymentView, DryRunQuery, LostDeployment, MaybeDryRun,
    Problem, RemovalResult,
};

/// Returns information about the host process.
#[utoipa::path(
    get,
    path = "/v1/about",
    operation_id = "about",
    summary = "Get information about the host process",
    responses((status = 200, body = About), (status = "default", body = Problem)),
)]
pub(super) async fn about(State(process): State<ServerState>) -> Reply<About> {
    let summaries = process.run_blocking(|host| Ok(host.summaries())).await?;
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

/// Lists every deployment, and those whose state cannot be read.
#[utoipa::path(
    get,
    path = "/v1/deployments",
    operation_id = "list_deployments",
    summary = "List deployments",
    responses((status = 200, body = DeploymentList), (status = "default", body = Problem)),
)]
pub(super) async fn list(State(process): State<ServerState>) -> Reply<DeploymentList> {
    let lost = |(name, problem): &(String, String)| LostDeployment {
        name: name.clone(),
        problem: problem.clone(),
    };
    let summaries = process.run_blocking(|host| Ok(host.summaries())).await?;
    answer(DeploymentList {
        deployments: summaries.iter().map(Into::into).collect(),
        lost: process.host.lost().iter().map(lost).collect(),
    })
}

/// Returns the status of a deployment.
#[utoipa::path(
    get,
    path = "/v1/deployments/{name}",
    operation_id = "deployment",
    summary = "Get a deployment",
    params(("name" = String, Path, description = "Name of the deployment")),
    responses((status = 200, body = DeploymentView), (status = "default", body = Problem)),
)]
pub(super) async fn status(
    State(process): State<ServerState>,
    Path(name): Path<String>,
) -> Reply<DeploymentView> {
    let view = process.run_blocking(move |host| {
        let deployment = host.deployment(&name)?;
        let package = deployment.component().name().map(ToString::to_string);
        let waiting = host.awaiting_approval(&name)?;
        Ok(DeploymentView::new(
            &deployment.status(),
            package,
            waiting.map(|component| component.digest().to_string()),
        ))
    });
    answer(view.await?)
}

/// Removes a deployment with its revisions and grants.
///
/// The deployment admits no more calls, and the response is sent once its last call has ended.
/// Fails with `in-use` if another deployment is linked to it, or if it is a stage of a pipeline.
#[utoipa::path(
    delete,
    path = "/v1/deployments/{name}",
    operation_id = "remove_deployment",
    summary = "Remove a deployment",
    params(("name" = String, Path, description = "Name of the deployment"), DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RemovalResult>), (status = "default", body = Problem)),
)]
pub(super) async fn remove(
    State(process): State<ServerState>,
    Path(name): Path<String>,
    Query(how): Query<DryRunQuery>,
) -> Reply<MaybeDryRun<RemovalResult>> {
    if how.dry_run {
        let owned = name.clone();
        process
            .run_blocking(move |host| host.check_removal(&[&owned]))
            .await?;
        return answer(MaybeDryRun::dry_run(format!(
            "remove {name} with its revisions and grants"
        )));
    }
    process.host.remove(&name).await?;
    answer(MaybeDryRun::Done(RemovalResult { removed: name }))
}

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
    responses((status = 200, body = Vec<ChangeView>), (status = "default", body = Problem)),
)]
pub(super) async fn history(
    State(process): State<ServerState>,
    Query(of): Query<HistoryQuery>,
) -> Reply<Vec<ChangeView>> {
    let changes = process.run_blocking(Host::history).await?;
    let wanted = changes.iter().filter(|change| {
        of.name
            .as_deref()
            .is_none_or(|name| change.component.as_str() == name)
    });
    answer(wanted.map(Into::into).collect())
}
