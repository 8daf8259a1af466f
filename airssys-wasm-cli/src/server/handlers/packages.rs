//! Packages published in the host process's state directory.
//!
//! Tests: `airssys-wasm-cli/tests/cli/packages.rs`.

use airssys_wasm_host::{Component, PackageRef};
use axum::extract::{Multipart, Path, Query, State};
use axum::response::{IntoResponse as _, Response};

use super::components::describe_component;
use crate::api::{DryRunQuery, MaybeDryRun, PackageView, Problem, PublishSpec, PublishedVersion};
use crate::server::ServerState;
use crate::server::reply::{ProblemResponse, Reply, answer};
use crate::server::upload;

/// Lists published packages with their versions.
#[utoipa::path(
    get,
    path = "/v1/packages",
    operation_id = "list_packages",
    summary = "List published packages",
    responses((status = 200, body = Vec<PackageView>)),
)]
pub(super) async fn list(State(server): State<ServerState>) -> Reply<Vec<PackageView>> {
    let packages = server.host.packages().list().await?;
    answer(packages.iter().map(Into::into).collect())
}

/// Publishes a component under its name and version.
///
/// A version is immutable: publishing the same bytes again changes nothing, and other bytes fail
/// with `version-taken`.
#[utoipa::path(
    post,
    path = "/v1/packages",
    operation_id = "publish",
    summary = "Publish a component",
    request_body(content = upload::UploadForm<PublishSpec>, content_type = "multipart/form-data"),
    params(DryRunQuery),
    responses((status = 200, body = MaybeDryRun<PublishedVersion>)),
)]
pub(super) async fn publish(
    State(server): State<ServerState>,
    Query(how): Query<DryRunQuery>,
    form: Multipart,
) -> Reply<MaybeDryRun<PublishedVersion>> {
    let (spec, component) = upload::read_form::<PublishSpec>(&server, form).await?;
    let component = spec.apply(upload::require_component(component)?)?;
    if how.dry_run {
        let action = format!("publish {}", describe_component(None, &component));
        server.host.packages().check_publication(&component).await?;
        return answer(MaybeDryRun::dry_run(action));
    }
    let digest = component.digest().to_string();
    let published = server.host.packages().publish(&component).await?;
    answer(MaybeDryRun::Done(PublishedVersion {
        name: published.name.to_string(),
        version: published.version.to_string(),
        digest,
    }))
}

/// Returns the bytes of a published component.
///
/// Selects the highest version that matches the reference.
#[utoipa::path(
    get,
    path = "/v1/packages/{package}",
    operation_id = "pull",
    summary = "Download a published component",
    params(("package" = String, Path, description = "Package reference: a name, optionally with a version or a version requirement, such as `greeter@^1.2`")),
    responses((status = 200, body = Vec<u8>, content_type = "application/wasm")),
)]
pub(super) async fn pull(
    State(server): State<ServerState>,
    Path(package): Path<String>,
) -> Result<Response, ProblemResponse> {
    let component = find(&server, &package).await?;
    let content_type = [(http::header::CONTENT_TYPE, "application/wasm")];
    Ok((content_type, component.bytes().to_vec()).into_response())
}

/// Looks up a published component by its package reference.
pub(super) async fn find(server: &ServerState, package: &str) -> Result<Component, Problem> {
    let wanted: PackageRef = package.parse().map_err(airssys_wasm_host::Error::from)?;
    Ok(server.host.packages().get(&wanted).await?)
}
