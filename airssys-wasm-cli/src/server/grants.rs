//! What a deployment is granted, and what is taken back.

use axum::Json;
use axum::extract::{Path, State};

use super::Process;
use super::reply::{Reply, answer, aside};
use super::rollouts::{allow, wake};
use crate::api::{Given, GrantsView, PromotedView, Revoke, Revoked, request_lines};

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
    Json(given): Json<Given>,
) -> Reply<PromotedView> {
    wake(&process, &name).await?;
    let deployment = process.host.deployment(&name)?;
    let more = given.read()?;
    let grants = more.allowed().cloned().fold(deployment.grants(), |grants, rule| grants.with(rule));
    let grants = more.denied().try_fold(grants, |grants, rule| grants.deny(&rule.to_string()));
    let grants = grants.map_err(airssys_wasm_host::Error::from)?;
    let update = process.host.update(&name, deployment.component()).grants(grants);
    let promoted = allow(update, true, false).await?;
    answer(PromotedView::of(&name, &promoted))
}

pub(super) async fn revoke(
    State(process): State<Process>,
    Path(name): Path<String>,
    Json(revoke): Json<Revoke>,
) -> Reply<Revoked> {
    let touched = aside(move || process.host.revoke(&name, &revoke.rule)).await?;
    answer(Revoked { touched: touched.iter().map(|rule| rule.without_value().to_string()).collect() })
}
