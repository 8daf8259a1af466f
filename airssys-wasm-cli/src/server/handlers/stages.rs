//! The handler that updates a stage of a pipeline.
//!
//! Tests: `airssys-wasm-cli/tests/cli/pipelines.rs`.

use airssys_wasm_host::pipeline::{PipelineDeployment, UpdateStage};
use axum::extract::{Multipart, Path, Query, State};

use super::components::{describe_component, resolve_component};
use super::paths::StagePath;
use crate::api::{
    DryRunQuery, MaybeDryRun, Problem, RolloutResult, StageUpdateSpec, parse_strategy,
};
use crate::server::reply::{Reply, answer};
use crate::server::{ServerState, upload};

/// Replaces the component of a stage.
///
/// The component is uploaded as form part `component`, or taken from the published package that
/// `spec` names.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/stages/{stage}/update",
    operation_id = "update_stage",
    summary = "Update a stage of a pipeline",
    request_body(content = upload::UploadForm<StageUpdateSpec>, content_type = "multipart/form-data"),
    params(StagePath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>)),
)]
pub(super) async fn update(
    State(server): State<ServerState>,
    Path(StagePath { name, stage }): Path<StagePath>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let (spec, component) = upload::read_form::<StageUpdateSpec>(&server, form).await?;
    let pipeline = server.host.pipelines().get(&name).await?;
    let package = spec.options.package.as_deref();
    let component = resolve_component(&server, package, component).await?;
    let name = deployment_of(&pipeline, &stage);
    let action = format!("update to {}", describe_component(Some(&name), &component));
    let update = prepare_stage(pipeline.update(&stage, component), spec)?;
    if how.dry_run {
        update.rehearse().await?;
        return answer(MaybeDryRun::dry_run(action));
    }
    answer(MaybeDryRun::Done(RolloutResult::new(&name, &update.await?)))
}

/// Returns the name of the deployment that runs a stage. Fused stages share a deployment.
fn deployment_of(pipeline: &PipelineDeployment, stage: &str) -> String {
    let stages = pipeline.status().stages;
    let unit = stages
        .iter()
        .find(|unit| unit.stages.iter().any(|name| name == stage));
    unit.map_or_else(|| stage.to_owned(), |unit| unit.deployment.to_string())
}

/// Applies the options and terms to the update of a stage.
fn prepare_stage(
    update: UpdateStage<'_>,
    spec: StageUpdateSpec,
) -> Result<UpdateStage<'_>, Problem> {
    let options = spec.options;
    let mut update = update
        .strategy(parse_strategy(options.strategy.as_deref())?)
        .terms(spec.terms?);
    if options.any_version {
        update = update.any_version();
    }
    if options.grant_again {
        update = update.lifting_revocations();
    }
    if options.discard_state {
        update = update.discard_state();
    }
    Ok(update)
}
