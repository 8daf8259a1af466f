//! Options of a deploy, an update, a rollback and an approval.

use airssys_wasm_core::policy::GrantRules;
use airssys_wasm_host::{Component, Deploy, Strategy};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::with_terms::WithTerms;
use super::{Problem, kinds};

/// The options and terms of a new deployment.
pub(crate) type DeploySpec = WithTerms<DeployOptions>;

/// The options and terms of an update.
pub(crate) type UpdateSpec = WithTerms<UpdateOptions>;

/// The options and terms of the update of a pipeline's stage.
pub(crate) type StageUpdateSpec = WithTerms<StageUpdateOptions>;

/// Options for a new deployment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schema(as = DeploySpec)]
pub(crate) struct DeployOptions {
    /// Name of the deployment. Defaults to the component's own name.
    pub(crate) name: Option<String>,
    /// Version, for a component that declares none. If the component declares one, both must be
    /// equal.
    pub(crate) version: Option<String>,
    /// Published package to use instead of an uploaded component: `greeter@^1.2`.
    pub(crate) package: Option<String>,
}

/// Options for an update. Settings that are omitted stay those of the active revision.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schema(as = UpdateSpec)]
pub(crate) struct UpdateOptions {
    /// Rollout strategy: `blue-green` (the default) or `recreate`.
    pub(crate) strategy: Option<String>,
    /// Version, for a component that declares none. If the component declares one, both must be
    /// equal.
    pub(crate) version: Option<String>,
    /// Published package to use instead of an uploaded component: `greeter@^1.2`.
    pub(crate) package: Option<String>,
    /// Allows an older or equal version, or a component without one.
    pub(crate) any_version: bool,
    /// Allows the state of a stateful component to be lost.
    pub(crate) discard_state: bool,
    /// Allows grants that are wider than a revoked rule to grant it again.
    pub(crate) grant_again: bool,
}

/// Options for the update of a pipeline's stage. Terms, such as grants and limits, `discard-state`
/// and `grant-again` are not supported for a fused stage.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schema(as = StageUpdateSpec)]
pub(crate) struct StageUpdateOptions {
    /// Rollout strategy: `blue-green` (the default) or `recreate`.
    pub(crate) strategy: Option<String>,
    /// Published package to use instead of an uploaded component.
    pub(crate) package: Option<String>,
    /// Allows an older version.
    pub(crate) any_version: bool,
    /// Allows the state of a stateful stage to be lost.
    pub(crate) discard_state: bool,
    /// Allows grants that are wider than a revoked rule to grant it again.
    pub(crate) grant_again: bool,
}

/// Options for a rollback.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RollbackSpec {
    /// Version to roll back to. Defaults to the revision that was active before.
    pub(crate) to_version: Option<String>,
    /// Rollout strategy: `blue-green` (the default) or `recreate`.
    pub(crate) strategy: Option<String>,
    /// Allows the state of a stateful component to be lost.
    pub(crate) discard_state: bool,
}

/// The approval of a waiting update.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ApproveSpec {
    /// Digest of the component that was reviewed. It must be that of the waiting update.
    pub(crate) digest: String,
    /// Grants of the new revision.
    pub(crate) grants: GrantRules,
    /// Rollout strategy: `blue-green` (the default) or `recreate`.
    #[serde(default)]
    pub(crate) strategy: Option<String>,
    /// Allows an older or equal version, or a component without one.
    #[serde(default)]
    pub(crate) any_version: bool,
    /// Allows the state of a stateful component to be lost.
    #[serde(default)]
    pub(crate) discard_state: bool,
    /// Allows grants that are wider than a revoked rule to grant it again.
    #[serde(default)]
    pub(crate) grant_again: bool,
}

/// Additional grants for the active revision.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GrantSpec {
    /// Rules to grant in addition.
    pub(crate) allow: Vec<String>,
    /// Rules to deny in addition.
    pub(crate) deny: Vec<String>,
    /// Has no effect here: the setting of the active revision stays.
    pub(crate) run_with_less: bool,
    /// Allows grants that are wider than a revoked rule to grant it again.
    pub(crate) grant_again: bool,
}

impl From<GrantRules> for GrantSpec {
    /// Creates a spec without `grant_again`.
    fn from(rules: GrantRules) -> Self {
        let GrantRules {
            allow,
            deny,
            run_with_less,
        } = rules;
        Self {
            allow,
            deny,
            run_with_less,
            grant_again: false,
        }
    }
}

impl GrantSpec {
    /// Returns the grants without `grant_again`.
    pub(crate) fn into_rules(self) -> GrantRules {
        GrantRules {
            allow: self.allow,
            deny: self.deny,
            run_with_less: self.run_with_less,
        }
    }
}

impl DeploySpec {
    /// Applies everything but the component and its version to a deploy request.
    pub(crate) fn prepare<'a>(self, deploy: Deploy<'a>) -> Result<Deploy<'a>, Problem> {
        let deploy = deploy.terms(self.terms?);
        Ok(match self.options.name {
            Some(name) => deploy.name(name),
            None => deploy,
        })
    }
}

/// Parses a rollout strategy; `None` is blue-green.
pub(crate) fn parse_strategy(text: Option<&str>) -> Result<Strategy, Problem> {
    match text {
        None | Some("blue-green") => Ok(Strategy::BlueGreen),
        Some("recreate") => Ok(Strategy::Recreate),
        Some(other) => {
            let message = format!(
                "`{}` is not a strategy; write `blue-green` or `recreate`",
                other.escape_debug()
            );
            Err(Problem::new(kinds::USAGE, message))
        }
    }
}

/// Sets the version of a component that declares none. Fails if the component declares another
/// version.
pub(crate) fn with_version(component: Component, text: Option<&str>) -> Result<Component, Problem> {
    let Some(text) = text else {
        return Ok(component);
    };
    let version = Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|error| {
        let message = format!(
            "`{}` is not a version; write for example 1.5.0",
            text.escape_debug()
        );
        Problem::new(kinds::USAGE, message).with_cause(error)
    })?;
    match component.version() {
        None => Ok(component.with_version(version)),
        Some(own) if *own == version => Ok(component),
        Some(own) => {
            let message =
                format!("the component declares version {own}, but {version} was requested");
            Err(Problem::new(kinds::USAGE, message))
        }
    }
}
