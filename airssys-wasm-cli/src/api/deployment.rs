//! Deployments and revisions as the API returns them.

use std::collections::BTreeMap;

use airssys_wasm_core::Requests;
use airssys_wasm_core::policy::RequestedCapabilities;
use airssys_wasm_core::terms::FixedTerms;
use airssys_wasm_host::{
    Promotion, RecordSubject, RevisionStatus, Status, Summary, UnreadableRecord,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, kinds};

/// Every deployment, and the records of the state directory that cannot be read.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeploymentList {
    /// All deployments.
    pub(crate) deployments: Vec<DeploymentSummary>,
    /// Records of the state directory that cannot be read. Deployments and pipelines with these
    /// names can be deployed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lost: Vec<LostRecord>,
}

/// A record of the state directory that cannot be read.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LostRecord {
    /// Subject of the record: `deployment`, `pipeline` or `route`.
    #[serde(default = "deployment")]
    pub(crate) subject: String,
    /// Name of the deployment or the pipeline, or the route.
    pub(crate) name: String,
    /// The reason it cannot be read.
    pub(crate) problem: String,
}

impl LostRecord {
    /// Describes the problem in a line.
    pub(crate) fn describe(&self) -> String {
        format!(
            "the stored {} `{}` cannot be read: {}",
            self.subject, self.name, self.problem
        )
    }
}

/// The subject of records that an earlier host process lists.
fn deployment() -> String {
    RecordSubject::Deployment.to_string()
}

impl From<&UnreadableRecord> for LostRecord {
    fn from(record: &UnreadableRecord) -> Self {
        Self {
            subject: record.subject.to_string(),
            name: record.name.clone(),
            problem: record.problem.clone(),
        }
    }
}

/// A summary of a deployment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeploymentSummary {
    /// Name of the deployment.
    pub(crate) name: String,
    /// Number of the active revision.
    pub(crate) revision: u64,
    /// Version of the component, if it declares one.
    pub(crate) version: Option<String>,
    /// Digest of the component.
    pub(crate) digest: String,
    /// Instancing mode: `per-call`, `pooled N` or `stateful`.
    pub(crate) instancing: String,
    /// The reason the deployment cannot serve; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// The status of a deployment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeploymentView {
    /// Name of the deployment.
    pub(crate) name: String,
    /// The component's own name, under which it is published; `null` if it declares none.
    pub(crate) package: Option<String>,
    /// The active revision.
    pub(crate) serving: RevisionView,
    /// Every retained revision, oldest first, including the active one.
    pub(crate) revisions: Vec<RevisionView>,
    /// Number of calls in flight on the active revision.
    pub(crate) calls_in_flight: u64,
    /// Number of calls admitted to the active revision since it became active.
    pub(crate) calls_admitted: u64,
    /// Number of instances of the active revision.
    pub(crate) instances: usize,
    /// Linear memory of all instances, of every revision, in bytes.
    pub(crate) memory_bytes: u64,
    /// Number of files, sockets and outgoing connections that the deployment has open.
    pub(crate) descriptors: u64,
    /// The deployments that provide the interfaces imported from other deployments, by interface.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) links: BTreeMap<String, String>,
    /// Digest of the component of the update that waits for approval, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<String>,
}

/// A revision and its configuration.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RevisionView {
    /// Number of the revision, counted from 1 for each deployment.
    pub(crate) revision: u64,
    /// Version of the component, if it declares one.
    pub(crate) version: Option<String>,
    /// Description of the component, if it has one.
    pub(crate) description: Option<String>,
    /// Digest of the component.
    pub(crate) digest: String,
    /// Terms of the revision, without its grants.
    #[serde(flatten)]
    pub(crate) terms: FixedTerms,
    /// The capabilities the component requests, one rule each; optional ones with their reason.
    /// `null` if the component does not declare what it needs.
    pub(crate) requests: Option<Vec<String>>,
}

/// A completed rollout.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RolloutResult {
    /// Name of the deployment.
    pub(crate) name: String,
    /// Number of the previously active revision; `null` for a first deployment.
    pub(crate) from_revision: Option<u64>,
    /// Number of the revision that is now active.
    pub(crate) revision: u64,
    /// Version of the component, if it declares one.
    pub(crate) version: Option<String>,
    /// Time from the start of the rollout to the switch, in milliseconds. For a first deployment,
    /// includes the time to read the request.
    pub(crate) milliseconds: u64,
    /// Number of calls still running on the previously active revision.
    pub(crate) calls_draining: u64,
    /// Previously revoked rules that the new grants granted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) granted_again: Vec<String>,
}

impl From<&Summary> for DeploymentSummary {
    fn from(summary: &Summary) -> Self {
        Self {
            name: summary.deployment.to_string(),
            revision: summary.active.revision,
            version: summary.active.version.as_ref().map(ToString::to_string),
            digest: summary.active.digest.to_string(),
            instancing: summary.active.terms.instancing.to_string(),
            problem: summary.problem.clone(),
        }
    }
}

impl DeploymentView {
    pub(crate) fn new(status: &Status, package: Option<String>, waiting: Option<String>) -> Self {
        Self {
            name: status.deployment.to_string(),
            package,
            serving: (&status.active).into(),
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
            terms: revision.terms.clone(),
            requests: request_lines(&revision.requested),
        }
    }
}

/// Formats requests as one rule per line, optional ones with their reason. Returns `None` if the
/// component does not declare what it needs.
pub(crate) fn request_lines(requested: &RequestedCapabilities) -> Option<Vec<String>> {
    match requested {
        RequestedCapabilities::Listed(requests) => Some(
            requests
                .to_section()
                .lines()
                .skip(1)
                .map(str::to_owned)
                .collect(),
        ),
        RequestedCapabilities::Unlisted => None,
    }
}

/// Parses the output of [`request_lines`].
pub(crate) fn parse_request_lines(
    lines: Option<&[String]>,
) -> Result<RequestedCapabilities, Problem> {
    let Some(lines) = lines else {
        return Ok(RequestedCapabilities::Unlisted);
    };
    let section = Requests::default().to_section() + &lines.join("\n");
    let problem = |error| {
        let message = "cannot parse the requests sent by the host process; is it the same version as this command?";
        Problem::new(kinds::PROTOCOL, message).with_cause(error)
    };
    Requests::from_section(section.as_bytes())
        .map(RequestedCapabilities::Listed)
        .map_err(problem)
}

impl RolloutResult {
    pub(crate) fn new(name: &str, promoted: &Promotion) -> Self {
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
