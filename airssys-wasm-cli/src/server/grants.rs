//! What a deployment is granted, and what is taken back.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, Operation, OperationError};
use airssys_wasm_host::ErrorKind;
use axum::Json;
use axum::extract::{Path, Query, State};

use super::Process;
use super::reply::{Reply, answer};
use super::rollouts::{allow, finish_update, wake};
use crate::api::{
    Asked, DoneOr, Explained, GrantSpec, GrantsView, How, Problem, PromotedView, Revoke, Revoked,
    kinds, request_lines,
};

#[utoipa::path(
    get,
    path = "/v1/deployments/{name}/grants",
    operation_id = "grants",
    summary = "What it requests, and what is granted, denied and revoked",
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, body = GrantsView), (status = "default", body = Problem)),
)]
pub(super) async fn show(
    State(process): State<Process>,
    Path(name): Path<String>,
) -> Reply<GrantsView> {
    let view = process.aside(move |host| {
        let deployment = host.deployment(&name)?;
        let requests = request_lines(&deployment.status().serving.requested);
        let learned = deployment
            .learned()
            .map(|rules| rules.iter().map(ToString::to_string).collect());
        Ok(GrantsView::of(
            &deployment.grants(),
            &deployment.lifted(),
            requests,
            learned,
        ))
    });
    answer(view.await?)
}

#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/explain",
    operation_id = "explain",
    summary = "Whether it may do something, and on what grounds",
    request_body = Asked,
    params(("name" = String, Path, description = "The name")),
    responses((status = 200, body = Explained), (status = "default", body = Problem)),
)]
pub(super) async fn explain(
    State(process): State<Process>,
    Path(name): Path<String>,
    Json(asked): Json<Asked>,
) -> Reply<Explained> {
    let operation: Operation = asked
        .operation
        .parse()
        .map_err(|error: OperationError| Problem::new(kinds::USAGE, error.to_string()))?;
    let explanation = process
        .aside(move |host| Ok(host.deployment(&name)?.explain(&operation)))
        .await?;
    answer(Explained {
        operation: explanation.operation.to_string(),
        allowed: explanation.decision.is_allowed(),
        text: explanation.to_string(),
    })
}

/// Gives more than it has: the same component again, as another revision.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/grants",
    operation_id = "grant",
    summary = "Grant it more",
    request_body = GrantSpec,
    params(("name" = String, Path, description = "The name"), How),
    responses((status = 200, body = DoneOr<PromotedView>), (status = "default", body = Problem)),
)]
pub(super) async fn grant(
    State(process): State<Process>,
    Path(name): Path<String>,
    Query(how): Query<How>,
    Json(spec): Json<GrantSpec>,
) -> Reply<DoneOr<PromotedView>> {
    wake(&process, &name).await?;
    let deployment = process.host.deployment(&name)?;
    let grant_again = spec.grant_again;
    let told = format!(
        "give {name} what it has and {} more",
        spec.allow.len() + spec.deny.len()
    );
    let grants = with_more(deployment.grants(), &spec.given().read()?, grant_again)?;
    let update = process
        .host
        .update(&name, deployment.component())
        .grants(grants);
    let update = if grant_again {
        update.lifting_revocations()
    } else {
        update
    };
    finish_update(&name, allow(update, true, false), how, told).await
}

/// What a deployment has, and more. What was revoked comes back where the rules that are new name
/// it, or with `grant_again`.
fn with_more(now: Grants, more: &Grants, grant_again: bool) -> Result<Grants, Problem> {
    let lifting = more.lifting(now.revoked());
    if let (Some(first), false) = (lifting.needing_consent().next(), grant_again) {
        let message = format!(
            "`{}` was revoked, and the grant `{}` would give it back; grant just what was revoked, or say `--grant-again`",
            first.revoked,
            first.by.without_value()
        );
        return Err(Problem::of(ErrorKind::LiftsRevocation, message));
    }
    let lifted: Vec<Rule> = lifting
        .lifted
        .into_iter()
        .map(|lifted| lifted.revoked)
        .collect();
    let grants = more
        .allowed()
        .cloned()
        .fold(now.without_revoked(&lifted), Grants::with);
    let denied = more
        .denied()
        .try_fold(grants, |grants, rule| grants.deny(&rule.to_string()));
    denied.map_err(|error| Problem::from(airssys_wasm_host::Error::from(error)))
}

#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/revoke",
    operation_id = "revoke",
    summary = "Take something back",
    request_body = Revoke,
    params(("name" = String, Path, description = "The name"), How),
    responses((status = 200, body = DoneOr<Revoked>), (status = "default", body = Problem)),
)]
pub(super) async fn revoke(
    State(process): State<Process>,
    Path(name): Path<String>,
    Query(how): Query<How>,
    Json(revoke): Json<Revoke>,
) -> Reply<DoneOr<Revoked>> {
    if how.dry_run {
        return answer(would_revoke(&process, &name, &revoke.rule).await?);
    }
    let touched = process
        .aside(move |host| host.revoke(&name, &revoke.rule))
        .await?;
    answer(DoneOr::Done(Revoked::of(&touched)))
}

async fn would_revoke(
    process: &Process,
    name: &str,
    rule: &str,
) -> Result<DoneOr<Revoked>, Problem> {
    let rule: Rule = rule.parse().map_err(airssys_wasm_host::Error::from)?;
    let owned = name.to_owned();
    let mut grants = process
        .aside(move |host| Ok(host.deployment(&owned)?.grants()))
        .await?;
    let touched = Revoked::of(&grants.revoke(&rule)).touched;
    let from = if touched.is_empty() {
        "nothing that is granted".into()
    } else {
        touched.join(", ")
    };
    Ok(DoneOr::would(format!(
        "take `{rule}` from {name}, which touches {from}"
    )))
}
