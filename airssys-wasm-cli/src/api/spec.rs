//! What is said of a deploy, an update and a rollback.

use std::collections::BTreeMap;

use airssys_wasm_core::Limits;
use airssys_wasm_core::policy::{Grants, Shortfall};
use airssys_wasm_host::{Component, Deploy, Enforcement, Instancing, Strategy};
use semver::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, kinds};

/// A component under a new name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeploySpec {
    /// The component's own unless said.
    pub(crate) name: Option<String>,
    /// For a component that says none.
    pub(crate) version: Option<String>,
    /// What is published, instead of a component that is sent along: `greeter@^1.2`.
    pub(crate) package: Option<String>,
    pub(crate) grants: Given,
    #[schema(value_type = Object)]
    pub(crate) limits: Option<Limits>,
    pub(crate) instancing: Option<String>,
    /// Which deployment serves which interface.
    pub(crate) links: BTreeMap<String, String>,
    /// Find out what it needs.
    pub(crate) audit_only: bool,
}

/// Another component under a name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct UpdateSpec {
    /// `blue-green` or `recreate`.
    pub(crate) strategy: Option<String>,
    pub(crate) version: Option<String>,
    /// What is published, instead of a component that is sent along: `greeter@^1.2`.
    pub(crate) package: Option<String>,
    /// Those of the revision that serves unless said.
    pub(crate) grants: Option<Given>,
    #[schema(value_type = Object)]
    pub(crate) limits: Option<Limits>,
    pub(crate) instancing: Option<String>,
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) audit_only: Option<bool>,
    /// An older version may follow, or one that is not said.
    pub(crate) any_version: bool,
    /// What a stateful component remembers may be lost.
    pub(crate) discard_state: bool,
    /// Grants may give back what was revoked.
    pub(crate) grant_again: bool,
}

/// Another component in a stage of a pipeline.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct StageUpdateSpec {
    pub(crate) strategy: Option<String>,
    /// What is published, instead of a component that is sent along.
    pub(crate) package: Option<String>,
    /// Those of the revision that serves unless said.
    pub(crate) grants: Option<Given>,
    /// An older version may follow.
    pub(crate) any_version: bool,
    pub(crate) discard_state: bool,
    /// Grants may give back what was revoked.
    pub(crate) grant_again: bool,
}

/// An earlier revision again.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RollbackSpec {
    pub(crate) to_version: Option<String>,
    pub(crate) strategy: Option<String>,
    pub(crate) discard_state: bool,
}

/// A yes to an update that waits.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Approve {
    /// What was looked at.
    pub(crate) digest: String,
    pub(crate) grants: Given,
    #[serde(default)]
    pub(crate) strategy: Option<String>,
    #[serde(default)]
    pub(crate) any_version: bool,
    #[serde(default)]
    pub(crate) discard_state: bool,
    /// Grants may give back what was revoked.
    #[serde(default)]
    pub(crate) grant_again: bool,
}

/// Grants, as texts of rules.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Given {
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    /// It is deployed although it requires more.
    pub(crate) run_with_less: bool,
}

/// More grants for what serves.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GrantSpec {
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    /// It is deployed although it requires more.
    pub(crate) run_with_less: bool,
    /// Grants may give back what was revoked.
    pub(crate) grant_again: bool,
}

impl GrantSpec {
    pub(crate) fn of(given: Given, grant_again: bool) -> Self {
        let Given {
            allow,
            deny,
            run_with_less,
        } = given;
        Self {
            allow,
            deny,
            run_with_less,
            grant_again,
        }
    }

    /// The grants alone.
    pub(crate) fn given(self) -> Given {
        Given {
            allow: self.allow,
            deny: self.deny,
            run_with_less: self.run_with_less,
        }
    }
}

impl DeploySpec {
    /// What is said here, but for the component and its version, said of a deploy.
    pub(crate) fn prepare<'a>(&self, deploy: Deploy<'a>) -> Result<Deploy<'a>, Problem> {
        let mut deploy = deploy.grants(self.grants.read()?);
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
        Ok(deploy.enforcement(enforcement(self.audit_only)))
    }

    /// How a component is instanced: as said here, or as it says.
    pub(crate) fn instancing_of(&self, component: &Component) -> Result<Instancing, Problem> {
        match &self.instancing {
            Some(said) => parse_instancing(said),
            None => Ok(component.instancing().unwrap_or_default()),
        }
    }
}

impl Given {
    /// The grants, if every text is a rule.
    pub(crate) fn read(&self) -> Result<Grants, Problem> {
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
            grants.shortfall(Shortfall::RunWithLess)
        } else {
            grants
        })
    }
}

/// Whether what it needs is found out.
pub(crate) fn enforcement(audit_only: bool) -> Enforcement {
    if audit_only {
        Enforcement::AuditOnly
    } else {
        Enforcement::Enforced
    }
}

/// Reads the name of a strategy.
pub(crate) fn parse_strategy(text: Option<&str>) -> Result<Strategy, Problem> {
    match text {
        None | Some("blue-green") => Ok(Strategy::BlueGreen),
        Some("recreate") => Ok(Strategy::Recreate),
        Some(other) => {
            let message = format!(
                "`{}` is no strategy; write `blue-green` or `recreate`",
                other.escape_debug()
            );
            Err(Problem::new(kinds::USAGE, message))
        }
    }
}

/// Reads a way of instancing.
pub(crate) fn parse_instancing(text: &str) -> Result<Instancing, Problem> {
    text.parse()
        .map_err(|error: airssys_wasm_core::InstancingError| {
            Problem::new(kinds::USAGE, error.to_string())
        })
}

/// With the version that was said, if the component has none; else they have to be the same.
pub(crate) fn with_version(component: Component, said: Option<&str>) -> Result<Component, Problem> {
    let Some(said) = said else {
        return Ok(component);
    };
    let version = Version::parse(said.strip_prefix('v').unwrap_or(said)).map_err(|error| {
        let message = format!(
            "`{}` is no version; write for example 1.5.0",
            said.escape_debug()
        );
        Problem::new(kinds::USAGE, message).because(error)
    })?;
    match component.version() {
        None => Ok(component.with_version(version)),
        Some(own) if *own == version => Ok(component),
        Some(own) => {
            let message =
                format!("the component says that it is version {own}, and {version} was asked for");
            Err(Problem::new(kinds::USAGE, message))
        }
    }
}
