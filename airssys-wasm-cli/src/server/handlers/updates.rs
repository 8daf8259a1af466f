//! Handlers that move a deployment to another revision: update, approval, rollback.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use airssys_wasm_host::{Approval, ErrorKind, Update};
use axum::Json;
use axum::extract::{Multipart, Path, Query, State};

use super::components::{describe_component, resolve_component};
use super::paths::DeploymentPath;
use crate::api::{
    ApproveSpec, DryRunQuery, MaybeDryRun, Problem, RollbackSpec, RolloutResult, UpdateSpec,
    parse_strategy, with_version,
};
use crate::server::reply::{Reply, answer};
use crate::server::{ServerState, upload};

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
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>)),
)]
pub(super) async fn update(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let (spec, component) = upload::read_form::<UpdateSpec>(&server, form).await?;
    // A name that is not deployed is reported before the package is looked for.
    server.host.deployment(&name).await?;
    let options = &spec.options;
    let component = resolve_component(&server, options.package.as_deref(), component).await?;
    let component = with_version(component, options.version.as_deref())?;
    let described = describe_component(Some(&name), &component);
    let update = prepare_update(server.host.update(&name, component), spec)?;
    run_or_rehearse(&name, update, how, format!("update to {described}")).await
}

/// Runs an update, or rehearses it for a dry run.
pub(super) async fn run_or_rehearse(
    name: &str,
    update: Update<'_>,
    how: DryRunQuery,
    action: String,
) -> Reply<MaybeDryRun<RolloutResult>> {
    if how.dry_run {
        update.rehearse().await?;
        return answer(MaybeDryRun::dry_run(action));
    }
    answer(MaybeDryRun::Done(RolloutResult::new(name, &update.await?)))
}

fn prepare_update(update: Update<'_>, spec: UpdateSpec) -> Result<Update<'_>, Problem> {
    let options = spec.options;
    let mut update = update
        .strategy(parse_strategy(options.strategy.as_deref())?)
        .terms(spec.terms?);
    if options.grant_again {
        update = update.lifting_revocations();
    }
    if options.any_version {
        update = update.any_version();
    }
    if options.discard_state {
        update = update.discard_state();
    }
    Ok(update)
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
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>)),
)]
pub(super) async fn rollback(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
    Json(spec): Json<RollbackSpec>,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let mut rollback = server
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
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>)),
)]
pub(super) async fn approve(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
    Json(approve): Json<ApproveSpec>,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let waiting = server.host.deployment(&name).await?.pending_update();
    let Some(waiting) = waiting.filter(|waiting| waiting.digest().to_string() == approve.digest)
    else {
        let message = format!(
            "no update of `{name}` with the digest `{}` is waiting for approval",
            approve.digest.escape_debug()
        );
        return Err(Problem::from_kind(ErrorKind::ApprovalMismatch, message).into());
    };
    let approval = Approval::new(&waiting, approve.grants.parse()?);
    let mut update = server
        .host
        .update(&name, waiting.clone())
        .approval(approval)
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
