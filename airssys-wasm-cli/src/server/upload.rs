//! A component with what is said of it: a form of two parts, `spec` in JSON and `component`.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use airssys_wasm_host::Component;

use super::reply::aside;
use crate::api::{Problem, kinds};

/// The largest component that is taken, in bytes.
pub(crate) const COMPONENT_BYTES_MAX: usize = 512 << 20;

/// Reads both parts; without a `spec` nothing is said, and without a `component` it is meant to
/// be somewhere else.
pub(crate) async fn read<T: DeserializeOwned + Default>(
    mut form: Multipart,
) -> Result<(T, Option<Component>), Problem> {
    let (mut spec, mut component) = (None, None);
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("spec") if spec.is_none() => spec = Some(read_spec(&bytes(part).await?)?),
            Some("component") if component.is_none() => component = Some(bytes(part).await?),
            name => {
                let name = name.unwrap_or_default().escape_debug().to_string();
                let message = format!("a part `{name}` too many; one `spec` and one `component` are wanted");
                return Err(Problem::new(kinds::USAGE, message));
            }
        }
    }
    let component = match component {
        Some(bytes) => Some(aside(move || Component::from_bytes(bytes.to_vec())).await?),
        None => None,
    };
    Ok((spec.unwrap_or_default(), component))
}

/// The component that was sent along.
pub(crate) fn sent(component: Option<Component>) -> Result<Component, Problem> {
    component.ok_or_else(|| Problem::new(kinds::USAGE, "the part `component` is missing"))
}

fn read_spec<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(kinds::USAGE, format!("the part `spec` cannot be read: {error}")))
}

async fn bytes(part: Field<'_>) -> Result<Bytes, Problem> {
    part.bytes().await.map_err(unreadable)
}

fn unreadable(error: MultipartError) -> Problem {
    Problem::new(kinds::USAGE, "the form cannot be read").because(error.body_text())
}
