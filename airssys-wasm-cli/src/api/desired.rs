//! What is wanted under a name, whatever is there.

use std::collections::BTreeMap;

use airssys_wasm_core::pipeline::PipelineDefinition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DeploySpec, Given};

/// A deployment as it should be. What is not said is as it would be without being said, not as
/// it is; but for links, of which those that are not said stay.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Desired {
    pub(crate) deployment: DeploySpec,
    /// The HTTP requests that it answers; others that lead to it stay.
    pub(crate) routes: Vec<String>,
    /// How calls move, if something serves: `blue-green` or `recreate`.
    pub(crate) strategy: Option<String>,
    /// What a stateful component remembers may be lost.
    pub(crate) discard_state: bool,
    /// What was revoked since and is wanted is granted again.
    pub(crate) grant_again: bool,
}

/// A pipeline as it should be.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DesiredPipeline {
    #[schema(value_type = Object)]
    pub(crate) definition: PipelineDefinition,
    pub(crate) grants: BTreeMap<String, Given>,
    /// One whose stages are connected otherwise may be removed and deployed anew.
    pub(crate) recreate: bool,
    pub(crate) grant_again: bool,
}

/// What was done so that it is as it should be, or would be.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Applied {
    pub(crate) name: String,
    /// `deploy`, `update`, `route`, `recreate` or `nothing`.
    pub(crate) action: String,
    /// What is otherwise than it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<String>,
}

impl Applied {
    pub(crate) fn new(name: &str, action: &str, changes: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            action: action.to_owned(),
            changes,
        }
    }
}
