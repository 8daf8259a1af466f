//! Handlers for pipelines: deploy, run, update of a stage, removal.
//!
//! Tests: `airssys-wasm-cli/tests/cli/pipelines.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use airssys_wasm_core::bounds::STAGES_MAX;
use airssys_wasm_core::pipeline::PipelineDefinition;
use airssys_wasm_host::Component;
use airssys_wasm_host::pipeline::{Inputs, PipelineDeployment};
use axum::body::Body;
use axum::extract::{Multipart, Path, Query, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::ServerState;
use super::lines::ndjson;
use super::reply::{ProblemResponse, Reply, answer};
use super::rollouts::{describe_component, prepare_stage, resolve_component};
use super::{packages, upload};
use crate::api::{
    DryRunQuery, GraphView, MaybeDryRun, PipelineSpec, PipelineView, Problem, RemovalResult,
    RolloutResult, RunLine, StageUpdateSpec, build_pipeline, kinds, parse_inputs, stage_part_name,
};
use crate::lines::lines;

/// Lists every pipeline, including those that cannot run.
#[utoipa::path(
    get,
    path = "/v1/pipelines",
    operation_id = "list_pipelines",
    summary = "List pipelines",
    responses((status = 200, body = Vec<PipelineView>), (status = "default", body = Problem)),
)]
pub(super) async fn list(State(process): State<ServerState>) -> Reply<Vec<PipelineView>> {
    let all = process.run_blocking(|host| {
        let view = |name: airssys_wasm_host::ComponentName| match host.pipeline(name.as_str()) {
            Ok(pipeline) => PipelineView::from_deployment(&pipeline),
            Err(error) => PipelineView::broken(name.to_string(), error.to_string()),
        };
        Ok(host.pipelines().into_iter().map(view).collect())
    });
    answer(all.await?)
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
    responses((status = 200, body = MaybeDryRun<PipelineView>), (status = "default", body = Problem)),
)]
pub(super) async fn deploy(
    State(process): State<ServerState>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<PipelineView>> {
    let (spec, sent) = upload::read_parts::<PipelineSpec>(form).await?;
    let components = resolve_components(&process, &spec.definition, &sent).await;
    let pipeline = build_pipeline(&spec.definition, components)?;
    let told = format!(
        "deploy the pipeline {} with {} stages",
        pipeline.name(),
        pipeline.stages().len()
    );
    let deploy = spec.prepare(process.host.deploy_pipeline(pipeline))?;
    if how.dry_run {
        deploy.rehearse().await?;
        return answer(MaybeDryRun::dry_run(told));
    }
    answer(MaybeDryRun::Done(PipelineView::from_deployment(
        &deploy.await?,
    )))
}

/// Returns the components of the stages in order: uploaded ones, or else published ones.
pub(super) async fn resolve_components(
    process: &ServerState,
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
    let places: BTreeSet<String> = (0..stages).map(stage_part_name).collect();
    if let Some(unknown) = sent.keys().find(|part| !places.contains(*part)) {
        return vec![Err(upload::unexpected_part(unknown).to_string())];
    }
    for (place, (_, stage)) in definition.stages().enumerate() {
        let component = match sent.get(&stage_part_name(place)) {
            Some(bytes) => upload::parse_component(process, bytes.clone()).await,
            None => packages::find(process, stage.component()).await,
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
    params(("name" = String, Path, description = "Name of the pipeline")),
    responses((status = 200, body = PipelineView), (status = "default", body = Problem)),
)]
pub(super) async fn status(
    State(process): State<ServerState>,
    Path(name): Path<String>,
) -> Reply<PipelineView> {
    answer(PipelineView::from_deployment(&find(&process, name).await?))
}

/// Returns the graph of a pipeline as text, Mermaid, DOT and TOML.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/graph",
    operation_id = "pipeline_graph",
    summary = "Get the graph of a pipeline",
    params(("name" = String, Path, description = "Name of the pipeline")),
    responses((status = 200, body = GraphView), (status = "default", body = Problem)),
)]
pub(super) async fn graph(
    State(process): State<ServerState>,
    Path(name): Path<String>,
) -> Reply<GraphView> {
    answer(GraphView::from(&find(&process, name).await?.pipeline()))
}

