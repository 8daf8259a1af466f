//! Multipart forms of uploads: a part `spec` in JSON, and a part `component`, or one part for each
//! stage of a pipeline.

use std::collections::BTreeMap;

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use airssys_wasm_core::bounds::{DEFINITION_BYTES_MAX, GRANTS_BYTES_MAX};
use airssys_wasm_host::Component;

use super::ServerState;
use crate::api::{Problem, kinds};

/// Maximum size of a `spec` in bytes: grants and a definition, doubled for JSON escapes.
const SPEC_BYTES_MAX: usize = 2 * (GRANTS_BYTES_MAX + DEFINITION_BYTES_MAX);

/// A form with a component and its options.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct UploadForm<T> {
    /// Options, as JSON. Defaults apply if the part is missing.
    spec: T,
    /// The bytes of the component. Omitted if `spec` names a published package.
    #[schema(content_media_type = "application/wasm")]
    component: Option<Vec<u8>>,
}

/// A form with the components of a pipeline's stages and its options.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct StagesUploadForm<T> {
    /// The definition and options, as JSON.
    spec: T,
    /// The bytes of the component of the first stage; `stage-1` has those of the second, and so
    /// on. Omitted for a stage whose component is published under the name in the definition.
    #[schema(content_media_type = "application/wasm")]
    #[schema(rename = "stage-0")]
    stage: Option<Vec<u8>>,
}

/// Reads the parts `spec` and `component`. Returns the default spec, or no component, if a part is
/// missing.
pub(super) async fn read_form<T: DeserializeOwned + Default>(
    server: &ServerState,
    form: Multipart,
) -> Result<(T, Option<Component>), Problem> {
    let (spec, mut parts) = read_parts(form).await?;
    let sent = match parts.remove("component") {
        Some(bytes) => Some(parse_component(server, bytes).await?),
        None => None,
    };
    match parts.keys().next() {
        Some(name) => Err(unexpected_part(name)),
        None => Ok((spec, sent)),
    }
}

/// Reads the `spec`, and every other part by its name.
pub(crate) async fn read_parts<T: DeserializeOwned + Default>(
    mut form: Multipart,
) -> Result<(T, BTreeMap<String, Bytes>), Problem> {
    let (mut spec, mut parts) = (None, BTreeMap::new());
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        if parts.contains_key(&name) || (name == "spec" && spec.is_some()) {
            return Err(unexpected_part(&name));
        }
        let bytes = part.bytes().await.map_err(unreadable)?;
        if name == "spec" {
            check_spec(bytes.len())?;
            spec = Some(read_spec(&bytes)?);
        } else {
            parts.insert(name, bytes);
        }
    }
    Ok((spec.unwrap_or_default(), parts))
}

/// Parses an uploaded component, on a thread that guests cannot occupy.
pub(super) async fn parse_component(
    server: &ServerState,
    bytes: Bytes,
) -> Result<Component, Problem> {
    let parse = move || Component::from_bytes(bytes.to_vec());
    let parsed = server.admin.spawn_blocking(parse).await.map_err(|error| {
        Problem::new(kinds::INTERNAL, "a background task panicked").with_cause(error)
    })?;
    Ok(parsed?)
}

/// Returns the problem of a form with an unknown or a repeated part.
pub(crate) fn unexpected_part(part: &str) -> Problem {
    let message = format!(
        "the form has an unknown or repeated part `{}`",
        part.escape_debug()
    );
    Problem::new(kinds::USAGE, message)
}

/// Returns the uploaded component. Fails if there was none.
pub(crate) fn require_component(component: Option<Component>) -> Result<Component, Problem> {
    component.ok_or_else(|| Problem::new(kinds::USAGE, "the part `component` is missing"))
}

/// Checks the size of a `spec` before it is parsed.
fn check_spec(bytes: usize) -> Result<(), Problem> {
    if bytes <= SPEC_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "the part `spec` has {bytes} bytes; at most {SPEC_BYTES_MAX} are accepted: send fewer grants"
    );
    Err(Problem::new(kinds::USAGE, message))
}

fn read_spec<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            kinds::USAGE,
            format!("cannot parse the part `spec`: {error}"),
        )
    })
}

fn unreadable(error: MultipartError) -> Problem {
    Problem::new(kinds::USAGE, "cannot read the form").with_cause(error.body_text())
}
