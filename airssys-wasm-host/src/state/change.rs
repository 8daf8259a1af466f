//! What was done to the names of a host, as it is kept.
//!
//! Tests: the workspace's `tests/suite/state`.

use std::fmt;
use std::time::{Duration, SystemTime};

use airssys_wasm_core::{ComponentName, Digest, Rule};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::text;

/// Something that was done to a name, and has been kept in the state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// When, to the millisecond.
    pub at: SystemTime,
    /// The name.
    pub component: ComponentName,
    /// What.
    pub action: Action,
}

/// What was done to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It has its first revision.
    Deployed(Serves),
    /// Another component serves.
    Updated(Serves),
    /// A revision that served before serves again.
    RolledBack(Serves),
    /// An update waits to be approved.
    Waits {
        /// What waits.
        digest: Digest,
    },
    /// A rule was taken back.
    Revoked {
        /// The rule.
        rule: Rule,
    },
    /// The name is free again.
    Removed,
}

/// What serves after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serves {
    /// The revision.
    pub revision: u64,
    /// Its version, if it says one.
    pub version: Option<Version>,
    /// The content address of its bytes.
    pub digest: Digest,
    /// Revocations that its grants lifted.
    pub lifted: Vec<Rule>,
}

/// As it is kept.
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
    Deployed(ServesRecord),
    Updated(ServesRecord),
    RolledBack(ServesRecord),
    Waits(#[serde(with = "text")] Digest),
    Revoked(#[serde(with = "text")] Rule),
    Removed,
}

#[derive(Deserialize, Serialize)]
struct ServesRecord {
    revision: u64,
    #[serde(with = "text::option")]
    version: Option<Version>,
    #[serde(with = "text")]
    digest: Digest,
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    lifted: Vec<Rule>,
}

impl Change {
    /// Something that is done now.
    pub(crate) fn now(component: &ComponentName, action: Action) -> Self {
        Self {
            at: SystemTime::now(),
            component: component.clone(),
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
        let serves = |serves: &Serves| ServesRecord {
            revision: serves.revision,
            version: serves.version.clone(),
            digest: serves.digest,
            lifted: serves.lifted.clone(),
        };
        Self {
            milliseconds: since.as_millis().try_into().unwrap_or(u64::MAX),
            component: change.component.clone(),
            action: match &change.action {
                Action::Deployed(what) => ActionRecord::Deployed(serves(what)),
                Action::Updated(what) => ActionRecord::Updated(serves(what)),
                Action::RolledBack(what) => ActionRecord::RolledBack(serves(what)),
                Action::Waits { digest } => ActionRecord::Waits(*digest),
                Action::Revoked { rule } => ActionRecord::Revoked(rule.clone()),
                Action::Removed => ActionRecord::Removed,
            },
        }
    }
}

impl From<ChangeRecord> for Change {
    fn from(record: ChangeRecord) -> Self {
        let serves = |serves: ServesRecord| Serves {
            revision: serves.revision,
            version: serves.version,
            digest: serves.digest,
            lifted: serves.lifted,
        };
        Self {
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(record.milliseconds),
            component: record.component,
            action: match record.action {
                ActionRecord::Deployed(what) => Action::Deployed(serves(what)),
                ActionRecord::Updated(what) => Action::Updated(serves(what)),
                ActionRecord::RolledBack(what) => Action::RolledBack(serves(what)),
                ActionRecord::Waits(digest) => Action::Waits { digest },
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
            Self::Waits { digest } => write!(f, "{digest} waits to be approved"),
            Self::Revoked { rule } => write!(f, "revoked `{rule}`"),
            Self::Removed => f.write_str("removed"),
        }
    }
}

impl fmt::Display for Serves {
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
