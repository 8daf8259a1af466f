//! Published packages as the API returns them.

use airssys_wasm_host::{Component, Package};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, with_version};

/// Options for publishing a component.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PublishSpec {
    /// Name to publish under. Defaults to the component's own name.
    pub(crate) name: Option<String>,
    /// Version, for a component that declares none. If the component declares one, both must be
    /// equal.
    pub(crate) version: Option<String>,
}

/// A published version of a package.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PublishedVersion {
    /// Name of the package.
    pub(crate) name: String,
    /// Version of the package.
    pub(crate) version: String,
    /// Digest of the component.
    pub(crate) digest: String,
}

/// A package with its published versions.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PackageView {
    /// Name of the package.
    pub(crate) name: String,
    /// Published versions, oldest first.
    pub(crate) versions: Vec<String>,
}

impl PublishSpec {
    /// Returns the component with the name and version of this spec.
    pub(crate) fn apply(&self, component: Component) -> Result<Component, Problem> {
        let component = with_version(component, self.version.as_deref())?;
        Ok(match &self.name {
            Some(name) => component.with_name(name)?,
            None => component,
        })
    }
}

impl PublishedVersion {
    pub(crate) fn from_component(component: &Component) -> Self {
        Self {
            name: component
                .name()
                .map(ToString::to_string)
                .unwrap_or_default(),
            version: component
                .version()
                .map(ToString::to_string)
                .unwrap_or_default(),
            digest: component.digest().to_string(),
        }
    }
}

impl From<&Package> for PackageView {
    fn from(package: &Package) -> Self {
        Self {
            name: package.name.to_string(),
            versions: package.versions.iter().map(ToString::to_string).collect(),
        }
    }
}
