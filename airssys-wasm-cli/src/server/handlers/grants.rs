//! Grants of a deployment: shown, explained, extended and revoked.
//!
//! Tests: `airssys-wasm-cli/tests/cli/lifting.rs`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, Operation, OperationError, RevocationReview};
use airssys_wasm_host::ErrorKind;
use axum::Json;
use axum::extract::{Path, Query, State};

use super::paths::DeploymentPath;
use super::updates::run_or_rehearse;
use crate::api::{
    DryRunQuery, ExplainRequest, ExplanationView, GrantSpec, GrantsView, MaybeDryRun, Problem,
    RevocationResult, RevokeRequest, RolloutResult, kinds, request_lines,
};
use crate::server::ServerState;
use crate::server::reply::{Reply, answer};

/// Returns the requests and the grants of a deployment's active revision.
#[utoipa::path(
    get,
    path = "/v1/deployments/{name}/grants",
    operation_id = "grants",
    summary = "Get a deployment's requests, grants, denies and revocations",
    params(DeploymentPath),
    responses((status = 200, body = GrantsView)),
)]
pub(super) async fn show(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
) -> Reply<GrantsView> {
    let deployment = server.host.deployment(&name).await?;
    let requests = request_lines(&deployment.status().active.requested);
    let learned = deployment
        .learned()
        .map(|rules| rules.iter().map(ToString::to_string).collect());
    answer(GrantsView::new(
        &deployment.grants(),
        &deployment.lifted(),
        requests,
        learned,
    ))
}

/// Explains whether a deployment's active revision may perform an operation.
///
/// The operation is neither performed nor recorded in the audit log.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/explain",
    operation_id = "explain",
    summary = "Explain whether an operation is allowed",
    request_body = ExplainRequest,
    params(DeploymentPath),
    responses((status = 200, body = ExplanationView)),
)]
pub(super) async fn explain(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Json(request): Json<ExplainRequest>,
) -> Reply<ExplanationView> {
    let operation: Operation = request
        .operation
        .parse()
        .map_err(|error: OperationError| Problem::new(kinds::USAGE, error.to_string()))?;
    let deployment = server.host.deployment(&name).await?;
    let explanation = deployment.explain(&operation);
    answer(ExplanationView {
        operation: explanation.operation.to_string(),
        allowed: explanation.decision.is_allowed(),
        text: explanation.to_string(),
    })
}

/// Adds grants to a deployment.
///
/// Rolls out the same component as a new revision with the current grants and the additional ones.
/// A revoked rule is granted again if it is listed here itself; a wider rule needs `grant-again`.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/grants",
    operation_id = "grant",
    summary = "Add grants to a deployment",
    request_body = GrantSpec,
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>)),
)]
pub(super) async fn grant(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
    Json(spec): Json<GrantSpec>,
) -> Reply<MaybeDryRun<RolloutResult>> {
    if spec.allow.is_empty() && spec.deny.is_empty() {
        let message = "the request has no rules; list them in `allow` or `deny`";
        return Err(Problem::new(kinds::USAGE, message).into());
    }
    let deployment = server.host.deployment(&name).await?;
    let grant_again = spec.grant_again;
    let action = format!(
        "extend the grants of {name} by {} rule(s)",
        spec.allow.len() + spec.deny.len()
    );
    let (now, more) = (deployment.grants(), spec.into_rules().parse()?);
    let review = more.review_revocations(now.revoked());
    if !grant_again {
        check_consent(&review)?;
    }
    let grants = extend(now, &more, review)?;
    let update = server
        .host
        .update(&name, deployment.component())
        .grants(grants);
    let update = if grant_again {
        update.lifting_revocations()
    } else {
        update
    };
    run_or_rehearse(&name, update.any_version(), how, action).await
}

/// Checks that no revoked rule would be granted again by a wider one.
fn check_consent(review: &RevocationReview) -> Result<(), Problem> {
    let Some(first) = review.requiring_consent().next() else {
        return Ok(());
    };
    let message = format!(
        "`{}` was revoked, and the grant `{}` would grant it again; grant exactly what was revoked, or pass `--grant-again`",
        first.revoked,
        first.grant.without_value()
    );
    Err(Problem::from_kind(ErrorKind::LiftsRevocation, message))
}

/// Combines a deployment's grants with additional ones, and lifts the revocations that the review
/// of the additional ones lists.
fn extend(now: Grants, more: &Grants, review: RevocationReview) -> Result<Grants, Problem> {
    let lifted: Vec<Rule> = review
        .lifted
        .into_iter()
        .map(|lifted| lifted.revoked)
        .collect();
    let grants = more
        .allowed()
        .cloned()
        .fold(now.without_revoked(&lifted), Grants::with_rule);
    let denied = more
        .denied()
        .try_fold(grants, |grants, rule| grants.deny(&rule.to_string()));
    denied.map_err(|error| Problem::from(airssys_wasm_host::Error::from(error)))
}

/// Revokes a rule from every revision of a deployment.
///
/// Takes effect immediately, for calls in flight too: their next operation of this kind is denied,
/// and resources opened under the rule are closed. Holds until the rule is granted again.
#[utoipa::path(
    post,
    path = "/v1/deployments/{name}/revoke",
    operation_id = "revoke",
    summary = "Revoke a rule",
    request_body = RevokeRequest,
    params(DeploymentPath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RevocationResult>)),
)]
pub(super) async fn revoke(
    State(server): State<ServerState>,
    Path(DeploymentPath { name }): Path<DeploymentPath>,
    Query(how): Query<DryRunQuery>,
    Json(revoke): Json<RevokeRequest>,
) -> Reply<MaybeDryRun<RevocationResult>> {
    if how.dry_run {
        return answer(rehearse_revoke(&server, &name, &revoke.rule).await?);
    }
    let deployment = server.host.deployment(&name).await?;
    let touched = deployment.revoke(&revoke.rule).await?;
    answer(MaybeDryRun::Done(RevocationResult::from_rules(&touched)))
}

async fn rehearse_revoke(
    server: &ServerState,
    name: &str,
    rule: &str,
) -> Result<MaybeDryRun<RevocationResult>, Problem> {
    let rule: Rule = rule.parse().map_err(airssys_wasm_host::Error::from)?;
    let mut grants = server.host.deployment(name).await?.grants();
    let touched = RevocationResult::from_rules(&grants.revoke(&rule)).touched;
    let from = if touched.is_empty() {
        "no current grant".into()
    } else {
        touched.join(", ")
    };
    Ok(MaybeDryRun::dry_run(format!(
        "revoke `{rule}` from {name}, which affects {from}"
    )))
}
