//! The component of a request: uploaded, or published.
//!
//! Tests: `airssys-wasm-cli/tests/cli/packages.rs`.

use airssys_wasm_host::Component;

use super::packages;
use crate::api::Problem;
use crate::server::{ServerState, upload};

/// Returns the published component if a package is named, or else the uploaded one.
pub(super) async fn resolve_component(
    server: &ServerState,
    package: Option<&str>,
    sent: Option<Component>,
) -> Result<Component, Problem> {
    match package {
        Some(package) => packages::find(server, package).await,
        None => upload::require_component(sent),
    }
}

/// Formats a component's name, version and digest for messages.
pub(super) fn describe_component(name: Option<&str>, component: &Component) -> String {
    let name = name
        .or(component.name().map(|name| name.as_str()))
        .unwrap_or("it");
    let version = component
        .version()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    format!("{name}{version} ({})", component.digest())
}
