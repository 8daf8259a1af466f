//! A component with what is said of it: a form of two parts, `spec` in JSON and `component`.

use std::collections::BTreeMap;

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use airssys_wasm_core::bounds::{DEFINITION_BYTES_MAX, GRANTS_BYTES_MAX};
use airssys_wasm_host::Component;

use super::Process;
use crate::api::{Problem, kinds};

/// Bytes of a `spec`: grants and a definition, and as much again for how JSON writes them.
const SPEC_BYTES_MAX: usize = 2 * (GRANTS_BYTES_MAX + DEFINITION_BYTES_MAX);

/// What is sent, for the description of the API: a component with what is said of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Form<T> {
    spec: T,
    /// Its bytes; none if it is published.
    #[schema(content_media_type = "application/wasm")]
    component: Option<Vec<u8>>,
}

/// The same for the stages of a pipeline.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct StagesForm<T> {
    spec: T,
    /// The bytes of the component of the first stage; `stage-1` those of the second. None if
    /// that is published under what the definition calls it.
    #[schema(content_media_type = "application/wasm")]
    #[schema(rename = "stage-0")]
    stage: Option<Vec<u8>>,
}

/// Reads both parts; without a `spec` nothing is said, and without a `component` it is meant to
/// be somewhere else.
pub(super) async fn read<T: DeserializeOwned + Default>(
    process: &Process,
    form: Multipart,
) -> Result<(T, Option<Component>), Problem> {
    let (spec, mut parts) = parts(form).await?;
    let sent = match parts.remove("component") {
        Some(bytes) => Some(component(process, bytes).await?),
        None => None,
    };
    match parts.keys().next() {
        Some(name) => Err(too_many(name)),
        None => Ok((spec, sent)),
    }
}

/// Reads the `spec`, and every other part by its name.
pub(crate) async fn parts<T: DeserializeOwned + Default>(
    mut form: Multipart,
) -> Result<(T, BTreeMap<String, Bytes>), Problem> {
    let (mut spec, mut parts) = (None, BTreeMap::new());
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        if parts.contains_key(&name) || (name == "spec" && spec.is_some()) {
            return Err(too_many(&name));
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

/// A component from bytes that were sent.
pub(super) async fn component(process: &Process, bytes: Bytes) -> Result<Component, Problem> {
    process
        .aside(move |_| Component::from_bytes(bytes.to_vec()))
        .await
}

pub(crate) fn too_many(part: &str) -> Problem {
    let message = format!("the form has a part `{}` too many", part.escape_debug());
    Problem::new(kinds::USAGE, message)
}

/// The component that was sent along.
pub(crate) fn sent(component: Option<Component>) -> Result<Component, Problem> {
    component.ok_or_else(|| Problem::new(kinds::USAGE, "the part `component` is missing"))
}

/// Checks the size of what is parsed as JSON.
fn check_spec(bytes: usize) -> Result<(), Problem> {
    if bytes <= SPEC_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "the part `spec` has {bytes} bytes, and at most {SPEC_BYTES_MAX} are read; say fewer grants"
    );
    Err(Problem::new(kinds::USAGE, message))
}

fn read_spec<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            kinds::USAGE,
            format!("the part `spec` cannot be read: {error}"),
        )
    })
}

fn unreadable(error: MultipartError) -> Problem {
    Problem::new(kinds::USAGE, "the form cannot be read").because(error.body_text())
}