/// Removes a pipeline with the deployments of its stages.
///
/// The request runs to completion even if the client disconnects.
#[utoipa::path(
    delete,
    path = "/v1/pipelines/{name}",
    operation_id = "remove_pipeline",
    summary = "Remove a pipeline",
    params(("name" = String, Path, description = "Name of the pipeline"), DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RemovalResult>), (status = "default", body = Problem)),
)]
pub(super) async fn remove(
    State(process): State<ServerState>,
    Path(name): Path<String>,
    Query(how): Query<DryRunQuery>,
) -> Reply<MaybeDryRun<RemovalResult>> {
    if how.dry_run {
        process.host.check_pipeline_removal(&name).await?;
        return answer(MaybeDryRun::dry_run(format!(
            "remove the pipeline {name} with its deployments"
        )));
    }
    process.host.remove_pipeline(&name).await?;
    answer(MaybeDryRun::Done(RemovalResult { removed: name }))
}

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
    params(("name" = String, Path, description = "Name of the pipeline"), ("stage" = String, Path, description = "Name of the stage"), DryRunQuery),
    responses((status = 200, body = MaybeDryRun<RolloutResult>), (status = "default", body = Problem)),
)]
pub(super) async fn update(
    State(process): State<ServerState>,
    Path((name, stage)): Path<(String, String)>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<RolloutResult>> {
    let (spec, component) = upload::read_form::<StageUpdateSpec>(&process, form).await?;
    let pipeline = find(&process, name.clone()).await?;
    let component = resolve_component(&process, spec.package.as_deref(), component).await?;
    let name = deployment_of(&pipeline, &stage);
    let told = format!("update to {}", describe_component(Some(&name), &component));
    let update = prepare_stage(pipeline.update(&stage, component), &spec)?;
    if how.dry_run {
        update.rehearse().await?;
        return answer(MaybeDryRun::dry_run(told));
    }
    answer(MaybeDryRun::Done(RolloutResult::new(&name, &update.await?)))
}

/// Returns the name of the deployment that runs a stage. Fused stages share a deployment.
fn deployment_of(pipeline: &PipelineDeployment, stage: &str) -> String {
    let stages = pipeline.status().stages;
    let unit = stages
        .iter()
        .find(|unit| unit.stages.iter().any(|name| name == stage));
    unit.map_or_else(|| stage.to_owned(), |unit| unit.component.to_string())
}

/// Runs items through a pipeline.
///
/// The request body has one item per line, as a WAVE value, or a tuple if the pipeline has several
/// inputs. The response is streamed while items are still being sent, with one line of JSON per
/// outcome. Its last line is the end of the run. A line that is not a valid item ends the run; so
/// does the shutdown of the host process, after the items already sent.
///
/// A pipeline whose items come from its own sources ignores the request body and runs until a
/// source ends. If the client disconnects, the run is cancelled. Fails with `busy` if too many
/// calls and followers are in progress.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/run",
    operation_id = "run_pipeline",
    summary = "Run items through a pipeline",
    request_body(content = String, content_type = "text/plain"),
    params(("name" = String, Path, description = "Name of the pipeline")),
    responses((status = 200, body = RunLine, content_type = "application/x-ndjson"), (status = "default", body = Problem)),
)]
pub(super) async fn run(
    State(process): State<ServerState>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, ProblemResponse> {
    let pipeline = find(&process, name).await?;
    let wrong = Arc::new(Mutex::new(None));
    let cut_off = Arc::clone(&wrong);
    let ending = process.ending.clone();
    let until = async move {
        ending.started().await;
        let message = "the host process is shutting down and accepts no more items; earlier ones were completed";
        cut_off
            .lock()
            .get_or_insert_with(|| Problem::new(kinds::NO_HOST, message));
    };
    // Items already in the pipeline are completed during the drain.
    let items =
        parse_items(&pipeline, lines(body.into_data_stream()), &wrong).take_until(Box::pin(until));
    let outcomes = if pipeline.pipeline().inputs().is_empty() {
        pipeline.run_sources()
    } else {
        pipeline.run(items)
    };
    let last = stream::once(async move {
        wrong
            .lock()
            .take()
            .map_or(RunLine::Done { done: true }, |problem| RunLine::Ended {
                problem,
            })
    });
    Ok(ndjson(
        spawn_reader(outcomes)
            .map(RunLine::from_outcome)
            .chain(last),
    ))
}

/// Reads a run's outcomes in a task on the current runtime, because the response is read on another
/// one. Dropping the stream ends the run.
fn spawn_reader<T: Send + 'static>(
    mut outcomes: impl Stream<Item = T> + Send + Unpin + 'static,
) -> impl Stream<Item = T> + Send + 'static {
    let (tell, mut told) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(outcome) =
            tokio::select! { it = outcomes.next() => it, () = tell.closed() => None }
        {
            if tell.send(outcome).await.is_err() {
                break;
            }
        }
    });
    stream::poll_fn(move |context| told.poll_recv(context))
}

/// Parses items from lines. Ends at the first invalid line, whose problem is stored in `wrong`.
fn parse_items(
    pipeline: &PipelineDeployment,
    lines: impl Stream<Item = Result<String, Problem>> + Send + 'static,
    wrong: &Arc<Mutex<Option<Problem>>>,
) -> impl Stream<Item = Inputs> + Send + 'static {
    let (pipeline, wrong) = (pipeline.pipeline(), Arc::clone(wrong));
    let read = lines.map(move |line| line.and_then(|line| parse_inputs(&pipeline, &line)));
    read.scan((), move |(), item| {
        std::future::ready(item.map_err(|problem| *wrong.lock() = Some(problem)).ok())
    })
}

async fn find(process: &ServerState, name: String) -> Result<PipelineDeployment, Problem> {
    process.run_blocking(move |host| host.pipeline(&name)).await
}
