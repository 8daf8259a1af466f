//! What a registry answers when it does not do what was asked, in words with a next step.

use oci_client::errors::{OciDistributionError as OciError, OciErrorCode};

use super::RegistryPlace;
use crate::api::{Problem, kinds};

/// Whether it says that there is no such repository or version.
pub(super) fn is_not_there(error: &OciError) -> bool {
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

pub(super) fn of(place: &RegistryPlace, error: &OciError) -> Problem {
    let what = match error {
        OciError::UnauthorizedError { .. } | OciError::AuthenticationFailure(_) => {
            "does not let you; log in with `docker login`, whose configuration is read".to_owned()
        }
        OciError::ServerError { code: 429, .. } => "asks you to come again later (429)".to_owned(),
        OciError::ServerError { code, .. } => format!("failed with {code}; try again later"),
        OciError::RequestError(error) if error.is_connect() => "cannot be reached".to_owned(),
        OciError::RequestError(error) if error.is_timeout() => {
            "says nothing; try again later".to_owned()
        }
        OciError::DigestError(_) => {
            "sent other bytes than its manifest names; nothing was taken".to_owned()
        }
        OciError::IoError(_) => "sent more than its manifest says; nothing was taken".to_owned(),
        _ => "answers something that is not understood".to_owned(),
    };
    Problem::new(kinds::REGISTRY, format!("the registry `{place}` {what}")).because(chain(error))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
