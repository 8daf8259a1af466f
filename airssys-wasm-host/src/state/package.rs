//! Published packages, as the state directory lists them.
//!
//! Tests: `tests/suite/state/packages.rs`.

use airssys_wasm_core::ComponentName;
use semver::Version;

/// A name with its published versions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// The name.
    pub name: ComponentName,
    /// The published versions, oldest first; at least one.
    pub versions: Vec<Version>,
}

/// A published version of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageVersion {
    /// The name that it is published under.
    pub name: ComponentName,
    /// The version.
    pub version: Version,
}
