//! What is published, as it is told.

use airssys_wasm_host::Component;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, with_version};

/// What is said of a component that is to be published.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PublishSpec {
    /// The component's own unless said.
    pub(crate) name: Option<String>,
    /// For a component that says none.
    pub(crate) version: Option<String>,
}

/// A version that is published.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) digest: String,
}

/// A name with its versions.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PackageView {
    pub(crate) name: String,
    /// Oldest first.
    pub(crate) versions: Vec<String>,
}

impl PublishSpec {
    /// The component under what was said.
    pub(crate) fn apply(&self, component: Component) -> Result<Component, Problem> {
        let component = with_version(component, self.version.as_deref())?;
        Ok(match &self.name {
            Some(name) => component.with_name(name)?,
            None => component,
        })
    }
}

impl Published {
    pub(crate) fn of(component: &Component) -> Self {
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
