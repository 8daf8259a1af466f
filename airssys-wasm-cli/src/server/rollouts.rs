//! Handlers for rollouts: deploy, update, rollback, approval.

use std::time::Instant;

use airssys_wasm_host::pipeline::UpdateStage;
use airssys_wasm_host::{Approval, Component, ErrorKind, Update};
use axum::Json;
use axum::extract::{Multipart, Path, Query, State};

use super::ServerState;
use super::reply::{Reply, answer};
use super::{packages, upload};
use crate::api::{
    ApproveSpec, DeploySpec, DryRunQuery, MaybeDryRun, Problem, RollbackSpec, RolloutResult,
    StageUpdateSpec, UpdateSpec, parse_instancing, parse_strategy, with_version,
};

/// Deploys a component under a new name.
///
/// The component is uploaded as form part `component`, or taken from the published package that
/// `spec` names. If the client disconnects, the deploy is cancelled.
#[utoipa::path(
    post,
    path = "/v1/deployments",
    operation_id = "deploy",
    summary = "Deploy a component",
    request_body(content = upload::UploadForm<DeploySpec>, content_type = "multipart/form-data"),
    params(DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>), (status = "default", body = Problem)),
)]
pub(super) async fn deploy(
    State(process): State<ServerState>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let begun = Instant::now();
    let (spec, component) = upload::read_form::<DeploySpec>(&process, form).await?;
    let component = resolve_component(&process, spec.package.as_deref(), component).await?;
    let component = with_version(component, spec.version.as_deref())?;
    let told = describe_component(spec.name.as_deref(), &component);
    let deploy = spec.prepare(process.host.deploy(component))?;
    if how.dry_run {
        deploy.rehearse().await?;
        return answer(MaybeDryRun::dry_run(format!("deploy {told}")));
    }
    let deployed = deploy.await?;
    let serving = deployed.status().active;
    answer(MaybeDryRun::Done(RolloutResult {
        name: deployed.name().to_string(),
        from_revision: None,
        revision: serving.revision,
        version: serving.version.as_ref().map(ToString::to_string),
        milliseconds: begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        calls_draining: 0,
        granted_again: Vec::new(),
    }))
}

/// Formats a component's name, version and digest for messages.
pub(super) fn describe_component(name: Option<&str>, component: &Component) -> String {
    let name = name
        .or(component.name().map(|name| name.as_str()))
        .unwrap_or("it");
    let version = component
        .version()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    format!("{name}{version} ({})", component.digest())
}

/// Replaces the component of a deployment without dropping calls.
///
/// The component is uploaded as form part `component`, or taken from the published package that
/// `spec` names. It must be newer than the active one unless `any-version` is set. An update that
/// requests more than the deployment was granted, and sets no new grants, fails with
/// `awaits-approval` and waits until it is approved. If an update fails, the active revision keeps
/// serving.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/update",
    operation_id = "update",
    summary = "Update a deployment",
    request_body(content = upload::UploadForm<UpdateSpec>, content_type = "multipart/form-data"),
    params(("name" = String, Path, description = "Name of the deployment"), DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>), (status = "default", body = Problem)),
)]
pub(super) async fn update(
    State(process): State<ServerState>,
    Path(name): Path<String>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let (spec, component) = upload::read_form::<UpdateSpec>(&process, form).await?;
    load(&process, &name).await?;
    let component = resolve_component(&process, spec.package.as_deref(), component).await?;
    let component = with_version(component, spec.version.as_deref())?;
    let told = describe_component(Some(&name), &component);
    let update = prepare_update(process.host.update(&name, component), &spec)?;
    run_or_rehearse(&name, update, how, format!("update to {told}")).await
}

/// Runs an update, or rehearses it for a dry run.
pub(super) async fn run_or_rehearse(
    name: &str,
    update: Update<'_>,
    how: DryRunQuery,
    told: String,
) -> Reply<MaybeDryRun<RolloutResult>> {
    if how.dry_run {
        update.rehearse().await?;
        return answer(MaybeDryRun::dry_run(told));
    }
    answer(MaybeDryRun::Done(RolloutResult::new(name, &update.await?)))
}

fn prepare_update<'a>(mut update: Update<'a>, spec: &UpdateSpec) -> Result<Update<'a>, Problem> {
    update = update.strategy(parse_strategy(spec.strategy.as_deref())?);
    if let Some(grants) = &spec.grants {
        update = update.grants(grants.parse()?);
    }
    if let Some(limits) = &spec.limits {
        update = update.limits(limits.clone());
    }
    if let Some(instancing) = &spec.instancing {
        update = update.instancing(parse_instancing(instancing)?);
    }
    for (interface, name) in &spec.links {
        update = update.link(interface, name)?;
    }
    if let Some(enforcement) = spec.enforcement() {
        update = update.enforcement(enforcement);
    }
    if spec.grant_again {
        update = update.lifting_revocations();
    }
    if spec.any_version {
        update = update.any_version();
    }
    if spec.discard_state {
        update = update.discard_state();
    }
    Ok(update)
}

