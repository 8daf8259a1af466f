//! What a deployment looks like from outside.
//!
//! A snapshot, already old when it is read. Tests: the workspace's
//! `tests/observe`.

use std::collections::BTreeMap;

use airssys_wasm_core::policy::Requested;
use airssys_wasm_core::{ComponentName, Digest, Instancing, Limits};
use semver::Version;

use super::Named;

/// A deployment at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The name.
    pub component: ComponentName,
    /// The revision that serves.
    pub serving: RevisionStatus,
    /// Every revision that is kept, oldest first, the one that serves included.
    pub revisions: Vec<RevisionStatus>,
    /// Calls in flight on the revision that serves.
    pub calls_in_flight: u64,
    /// Calls admitted to the revision that serves since it began to serve.
    pub calls_admitted: u64,
    /// Calls that failed, of all revisions, since the name was deployed or the host was started: by
    /// how they ended, as [`CallEnd::label`](crate::CallEnd::label) says it.
    pub calls_failed: BTreeMap<&'static str, u64>,
    /// Instances of the revision that serves.
    pub instances: usize,
    /// Linear memory of all its instances, of every revision, in bytes: what it takes of the host's
    /// [`Budget`](crate::Budget).
    pub memory_bytes: u64,
    /// Files, sockets and outgoing connections that its guests have open: its part of the same
    /// budget.
    pub descriptors: u64,
    /// Slices that calls have computed beyond their first, since the host has run: each ended
    /// for others to run, and each took a run permit.
    pub slices: u64,
    /// Who serves what the revision that serves imports from others: interfaces, with versions
    /// only where several serve versions of one, and names of deployments.
    pub links: BTreeMap<String, ComponentName>,
}

/// A name in short, at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The name.
    pub component: ComponentName,
    /// The revision that serves, or would.
    pub serving: RevisionStatus,
    /// Why it does not serve, if it does not: a state directory has it, and it could not be
    /// made ready.
    pub problem: Option<String>,
}

impl Summary {
    pub(crate) fn of(named: &Named) -> Self {
        Self {
            component: named.name.clone(),
            serving: RevisionStatus::of(&named.revision()),
            problem: None,
        }
    }
}

/// A revision, and what it runs under.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RevisionStatus {
    /// The host's count for this name, from 1.
    pub revision: u64,
    /// The author's version, if the component says one.
    pub version: Option<Version>,
    /// What the author says it does.
    pub description: Option<String>,
    /// The content address of its bytes.
    pub digest: Digest,
    /// How it is instanced.
    pub instancing: Instancing,
    /// What it may use.
    pub limits: Limits,
    /// What it asks to reach. Nothing of it is granted.
    pub requested: Requested,
    /// Whether its instances come from the pool; if not, it exceeds the slots.
    pub pooled: bool,
}
