//! The kinds of the errors of `airssys-wasm-core`.
//!
//! Tests: `tests/suite/bad_input.rs`.

use std::error::Error as StdError;

use super::{Error, ErrorKind};

macro_rules! from_core {
    ($($error:ty => $kind:ident),* $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                let error_with_source = Self::new(ErrorKind::$kind, error.to_string());
                match StdError::source(&error).map(ToString::to_string) {
                    Some(source) => error_with_source.with_source(source),
                    None => error_with_source,
                }
            }
        }
    )*};
}

from_core! {
    airssys_wasm_core::CapabilityError => InvalidGrant,
    airssys_wasm_core::policy::GrantsError => InvalidGrant,
    airssys_wasm_core::policy::TomlError => InvalidGrant,
    airssys_wasm_core::ComponentError => InvalidComponent,
    airssys_wasm_core::ComponentNameError => InvalidName,
    airssys_wasm_core::FunctionNameError => InvalidName,
    airssys_wasm_core::LimitsError => InvalidLimits,
    airssys_wasm_core::PackageRefError => InvalidName,
    airssys_wasm_core::VersionNotNewer => VersionNotNewer,
    airssys_wasm_core::pipeline::PipelineErrors => InvalidPipeline,
    airssys_wasm_core::WaveError => TypeMismatch,
    airssys_wasm_core::world::FunctionNotFound => FunctionNotFound,
    airssys_wasm_core::world::WorldChanges => WorldChanged,
}
