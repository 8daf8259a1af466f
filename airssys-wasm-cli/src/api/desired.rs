//! Declarative deployments and pipelines: the desired state, and what was done to reach it.

use std::collections::BTreeMap;

use airssys_wasm_core::pipeline::PipelineDefinition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DeploySpec, GrantRules};

/// The desired state of a deployment. Omitted settings take their defaults rather than their
/// current values, except for links: links that are not listed stay as they are.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DesiredDeployment {
    /// The deployment's component and settings. Its `name` is ignored: the path names the
    /// deployment.
    pub(crate) deployment: DeploySpec,
    /// HTTP routes that must point to the deployment. Other routes that point to it stay.
    pub(crate) routes: Vec<String>,
    /// Rollout strategy if the deployment exists: `blue-green` (the default) or `recreate`.
    pub(crate) strategy: Option<String>,
    /// Allows the state of a stateful component to be lost.
    pub(crate) discard_state: bool,
    /// Grants revoked rules again if they are listed here. Otherwise a request that lists a revoked
    /// rule fails.
    pub(crate) grant_again: bool,
}

/// The desired state of a pipeline.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DesiredPipeline {
    /// The pipeline's definition.
    #[schema(value_type = Object)]
    pub(crate) definition: PipelineDefinition,
    /// Grants by stage name. Stages that are not listed are granted nothing.
    pub(crate) grants: BTreeMap<String, GrantRules>,
    /// Allows the pipeline to be removed and deployed again if its stages are connected or
    /// configured differently. It accepts no items in the meantime.
    pub(crate) recreate: bool,
    /// Lets the request lift revocations: of rules that are listed here and, with `recreate`, of
    /// every rule. Otherwise such a request fails.
    pub(crate) grant_again: bool,
}

/// The action taken to reach the desired state, or the action a dry run would take.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ApplyResult {
    /// Name of the deployment or pipeline.
    pub(crate) name: String,
    /// Action: `deploy`, `update`, `route`, `recreate` or `nothing`.
    pub(crate) action: String,
    /// Differences from the previous state, one per entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<String>,
}

impl ApplyResult {
    pub(crate) fn new(name: &str, action: &str, changes: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            action: action.to_owned(),
            changes,
        }
    }
}
