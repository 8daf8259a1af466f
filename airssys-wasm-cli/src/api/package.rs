//! What is published, as it is told.

use serde::{Deserialize, Serialize};

/// What is said of a component that is to be published.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PublishSpec {
    /// The component's own unless said.
    pub(crate) name: Option<String>,
    /// For a component that says none.
    pub(crate) version: Option<String>,
}

/// A version that is published.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) digest: String,
}

/// A name with its versions.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PackageView {
    pub(crate) name: String,
    /// Oldest first.
    pub(crate) versions: Vec<String>,
}
