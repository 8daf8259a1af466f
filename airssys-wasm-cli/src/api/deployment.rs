//! Deployments and revisions, as they are told.

use std::collections::BTreeMap;

use airssys_wasm_core::policy::Requested;
use airssys_wasm_core::{Limits, Requests};
use airssys_wasm_host::{Promoted, RevisionStatus, Status, Summary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, kinds};

/// Every name, and what was lost.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Overview {
    pub(crate) deployments: Vec<SummaryView>,
    /// Names of which nothing can be read any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lost: Vec<LostView>,
}

/// A name that was lost.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LostView {
    pub(crate) name: String,
    pub(crate) problem: String,
}

/// A name in short.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SummaryView {
    pub(crate) name: String,
    pub(crate) revision: u64,
    pub(crate) version: Option<String>,
    pub(crate) digest: String,
    pub(crate) instancing: String,
    /// Why it does not serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// A name at one moment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeploymentView {
    pub(crate) name: String,
    /// The component's own name, under which it is published.
    pub(crate) package: Option<String>,
    pub(crate) serving: RevisionView,
    /// Every revision that is kept, oldest first.
    pub(crate) revisions: Vec<RevisionView>,
    pub(crate) calls_in_flight: u64,
    pub(crate) calls_admitted: u64,
    pub(crate) instances: usize,
    /// Linear memory of all its instances, in bytes.
    pub(crate) memory_bytes: u64,
    /// Files, sockets and outgoing connections that it has open.
    pub(crate) descriptors: u64,
    /// Who serves what it imports from other deployments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) links: BTreeMap<String, String>,
    /// The digest of an update that waits to be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<String>,
}

/// A revision, and what it runs under.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RevisionView {
    pub(crate) revision: u64,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) digest: String,
    pub(crate) instancing: String,
    #[schema(value_type = Object)]
    pub(crate) limits: Limits,
    /// Rules, optional ones with their reason; none if it does not say what it needs.
    pub(crate) requests: Option<Vec<String>>,
}

/// A rollout that went live.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PromotedView {
    pub(crate) name: String,
    /// The revision that served; none if this is the first.
    pub(crate) from_revision: Option<u64>,
    pub(crate) revision: u64,
    pub(crate) version: Option<String>,
    /// From the beginning to the switch.
    pub(crate) milliseconds: u64,
    /// Calls that end on the revision that served before.
    pub(crate) calls_draining: u64,
    /// Rules that were revoked and that its grants gave back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) granted_again: Vec<String>,
}

impl From<&Summary> for SummaryView {
    fn from(summary: &Summary) -> Self {
        Self {
            name: summary.component.to_string(),
            revision: summary.serving.revision,
            version: summary.serving.version.as_ref().map(ToString::to_string),
            digest: summary.serving.digest.to_string(),
            instancing: summary.serving.instancing.to_string(),
            problem: summary.problem.clone(),
        }
    }
}

impl DeploymentView {
    pub(crate) fn of(status: &Status, package: Option<String>, waiting: Option<String>) -> Self {
        Self {
            name: status.component.to_string(),
            package,
            serving: (&status.serving).into(),
            revisions: status.revisions.iter().map(Into::into).collect(),
            calls_in_flight: status.calls_in_flight,
            calls_admitted: status.calls_admitted,
            instances: status.instances,
            memory_bytes: status.memory_bytes,
            descriptors: status.descriptors,
            links: status
                .links
                .iter()
                .map(|(interface, name)| (interface.clone(), name.to_string()))
                .collect(),
            waiting,
        }
    }
}

impl From<&RevisionStatus> for RevisionView {
    fn from(revision: &RevisionStatus) -> Self {
        Self {
            revision: revision.revision,
            version: revision.version.as_ref().map(ToString::to_string),
            description: revision.description.clone(),
            digest: revision.digest.to_string(),
            instancing: revision.instancing.to_string(),
            limits: revision.limits.clone(),
            requests: request_lines(&revision.requested),
        }
    }
}

/// Rules, optional ones with their reason; none if it does not say what it needs.
pub(crate) fn request_lines(requested: &Requested) -> Option<Vec<String>> {
    match requested {
        Requested::These(requests) => Some(
            requests
                .to_section()
                .lines()
                .skip(1)
                .map(str::to_owned)
                .collect(),
        ),
        Requested::Anything => None,
    }
}

/// Reads what [`request_lines`] wrote.
pub(crate) fn read_request_lines(lines: Option<&[String]>) -> Result<Requested, Problem> {
    let Some(lines) = lines else {
        return Ok(Requested::Anything);
    };
    let section = Requests::default().to_section() + &lines.join("\n");
    let problem = |error| {
        let message =
            "the host process tells requests that cannot be read; is it of the same version?";
        Problem::new(kinds::PROTOCOL, message).because(error)
    };
    Requests::from_section(section.as_bytes())
        .map(Requested::These)
        .map_err(problem)
}

impl PromotedView {
    pub(crate) fn of(name: &str, promoted: &Promoted) -> Self {
        Self {
            name: name.to_owned(),
            from_revision: Some(promoted.from_revision()),
            revision: promoted.to_revision(),
            version: promoted.version().map(ToString::to_string),
            milliseconds: promoted.took().as_millis().try_into().unwrap_or(u64::MAX),
            calls_draining: promoted.calls_draining(),
            granted_again: promoted
                .lifted()
                .iter()
                .map(|rule| rule.without_value().to_string())
                .collect(),
        }
    }
}
