//! The history of changes to deployments, as stored in the state directory.
//!
//! Tests: `tests/suite/state`.

use std::fmt;
use std::time::{Duration, SystemTime};

use airssys_wasm_core::{ComponentName, Digest, Rule};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::text;

/// A change to a deployment, as stored in the state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The time of the change, to the millisecond.
    pub at: SystemTime,
    /// The name of the deployment.
    pub deployment: ComponentName,
    /// The kind of change.
    pub action: Action,
}

/// The kind of a change to a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The first revision was deployed.
    Deployed(RevisionSummary),
    /// An update made another revision active.
    Updated(RevisionSummary),
    /// A rollback made an earlier revision active again.
    RolledBack(RevisionSummary),
    /// An update awaits approval.
    AwaitsApproval {
        /// The digest of the component that awaits approval.
        digest: Digest,
    },
    /// A rule was revoked.
    Revoked {
        /// The rule.
        rule: Rule,
    },
    /// The deployment was removed.
    Removed,
}

/// The revision that is active after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevisionSummary {
    /// The number of the revision.
    pub revision: u64,
    /// The component's version, if it has one.
    pub version: Option<Version>,
    /// The digest of the component's bytes.
    pub digest: Digest,
    /// Revocations lifted by its grants.
    pub lifted: Vec<Rule>,
}

/// The stored form of a [`Change`].
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ChangeRecord {
    milliseconds: u64,
    #[serde(with = "text")]
    component: ComponentName,
    action: ActionRecord,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum ActionRecord {
    Deployed(RevisionSummaryRecord),
    Updated(RevisionSummaryRecord),
    RolledBack(RevisionSummaryRecord),
    Waits(#[serde(with = "text")] Digest),
    Revoked(#[serde(with = "text")] Rule),
    Removed,
}

#[derive(Deserialize, Serialize)]
struct RevisionSummaryRecord {
    revision: u64,
    #[serde(with = "text::option")]
    version: Option<Version>,
    #[serde(with = "text")]
    digest: Digest,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    lifted: Vec<Rule>,
}

impl Change {
    /// Creates a change with the current time.
    pub(crate) fn now(deployment: &ComponentName, action: Action) -> Self {
        Self {
            at: SystemTime::now(),
            deployment: deployment.clone(),
            action,
        }
    }
}

impl From<&Change> for ChangeRecord {
    fn from(change: &Change) -> Self {
        let since = change
            .at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let serves = |serves: &RevisionSummary| RevisionSummaryRecord {
            revision: serves.revision,
            version: serves.version.clone(),
            digest: serves.digest,
            lifted: serves.lifted.clone(),
        };
        Self {
            milliseconds: since.as_millis().try_into().unwrap_or(u64::MAX),
            component: change.deployment.clone(),
            action: match &change.action {
                Action::Deployed(what) => ActionRecord::Deployed(serves(what)),
                Action::Updated(what) => ActionRecord::Updated(serves(what)),
                Action::RolledBack(what) => ActionRecord::RolledBack(serves(what)),
                Action::AwaitsApproval { digest } => ActionRecord::Waits(*digest),
                Action::Revoked { rule } => ActionRecord::Revoked(rule.clone()),
                Action::Removed => ActionRecord::Removed,
            },
        }
    }
}

impl From<ChangeRecord> for Change {
    fn from(record: ChangeRecord) -> Self {
        let serves = |serves: RevisionSummaryRecord| RevisionSummary {
            revision: serves.revision,
            version: serves.version,
            digest: serves.digest,
            lifted: serves.lifted,
        };
        Self {
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(record.milliseconds),
            deployment: record.component,
            action: match record.action {
                ActionRecord::Deployed(what) => Action::Deployed(serves(what)),
                ActionRecord::Updated(what) => Action::Updated(serves(what)),
                ActionRecord::RolledBack(what) => Action::RolledBack(serves(what)),
                ActionRecord::Waits(digest) => Action::AwaitsApproval { digest },
                ActionRecord::Revoked(rule) => Action::Revoked { rule },
                ActionRecord::Removed => Action::Removed,
            },
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployed(what) => write!(f, "deployed {what}"),
            Self::Updated(what) => write!(f, "updated to {what}"),
            Self::RolledBack(what) => write!(f, "rolled back to {what}"),
            Self::AwaitsApproval { digest } => write!(f, "{digest} awaits approval"),
            Self::Revoked { rule } => write!(f, "revoked `{rule}`"),
            Self::Removed => f.write_str("removed"),
        }
    }
}

impl fmt::Display for RevisionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {}", self.revision)?;
        if let Some(version) = &self.version {
            write!(f, " ({version})")?;
        }
        self.lifted
            .iter()
            .try_for_each(|rule| write!(f, ", granting `{rule}` again"))
    }
}