/// Applies the options to the update of a stage.
pub(super) fn prepare_stage<'a>(
    mut update: UpdateStage<'a>,
    spec: &StageUpdateSpec,
) -> Result<UpdateStage<'a>, Problem> {
    update = update.strategy(parse_strategy(spec.strategy.as_deref())?);
    if let Some(grants) = &spec.grants {
        update = update.grants(grants.parse()?);
    }
    let update = if spec.any_version {
        update.any_version()
    } else {
        update
    };
    let update = if spec.grant_again {
        update.lifting_revocations()
    } else {
        update
    };
    Ok(if spec.discard_state {
        update.discard_state()
    } else {
        update
    })
}

/// Makes an earlier revision active again.
///
/// Only retained revisions can be rolled back to.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/rollback",
    operation_id = "rollback",
    summary = "Roll back a deployment",
    request_body = RollbackSpec,
    params(("name" = String, Path, description = "Name of the deployment"), DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>), (status = "default", body = Problem)),
)]
pub(super) async fn rollback(
    State(process): State<ServerState>,
    Path(name): Path<String>,
    Query(how): Query<DryRunQuery>,
    Json(spec): Json<RollbackSpec>,
) -> Reply<MaybeDryRun<RolloutResult>> {
    load(&process, &name).await?;
    let mut rollback = process
        .host
        .rollback(&name)
        .strategy(parse_strategy(spec.strategy.as_deref())?);
    if let Some(version) = &spec.to_version {
        rollback = rollback.to_version(version);
    }
    if spec.discard_state {
        rollback = rollback.discard_state();
    }
    if how.dry_run {
        rollback.rehearse().await?;
        let to = spec
            .to_version
            .map(|version| format!(" to {version}"))
            .unwrap_or_default();
        return answer(MaybeDryRun::dry_run(format!("roll {name} back{to}")));
    }
    answer(MaybeDryRun::Done(RolloutResult::new(
        &name,
        &rollback.await?,
    )))
}

/// Approves the waiting update of a deployment, and rolls it out.
///
/// Fails with `approval-mismatch` if no update waits, or if the digest is not that of the waiting
/// update.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/approve",
    operation_id = "approve",
    summary = "Approve a waiting update",
    request_body = ApproveSpec,
    params(("name" = String, Path, description = "Name of the deployment"), DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>), (status = "default", body = Problem)),
)]
pub(super) async fn approve(
    State(process): State<ServerState>,
    Path(name): Path<String>,
    Query(how): Query<DryRunQuery>,
    Json(approve): Json<ApproveSpec>,
) -> Reply<MaybeDryRun<RolloutResult>> {
    load(&process, &name).await?;
    let waiting = process.host.awaiting_approval(&name)?;
    let Some(waiting) = waiting.filter(|waiting| waiting.digest().to_string() == approve.digest)
    else {
        let message = format!(
            "no update of `{name}` with the digest `{}` is waiting for approval",
            approve.digest.escape_debug()
        );
        return Err(Problem::from_kind(ErrorKind::ApprovalMismatch, message).into());
    };
    let approval = Approval::new(&waiting, approve.grants.parse()?);
    let mut update = process
        .host
        .approve(&name, approval)?
        .strategy(parse_strategy(approve.strategy.as_deref())?);
    if approve.grant_again {
        update = update.lifting_revocations();
    }
    if approve.any_version {
        update = update.any_version();
    }
    if approve.discard_state {
        update = update.discard_state();
    }
    run_or_rehearse(
        &name,
        update,
        how,
        format!("update to {}", describe_component(Some(&name), &waiting)),
    )
    .await
}

/// Returns the published component if a package is named, or else the uploaded one.
pub(super) async fn resolve_component(
    process: &ServerState,
    package: Option<&str>,
    sent: Option<Component>,
) -> Result<Component, Problem> {
    match package {
        Some(package) => packages::find(process, package).await,
        None => upload::require_component(sent),
    }
}

/// Loads a deployment that has not been used since the process started.
pub(super) async fn load(process: &ServerState, name: &str) -> Result<(), Problem> {
    let name = name.to_owned();
    process
        .run_blocking(move |host| host.deployment(&name).map(drop))
        .await
}
