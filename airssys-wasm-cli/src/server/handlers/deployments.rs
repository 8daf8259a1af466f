//! Handlers for deployments: list, status, deploy, removal.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use std::time::Instant;

use axum::extract::{Multipart, Path, Query, State};

use super::components::{describe_component, resolve_component};
use super::paths::DeploymentPath;
use crate::api::{
    DeploySpec, DeploymentList, DeploymentView, DryRunQuery, MaybeDryRun, RemovalResult,
    RolloutResult, with_version,
};
use crate::server::reply::{Reply, answer};
use crate::server::{ServerState, upload};

/// Lists every deployment, and those whose state cannot be read.
#[utoipa::path(
    get,
    path = "/v1/deployments",
    operation_id = "list_deployments",
    summary = "List deployments",
    responses((status = 200, body = DeploymentList)),
)]
pub(super) async fn list(State(server): State<ServerState>) -> Reply<DeploymentList> {
    let deployments = server.host.deployments();
    let summaries = deployments.summaries().await?;
    answer(DeploymentList {
        deployments: summaries.iter().map(Into::into).collect(),
        lost: deployments.unreadable().iter().map(Into::into).collect(),
    })
}

/// Returns the status of a deployment.
#[utoipa::path(
    get,
    path = "/v1/deployments/{name}",
    operation_id = "deployment",
    summary = "Get a deployment",
    params(DeploymentPath),
    responses((status = 200, body = DeploymentView)),
)]
pub(super) async fn status(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
) -> Reply<DeploymentView> {
    let deployment = server.host.deployment(&name).await?;
    let package = deployment.component().name().map(ToString::to_string);
    let waiting = deployment.pending_update();
    answer(DeploymentView::new(
        &deployment.status(),
        package,
        waiting.map(|component| component.digest().to_string()),
    ))
}

/// Deploys a component under a new name.
///
/// The component is uploaded as form part `component`, or taken from the published package that
/// `spec` names. If the client disconnects before the response, either nothing is deployed or the
/// component is; no state in between.
#[utoipa::path(
    post,
    path = "/v1/deployments",
    operation_id = "deploy",
    summary = "Deploy a component",
    request_body(content = upload::UploadForm<DeploySpec>, content_type = "multipart/form-data"),
    params(DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>)),
)]
pub(super) async fn deploy(
    State(server): State<ServerState>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let begun = Instant::now();
    let (spec, component) = upload::read_form::<DeploySpec>(&server, form).await?;
    let options = &spec.options;
    let component = resolve_component(&server, options.package.as_deref(), component).await?;
    let component = with_version(component, options.version.as_deref())?;
    let described = describe_component(options.name.as_deref(), &component);
    let deploy = spec.prepare(server.host.deploy(component))?;
    if how.dry_run {
        deploy.rehearse().await?;
        return answer(MaybeDryRun::dry_run(format!("deploy {described}")));
    }
    let deployed = deploy.await?;
    let active = deployed.status().active;
    answer(MaybeDryRun::Done(RolloutResult {
        name: deployed.name().to_string(),
        from_revision: None,
        revision: active.revision,
        version: active.version.as_ref().map(ToString::to_string),
        milliseconds: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        calls_draining: 0,
        granted_again: Vec::new(),
    }))
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
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RemovalResult>)),
)]
pub(super) async fn remove(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
) -> Reply<MaybeDryRun<RemovalResult>> {
    if how.dry_run {
        let deployments = server.host.deployments();
        deployments.check_removal(&[name.as_str()]).await?;
        return answer(MaybeDryRun::dry_run(format!(
            "remove {name} with its revisions and grants"
        )));
    }
    server.host.remove(&name).await?;
    answer(MaybeDryRun::Done(RemovalResult { removed: name }))
}
