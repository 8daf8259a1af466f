//! What a deployment is granted, and what is taken back.

use airssys_wasm_core::Rule;
use axum::Json;
use axum::extract::{Path, Query, State};

use super::Process;
use super::reply::{Reply, answer, aside};
use super::rollouts::{allow, finish_update, wake};
use crate::api::{DoneOr, Given, GrantsView, How, Problem, PromotedView, Revoke, Revoked, request_lines};

pub(super) async fn show(State(process): State<Process>, Path(name): Path<String>) -> Reply<GrantsView> {
    let view = aside(move || {
        let deployment = process.host.deployment(&name)?;
        let requests = request_lines(&deployment.status().serving.requested);
        let learned = deployment.learned().map(|rules| rules.iter().map(ToString::to_string).collect());
        Ok(GrantsView::of(&deployment.grants(), requests, learned))
    });
    answer(view.await?)
}

/// Gives more than it has: the same component again, as another revision.
pub(super) async fn grant(
    State(process): State<Process>,
    Path(name): Path<String>,
    Query(how): Query<How>,
    Json(given): Json<Given>,
) -> Reply<DoneOr<PromotedView>> {
    wake(&process, &name).await?;
    let deployment = process.host.deployment(&name)?;
    let more = given.read()?;
    let grants = more.allowed().cloned().fold(deployment.grants(), |grants, rule| grants.with(rule));
    let grants = more.denied().try_fold(grants, |grants, rule| grants.deny(&rule.to_string()));
    let grants = grants.map_err(airssys_wasm_host::Error::from)?;
    let update = process.host.update(&name, deployment.component()).grants(grants);
    let told = format!("give {name} what it has and {} more", given.allow.len() + given.deny.len());
    finish_update(&name, allow(update, true, false), how, told).await
}

pub(super) async fn revoke(
    State(process): State<Process>,
    Path(name): Path<String>,
    Query(how): Query<How>,
    Json(revoke): Json<Revoke>,
) -> Reply<DoneOr<Revoked>> {
    if how.dry_run {
        return answer(would_revoke(&process, &name, &revoke.rule).await?);
    }
    let touched = aside(move || process.host.revoke(&name, &revoke.rule)).await?;
    answer(DoneOr::Done(Revoked::of(&touched)))
}

async fn would_revoke(process: &Process, name: &str, rule: &str) -> Result<DoneOr<Revoked>, Problem> {
    let rule: Rule = rule.parse().map_err(airssys_wasm_host::Error::from)?;
    let (host, owned) = (process.host.clone(), name.to_owned());
    let mut grants = aside(move || Ok(host.deployment(&owned)?.grants())).await?;
    let touched = Revoked::of(&grants.revoke(&rule)).touched;
    let from = if touched.is_empty() { "nothing that is granted".into() } else { touched.join(", ") };
    Ok(DoneOr::would(format!("take `{rule}` from {name}, which touches {from}")))
}
