//! Handlers for pipelines: list, status, graph, deploy, removal.
//!
//! Tests: `airssys-wasm-cli/tests/cli/pipelines.rs`.

use std::collections::{BTreeMap, BTreeSet};

use airssys_wasm_core::bounds::STAGES_MAX;
use airssys_wasm_core::pipeline::PipelineDefinition;
use airssys_wasm_host::Component;
use axum::extract::{Multipart, Path, Query, State};
use bytes::Bytes;

use super::packages;
use super::paths::PipelinePath;
use crate::api::{
    DryRunQuery, GraphView, MaybeDryRun, PipelineSpec, PipelineView, RemovalResult, build_pipeline,
    stage_part_name,
};
use crate::server::reply::{Reply, answer};
use crate::server::{ServerState, upload};

/// Lists every pipeline, including those that cannot run.
#[utoipa::path(
    get,
    path = "/v1/pipelines",
    operation_id = "list_pipelines",
    summary = "List pipelines",
    responses((status = 200, body = Vec<PipelineView>)),
)]
pub(super) async fn list(State(server): State<ServerState>) -> Reply<Vec<PipelineView>> {
    let pipelines = server.host.pipelines();
    let mut views = Vec::new();
    for name in pipelines.names().await? {
        views.push(match pipelines.get(name.as_str()).await {
            Ok(pipeline) => PipelineView::from_deployment(&pipeline),
            Err(error) => PipelineView::broken(name.to_string(), error.to_string()),
        });
    }
    answer(views)
}

/// Deploys a pipeline.
///
/// Components are uploaded as form parts `stage-0`, `stage-1` and so on, in the order of the
/// definition. A stage without a part uses the published package that the definition names.
#[utoipa::path(
    post,
    path = "/v1/pipelines",
    operation_id = "deploy_pipeline",
    summary = "Deploy a pipeline",
    request_body(
        content = upload::StagesUploadForm<PipelineSpec>,
        content_type = "multipart/form-data",
    ),
    params(DryRunQuery),
    responses((status = 200, body = MaybeDryRun<PipelineView>)),
)]
pub(super) async fn deploy(
    State(server): State<ServerState>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<PipelineView>> {
    let (spec, sent) = upload::read_parts::<PipelineSpec>(form).await?;
    let components = resolve_components(&server, &spec.definition, &sent).await;
    let pipeline = build_pipeline(&spec.definition, components)?;
    let action = format!(
        "deploy the pipeline {} with {} stages",
        pipeline.name(),
        pipeline.stages().len()
    );
    let deploy = spec.prepare(server.host.pipelines().deploy(pipeline))?;
    if how.dry_run {
        deploy.rehearse().await?;
        return answer(MaybeDryRun::dry_run(action));
    }
    answer(MaybeDryRun::Done(PipelineView::from_deployment(
        &deploy.await?,
    )))
}

/// Returns the components of the stages in order: uploaded ones, or else published ones.
pub(super) async fn resolve_components(
    server: &ServerState,
    definition: &PipelineDefinition,
    sent: &BTreeMap<String, Bytes>,
) -> Vec<Result<Component, String>> {
    let stages = definition.stages().count();
    if stages > STAGES_MAX {
        return vec![Err(format!(
            "the pipeline has {stages} stages; at most {STAGES_MAX} are allowed"
        ))];
    }
    let mut components = Vec::new();
    let parts: BTreeSet<String> = (0..stages).map(stage_part_name).collect();
    if let Some(unknown) = sent.keys().find(|part| !parts.contains(*part)) {
        return vec![Err(upload::unexpected_part(unknown).to_string())];
    }
    for (index, (_, stage)) in definition.stages().enumerate() {
        let component = match sent.get(&stage_part_name(index)) {
            Some(bytes) => upload::parse_component(server, bytes.clone()).await,
            None => packages::find(server, stage.component()).await,
        };
        components.push(component.map_err(|problem| problem.to_string()));
    }
    components
}

/// Returns the status of a pipeline with the counters of its stages.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}",
    operation_id = "pipeline",
    summary = "Get a pipeline and the counters of its stages",
    params(PipelinePath),
    responses((status = 200, body = PipelineView)),
)]
pub(super) async fn status(
    State(server): State<ServerState>,
    Path(PipelinePath { name }): Path<PipelinePath>,
) -> Reply<PipelineView> {
    let pipeline = server.host.pipelines().get(&name).await?;
    answer(PipelineView::from_deployment(&pipeline))
}

/// Returns the graph of a pipeline as text, Mermaid, DOT and TOML.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/graph",
    operation_id = "pipeline_graph",
    summary = "Get the graph of a pipeline",
    params(PipelinePath),
    responses((status = 200, body = GraphView)),
)]
pub(super) async fn graph(
    State(server): State<ServerState>,
    Path(PipelinePath { name }): Path<PipelinePath>,
) -> Reply<GraphView> {
    let pipeline = server.host.pipelines().get(&name).await?;
    answer(GraphView::from(&pipeline.pipeline()))
}

/// Removes a pipeline with the deployments of its stages.
///
/// The request runs to completion even if the client disconnects.
#[utoipa::path(
    delete,
    path = "/v1/pipelines/{name}",
    operation_id = "remove_pipeline",
    summary = "Remove a pipeline",
    params(PipelinePath, DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RemovalResult>)),
)]
pub(super) async fn remove(
    State(server): State<ServerState>,
    Path(PipelinePath { name }): Path<PipelinePath>,
    Query(how): Query<DryRunQuery>,
) -> Reply<MaybeDryRun<RemovalResult>> {
    if how.dry_run {
        server.host.pipelines().check_removal(&name).await?;
        return answer(MaybeDryRun::dry_run(format!(
            "remove the pipeline {name} with its deployments"
        )));
    }
    server.host.pipelines().remove(&name).await?;
    answer(MaybeDryRun::Done(RemovalResult { removed: name }))
}
