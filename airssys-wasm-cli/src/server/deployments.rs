//! What is deployed, and its end.

use airssys_wasm_host::Host;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Process;
use super::reply::{Reply, answer};
use crate::api::{
    About, ChangeView, DeploymentView, DoneOr, How, LostView, Overview, Problem, Removed,
};

#[utoipa::path(
    get,
    path = "/v1/about",
    operation_id = "about",
    summary = "What the host process is",
    responses((status = 200, body = About), (status = "default", body = Problem)),
)]
pub(super) async fn about(State(process): State<Process>) -> Reply<About> {
    let summaries = process.aside(|host| Ok(host.summaries())).await?;
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

#[utoipa::path(
    get,
    path = "/v1/deployments",
    operation_id = "list_deployments",
    summary = "Every name that is deployed",
    responses((status = 200, body = Overview), (status = "default", body = Problem)),
)]
pub(super) async fn list(State(process): State<Process>) -> Reply<Overview> {
    let lost = |(name, problem): &(String, String)| LostView {
        name: name.clone(),
        problem: problem.clone(),
    };
    let summaries = process.aside(|host| Ok(host.summaries())).await?;
    answer(Overview {
        deployments: summaries.iter().map(Into::into).collect(),
        lost: process.host.lost().iter().map(lost).collect(),
    })
}

#[utoipa::path(
    get,
    path = "/v1/deployments/{name}",
    operation_id = "deployment",
    summary = "A name: what serves, what is kept",
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, body = DeploymentView), (status = "default", body = Problem)),
)]
pub(super) async fn status(
    State(process): State<Process>,
    Path(name): Path<String>,
) -> Reply<DeploymentView> {
    let view = process.aside(move |host| {
        let deployment = host.deployment(&name)?;
        let package = deployment.component().name().map(ToString::to_string);
        let waiting = host.awaiting_approval(&name)?;
        Ok(DeploymentView::of(
            &deployment.status(),
            package,
            waiting.map(|component| component.digest().to_string()),
        ))
    });
    answer(view.await?)
}

#[utoipa::path(
    delete,
    path = "/v1/deployments/{name}",
    operation_id = "remove_deployment",
    summary = "Remove a name, once its last call has ended",
    params(("name" = String, Path, description = "The name"), How),
    responses((status = 200, body = DoneOr<Removed>), (status = "default", body = Problem)),
)]
pub(super) async fn remove(
    State(process): State<Process>,
    Path(name): Path<String>,
    Query(how): Query<How>,
) -> Reply<DoneOr<Removed>> {
    if how.dry_run {
        let owned = name.clone();
        process
            .aside(move |host| host.check_removal(&[&owned]))
            .await?;
        return answer(DoneOr::would(format!(
            "remove {name} with its revisions and grants"
        )));
    }
    process.host.remove(&name).await?;
    answer(DoneOr::Done(Removed { removed: name }))
}

/// Of which name; all unless said.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    name: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/history",
    operation_id = "history",
    summary = "What was done, oldest first",
    params(Of),
    responses((status = 200, body = Vec<ChangeView>), (status = "default", body = Problem)),
)]
pub(super) async fn history(
    State(process): State<Process>,
    Query(of): Query<Of>,
) -> Reply<Vec<ChangeView>> {
    let changes = process.aside(Host::history).await?;
    let wanted = changes.iter().filter(|change| {
        of.name
            .as_deref()
            .is_none_or(|name| change.component.as_str() == name)
    });
    answer(wanted.map(Into::into).collect())
}
