//! Brings a pipeline to a desired state.
//!
//! Tests: `airssys-wasm-cli/tests/cli/apply.rs`.

use airssys_wasm_core::pipeline::{ComponentPipeline, PipelineDefinition};
use airssys_wasm_host::pipeline::PipelineDeployment;
use airssys_wasm_host::{Component, ErrorKind, Host};
use axum::extract::{Multipart, Path, Query, State};

use super::{check_revocations, compare, if_deployed};
use crate::api::{
    ApplyResult, DesiredPipeline, DryRunQuery, GrantRules, PipelineSpec, Problem, build_pipeline,
    kinds,
};
use crate::server::handlers::paths::PipelinePath;
use crate::server::handlers::pipelines::resolve_components;
use crate::server::reply::{Reply, answer};
use crate::server::{ServerState, upload};

/// Brings a pipeline to a desired state.
///
/// Deploys the pipeline if it does not exist. If it exists with the same stages and edges, updates
/// the stages whose component or grants differ, one after the other. If its stages are connected
/// or configured differently, the request fails unless `recreate` is set: then the pipeline is
/// removed and deployed again.
///
/// The request runs to completion even if the client disconnects.
#[utoipa::path(
    put,
    path = "/v1/pipelines/{name}",
    operation_id = "apply_pipeline",
    summary = "Apply a desired state to a pipeline",
    request_body(
        content = upload::StagesUploadForm<DesiredPipeline>,
        content_type = "multipart/form-data",
    ),
    params(PipelinePath, DryRunQuery),
    responses((status = 200, body = ApplyResult)),
)]
pub(in crate::server::handlers) async fn apply(
    State(server): State<ServerState>,
    Path(PipelinePath { name }): Path<PipelinePath>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<ApplyResult> {
    let (desired, sent) = upload::read_parts::<DesiredPipeline>(form).await?;
    let components = resolve_components(&server, &desired.definition, &sent).await;
    let pipeline = build_pipeline(&desired.definition, components)?;
    check_stages(&pipeline, &desired)?;
    if pipeline.name().as_str() != name {
        let message = format!(
            "the pipeline's definition names it `{}` instead of `{name}`",
            pipeline.name()
        );
        return Err(Problem::new(kinds::USAGE, message).into());
    }
    let Some(now) = if_deployed(server.host.pipelines().get(&name).await)? else {
        deploy(&server.host, pipeline, &desired, how).await?;
        return answer(ApplyResult::new(&name, "deploy", Vec::new()));
    };
    if shape(now.pipeline().definition()) != shape(&desired.definition)
        || grants_fused_stage(&now, &desired)
    {
        if !desired.recreate {
            let message = format!(
                "the stages of `{name}` are not connected or configured as desired: pass `--recreate` to remove the pipeline and deploy it again, during which it accepts no items"
            );
            return Err(Problem::from_kind(ErrorKind::InUse, message).into());
        }
        recreate(&server.host, now, pipeline, &desired, how).await?;
        return answer(ApplyResult::new(&name, "recreate", Vec::new()));
    }
    let changes = update_stages(&server.host, &now, &pipeline, &desired, how).await?;
    let action = if changes.is_empty() {
        "nothing"
    } else {
        "update"
    };
    answer(ApplyResult::new(&name, action, changes))
}

/// Checks that every stage with grants exists.
fn check_stages(pipeline: &ComponentPipeline, desired: &DesiredPipeline) -> Result<(), Problem> {
    match desired
        .grants
        .keys()
        .find(|stage| pipeline.stage(stage).is_none())
    {
        None => Ok(()),
        Some(stage) => {
            let message = format!(
                "`{}` has no stage `{}`",
                pipeline.name(),
                stage.escape_debug()
            );
            Err(Problem::new(kinds::USAGE, message))
        }
    }
}

/// Removes a pipeline and deploys it again in the desired state. Checks first that both can
/// succeed.
async fn recreate(
    host: &Host,
    now: PipelineDeployment,
    wanted: ComponentPipeline,
    desired: &DesiredPipeline,
    how: DryRunQuery,
) -> Result<(), Problem> {
    let name = now.name();
    for unit in now.status().stages {
        let deployment = host.deployment(unit.deployment.as_str()).await?;
        let grants = deployment.grants();
        let revoked: Vec<String> = grants.revoked().map(ToString::to_string).collect();
        if !desired.grant_again {
            check_revocations(unit.deployment.as_str(), &revoked)?;
        }
    }
    host.pipelines().check_removal(name.as_str()).await?;
    // Rehearsed under a free name: its own is in use until it is removed.
    let rehearsed = wanted
        .with_name(&format!("{name}-next"))
        .map_err(airssys_wasm_host::Error::from)?;
    deploy(host, rehearsed, desired, DryRunQuery { dry_run: true }).await?;
    if how.dry_run {
        return Ok(());
    }
    now.remove().await?;
    deploy(host, wanted, desired, how).await.map_err(|problem| {
        let message = format!("`{name}` was removed but could not be deployed again: {problem}");
        Problem { message, ..problem }
    })
}

async fn deploy(
    host: &Host,
    pipeline: ComponentPipeline,
    desired: &DesiredPipeline,
    how: DryRunQuery,
) -> Result<(), Problem> {
    let spec = PipelineSpec {
        definition: desired.definition.clone(),
        grants: desired.grants.clone(),
    };
    let deploy = spec.prepare(host.pipelines().deploy(pipeline))?;
    if how.dry_run {
        deploy.rehearse().await?
    } else {
        drop(deploy.await?)
    }
    Ok(())
}

/// Updates the stages that differ from the desired state, one after the other. Returns the
/// changes.
async fn update_stages(
    host: &Host,
    now: &PipelineDeployment,
    wanted: &ComponentPipeline,
    desired: &DesiredPipeline,
    how: DryRunQuery,
) -> Result<Vec<String>, Problem> {
    let mut all = Vec::new();
    for stage in wanted.stages() {
        let name = stage.name();
        let before = now.pipeline();
        let current = before
            .stage(name)
            .map(|stage| Component::from(stage.component().clone()));
        let next = Component::from(stage.component().clone());
        let mut changes: Vec<String> = current
            .iter()
            .filter_map(|current| compare::component(current, &next))
            .collect();
        let mut update = now.update(name, next).any_version();
        if !is_fused(now, name) {
            let grants = desired
                .grants
                .get(name)
                .cloned()
                .unwrap_or_default()
                .parse()?;
            let deployment = format!("{}:{name}", now.name());
            let granted = host.deployment(&deployment).await?.grants();
            let again = compare::lifted_revocations(&granted, &grants);
            if !desired.grant_again {
                check_revocations(&deployment, &again)?;
            }
            changes.extend(granted.differences(&grants));
            changes.extend(
                again
                    .into_iter()
                    .map(|rule| format!("granted again: {rule}")),
            );
            update = update.grants(grants);
            if desired.grant_again {
                update = update.lifting_revocations();
            }
        }
        if changes.is_empty() {
            continue;
        }
        if how.dry_run {
            update.rehearse().await?
        } else {
            drop(update.await?)
        }
        all.extend(
            changes
                .into_iter()
                .map(|change| format!("{name}: {change}")),
        );
    }
    Ok(all)
}

fn is_fused(pipeline: &PipelineDeployment, stage: &str) -> bool {
    let status = pipeline.status();
    status
        .stages
        .iter()
        .any(|unit| unit.stages.len() > 1 && unit.stages.iter().any(|name| name == stage))
}

/// Returns `true` if the desired state grants something to a stage that is fused with others.
/// Fused stages have no grants.
fn grants_fused_stage(now: &PipelineDeployment, desired: &DesiredPipeline) -> bool {
    desired
        .grants
        .iter()
        .any(|(stage, given)| *given != GrantRules::default() && is_fused(now, stage))
}

/// Returns a definition without the components of its stages, for comparison.
fn shape(definition: &PipelineDefinition) -> serde_json::Value {
    let mut shape = serde_json::to_value(definition).unwrap_or_default();
    for stage in shape["stages"].as_object_mut().into_iter().flatten() {
        stage.1["component"] = serde_json::Value::Null;
    }
    shape
}
