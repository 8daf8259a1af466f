//! Options of a deploy, an update, a rollback and an approval.

use std::collections::BTreeMap;

use airssys_wasm_core::Limits;
use airssys_wasm_core::policy::{Grants, Shortfall};
use airssys_wasm_host::{Component, Deploy, Enforcement, Instancing, Strategy};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, kinds};

/// Options for a new deployment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeploySpec {
    /// Name of the deployment. Defaults to the component's own name.
    pub(crate) name: Option<String>,
    /// Version, for a component that declares none. If the component declares one, both must be
    /// equal.
    pub(crate) version: Option<String>,
    /// Published package to use instead of an uploaded component: `greeter@^1.2`.
    pub(crate) package: Option<String>,
    /// Grants. Defaults to none.
    pub(crate) grants: GrantRules,
    /// Limits. Defaults to those of the host process.
    #[schema(value_type = Object)]
    pub(crate) limits: Option<Limits>,
    /// Instancing mode: `per-call`, `pooled N` or `stateful`. Defaults to the component's own.
    pub(crate) instancing: Option<String>,
    /// Deployments that provide imported interfaces, by interface without a version:
    /// `acme:store/kv`. Needed only where several deployments could.
    pub(crate) links: BTreeMap<String, String>,
    /// Runs the component in audit-only mode: it may use its grants without having requested
    /// them, and the smallest set of rules that covers its use is recorded.
    pub(crate) audit_only: bool,
}

/// Options for an update. Settings that are omitted stay those of the active revision.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct UpdateSpec {
    /// Rollout strategy: `blue-green` (the default) or `recreate`.
    pub(crate) strategy: Option<String>,
    /// Version, for a component that declares none. If the component declares one, both must be
    /// equal.
    pub(crate) version: Option<String>,
    /// Published package to use instead of an uploaded component: `greeter@^1.2`.
    pub(crate) package: Option<String>,
    /// Grants, replacing those of the active revision.
    pub(crate) grants: Option<GrantRules>,
    /// Limits.
    #[schema(value_type = Object)]
    pub(crate) limits: Option<Limits>,
    /// Instancing mode: `per-call`, `pooled N` or `stateful`.
    pub(crate) instancing: Option<String>,
    /// Deployments that provide imported interfaces, by interface without a version. Links that
    /// are not listed stay.
    pub(crate) links: BTreeMap<String, String>,
    /// `true` for audit-only mode, `false` for enforcement.
    pub(crate) audit_only: Option<bool>,
    /// Allows an older or equal version, or a component without one.
    pub(crate) any_version: bool,
    /// Allows the state of a stateful component to be lost.
    pub(crate) discard_state: bool,
    /// Allows grants that are wider than a revoked rule to grant it again.
    pub(crate) grant_again: bool,
}

/// Options for the update of a pipeline's stage.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct StageUpdateSpec {
    /// Rollout strategy: `blue-green` (the default) or `recreate`.
    pub(crate) strategy: Option<String>,
    /// Published package to use instead of an uploaded component.
    pub(crate) package: Option<String>,
    /// Grants, replacing those of the active revision. Not supported for a fused stage.
    pub(crate) grants: Option<GrantRules>,
    /// Allows an older version.
    pub(crate) any_version: bool,
    /// Allows the state of a stateful stage to be lost. Not supported for a fused stage.
    pub(crate) discard_state: bool,
    /// Allows grants that are wider than a revoked rule to grant it again. Not supported for a
    /// fused stage.
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

/// Grants, written as rules.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GrantRules {
    /// Rules to grant, such as `file-read /data from=/srv/data`.
    pub(crate) allow: Vec<String>,
    /// Rules to deny. They take precedence over granted ones.
    pub(crate) deny: Vec<String>,
    /// Runs the component even if it requires more than is granted. Otherwise the request fails.
    pub(crate) run_with_less: bool,
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
    pub(crate) fn prepare<'a>(&self, deploy: Deploy<'a>) -> Result<Deploy<'a>, Problem> {
        let mut deploy = deploy.grants(self.grants.parse()?);
        if let Some(name) = &self.name {
            deploy = deploy.name(name);
        }
        if let Some(limits) = &self.limits {
            deploy = deploy.limits(limits.clone());
        }
        if let Some(instancing) = &self.instancing {
            deploy = deploy.instancing(parse_instancing(instancing)?);
        }
        for (interface, name) in &self.links {
            deploy = deploy.link(interface, name)?;
        }
        Ok(deploy.enforcement(self.enforcement()))
    }

    /// Returns the instancing mode: the one set here, or else the component's own.
    pub(crate) fn instancing_of(&self, component: &Component) -> Result<Instancing, Problem> {
        match &self.instancing {
            Some(said) => parse_instancing(said),
            None => Ok(component.instancing().unwrap_or_default()),
        }
    }

    pub(crate) fn enforcement(&self) -> Enforcement {
        if self.audit_only {
            Enforcement::AuditOnly
        } else {
            Enforcement::Enforced
        }
    }
}

impl UpdateSpec {
    /// Returns the enforcement mode, or `None` for that of the active revision.
    pub(crate) fn enforcement(&self) -> Option<Enforcement> {
        match self.audit_only {
            Some(true) => Some(Enforcement::AuditOnly),
            Some(false) => Some(Enforcement::Enforced),
            None => None,
        }
    }
}

impl GrantRules {
    /// Parses the grants. Fails if a text is not a valid rule.
    pub(crate) fn parse(&self) -> Result<Grants, Problem> {
        let problem = |error: airssys_wasm_core::CapabilityError| {
            Problem::from(airssys_wasm_host::Error::from(error))
        };
        let mut grants = Grants::new();
        for rule in &self.allow {
            grants = grants.allow(rule).map_err(problem)?;
        }
        for rule in &self.deny {
            grants = grants.deny(rule).map_err(problem)?;
        }
        Ok(if self.run_with_less {
            grants.with_shortfall(Shortfall::RunWithLess)
        } else {
            grants
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

/// Parses an instancing mode.
pub(crate) fn parse_instancing(text: &str) -> Result<Instancing, Problem> {
    text.parse()
        .map_err(|error: airssys_wasm_core::InstancingError| {
            Problem::new(kinds::USAGE, error.to_string())
        })
}

/// Sets the version of a component that declares none. Fails if the component declares another
/// version.
pub(crate) fn with_version(component: Component, said: Option<&str>) -> Result<Component, Problem> {
    let Some(said) = said else {
        return Ok(component);
    };
    let version = Version::parse(said.strip_prefix('v').unwrap_or(said)).map_err(|error| {
        let message = format!(
            "`{}` is not a version; write for example 1.5.0",
            said.escape_debug()
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
