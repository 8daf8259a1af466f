//! What is deployed, and its end.

use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::Process;
use super::reply::{Reply, answer, aside};
use crate::api::{About, ChangeView, DeploymentView, DoneOr, How, LostView, Overview};

pub(super) async fn about(State(process): State<Process>) -> Reply<About> {
    let summaries = process.host.summaries();
    answer(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        deployments: summaries.len(),
        problems: summaries.iter().filter(|summary| summary.problem.is_some()).count(),
    })
}

pub(super) async fn list(State(process): State<Process>) -> Reply<Overview> {
    let lost = |(name, problem): &(String, String)| LostView { name: name.clone(), problem: problem.clone() };
    answer(Overview {
        deployments: process.host.summaries().iter().map(Into::into).collect(),
        lost: process.host.lost().iter().map(lost).collect(),
    })
}

pub(super) async fn status(
    State(process): State<Process>,
    Path(name): Path<String>,
) -> Reply<DeploymentView> {
    let view = aside(move || {
        let deployment = process.host.deployment(&name)?;
        let package = deployment.component().name().map(ToString::to_string);
        let waiting = process.host.awaiting_approval(&name)?;
        Ok(DeploymentView::of(
            &deployment.status(),
            package,
            waiting.map(|component| component.digest().to_string()),
        ))
    });
    answer(view.await?)
}

pub(super) async fn remove(
    State(process): State<Process>,
    Path(name): Path<String>,
    Query(how): Query<How>,
) -> Reply<DoneOr<()>> {
    if how.dry_run {
        let (host, owned) = (process.host.clone(), name.clone());
        aside(move || host.check_removal(&[&owned])).await?;
        return answer(DoneOr::would(format!("remove {name} with its revisions and grants")));
    }
    process.host.remove(&name).await?;
    answer(DoneOr::Done(()))
}

/// Of which name; all unless said.
#[derive(Deserialize)]
pub(super) struct Of {
    name: Option<String>,
}

pub(super) async fn history(State(process): State<Process>, Query(of): Query<Of>) -> Reply<Vec<ChangeView>> {
    let changes = aside(move || process.host.history()).await?;
    let wanted = changes
        .iter()
        .filter(|change| of.name.as_deref().is_none_or(|name| change.component.as_str() == name));
    answer(wanted.map(Into::into).collect())
}
