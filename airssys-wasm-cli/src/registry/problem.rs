//! Converts a registry's errors to problems with a next step.
//!
//! Tests: `airssys-wasm-cli/tests/cli/registry.rs`.

use oci_client::errors::{OciDistributionError as OciError, OciErrorCode};

use super::RegistryAddress;
use crate::api::{Problem, kinds};

/// Returns `true` if the repository or version does not exist.
pub(super) fn is_not_found(error: &OciError) -> bool {
    match error {
        OciError::ImageManifestNotFoundError(_) => true,
        OciError::RegistryError { envelope, .. } => envelope.errors.iter().any(|error| {
            matches!(
                error.code,
                OciErrorCode::ManifestUnknown | OciErrorCode::NameUnknown | OciErrorCode::NotFound
            )
        }),
        OciError::ServerError { code, .. } => *code == 404,
        _ => false,
    }
}

/// Converts an error of the registry at `place`.
pub(super) fn from_error(place: &RegistryAddress, error: &OciError) -> Problem {
    let what = match error {
        OciError::UnauthorizedError { .. } | OciError::AuthenticationFailure(_) => {
            "denied access; log in with `docker login`, whose credentials are used".to_owned()
        }
        OciError::ServerError { code: 429, .. } => {
            "limits requests (429); try again later".to_owned()
        }
        OciError::ServerError { code, .. } => format!("failed with {code}; try again later"),
        OciError::RequestError(error) if error.is_connect() => "cannot be reached".to_owned(),
        OciError::RequestError(error) if error.is_timeout() => {
            "timed out; try again later".to_owned()
        }
        OciError::DigestError(_) => {
            "sent bytes that do not match its manifest's digest; nothing was stored".to_owned()
        }
        OciError::IoError(_) => {
            "sent more bytes than its manifest declares; nothing was stored".to_owned()
        }
        _ => "sent an unexpected response".to_owned(),
    };
    Problem::new(kinds::REGISTRY, format!("the registry `{place}` {what}"))
        .with_cause(error_chain(error))
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
