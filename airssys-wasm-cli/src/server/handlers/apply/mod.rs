//! Brings a deployment or a pipeline to a desired state: deploys it, updates it, or leaves it
//! unchanged.
//!
//! | file | contents |
//! |---|---|
//! | `deployments`, `pipelines` | the handlers |
//! | `compare` | differences between a deployment and its desired state |
//!
//! Tests: `airssys-wasm-cli/tests/cli/apply.rs`.

mod compare;
pub(super) mod deployments;
pub(super) mod pipelines;

use airssys_wasm_host::ErrorKind;

use crate::api::Problem;

/// Checks that no revoked rule would be granted again.
fn check_revocations(name: &str, again: &[String]) -> Result<(), Problem> {
    if again.is_empty() {
        return Ok(());
    }
    let message = format!(
        "`{}` was revoked from `{name}`, and applying this would lift the revocation: remove it from the file, or pass `--grant-again`",
        again.join("`, `")
    );
    Err(Problem::from_kind(ErrorKind::NotGranted, message))
}

/// Returns `None` if nothing is deployed under that name.
fn if_deployed<T>(found: airssys_wasm_host::Result<T>) -> airssys_wasm_host::Result<Option<T>> {
    match found {
        Err(error) if error.is_not_found() => Ok(None),
        found => found.map(Some),
    }
}
