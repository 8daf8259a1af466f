//! The kinds of the errors of `airssys-wasm-core`.
//!
//! Tests: `tests/suite/bad_input.rs`.

use std::error::Error as StdError;

use airssys_wasm_core::VersionNotNewer;
use airssys_wasm_core::terms::TermsError;

use super::{Error, ErrorClass, ErrorKind};

macro_rules! from_core {
    ($($error:ty => $code:expr),* $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                let error_with_source = Self::new($code, error.to_string());
                match StdError::source(&error).map(ToString::to_string) {
                    Some(source) => error_with_source.with_source(source),
                    None => error_with_source,
                }
            }
        }
    )*};
}

impl From<VersionNotNewer> for Error {
    fn from(error: VersionNotNewer) -> Self {
        Self::new(ErrorKind::VersionNotNewer, error.to_string())
            .with_remedy("use `.any_version()` to allow it")
    }
}

/// The kind is that of the term that is not valid.
impl From<TermsError> for Error {
    fn from(error: TermsError) -> Self {
        match error {
            TermsError::Grants(error) => error.into(),
            TermsError::Limits(error) => error.into(),
            TermsError::Link(error) => error.into(),
            other => Self::new(ErrorKind::InvalidConfiguration, other.to_string()),
        }
    }
}

from_core! {
    airssys_wasm_core::CapabilityError => ErrorKind::InvalidGrant,
    airssys_wasm_core::policy::GrantsError => ErrorKind::InvalidGrant,
    airssys_wasm_core::policy::TomlError => ErrorKind::InvalidGrant,
    airssys_wasm_core::ComponentError => ErrorKind::InvalidComponent,
    airssys_wasm_core::ComponentNameError => ErrorKind::InvalidName,
    airssys_wasm_core::FunctionNameError => ErrorKind::InvalidName,
    airssys_wasm_core::LimitsError => ErrorClass::INVALID_LIMITS,
    airssys_wasm_core::PackageRefError => ErrorKind::InvalidName,
    airssys_wasm_core::pipeline::PipelineErrors => ErrorKind::InvalidPipeline,
    airssys_wasm_core::WaveError => ErrorKind::TypeMismatch,
    airssys_wasm_core::world::FunctionNotFound => ErrorKind::FunctionNotFound,
    airssys_wasm_core::world::WorldChanges => ErrorKind::Incompatible,
}
