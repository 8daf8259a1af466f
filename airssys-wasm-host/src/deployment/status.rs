//! Snapshots of a deployment for embedders.
//!
//! A snapshot may be outdated by the time it is read.
//! Tests: `tests/suite/observe.rs`.

use std::collections::BTreeMap;

use airssys_wasm_core::policy::RequestedCapabilities;
use airssys_wasm_core::terms::FixedTerms;
use airssys_wasm_core::{ComponentName, Digest};
use semver::Version;

use super::DeploymentEntry;

/// The state of a deployment at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The name of the deployment.
    pub deployment: ComponentName,
    /// The active revision.
    pub active: RevisionStatus,
    /// Every retained revision, oldest first, including the active one.
    pub revisions: Vec<RevisionStatus>,
    /// The number of calls in flight on the active revision.
    pub calls_in_flight: u64,
    /// The number of calls admitted to the active revision since it began to serve.
    pub calls_admitted: u64,
    /// The number of failed calls of all revisions, since the deployment was created or the host
    /// was started, by how they ended: the keys are those of
    /// [`CallEnd::label`](crate::CallEnd::label).
    pub calls_failed: BTreeMap<&'static str, u64>,
    /// The number of instances of the active revision.
    pub instances: usize,
    /// The linear memory of the instances of all revisions, in bytes: the deployment's part of the
    /// host's [`Budget`](crate::Budget).
    pub memory_bytes: u64,
    /// The number of files, sockets and outgoing connections that its guests have open: its part of
    /// the same budget.
    pub descriptors: u64,
    /// The number of slices that calls have computed beyond their first, since the host was
    /// started. Each slice ended to let others run, and each took a run permit.
    pub slices: u64,
    /// The deployments that serve imports of the active revision, by interface. An interface has a
    /// version only where several deployments serve versions of it.
    pub links: BTreeMap<String, ComponentName>,
}

/// A short summary of a deployment at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The name of the deployment.
    pub deployment: ComponentName,
    /// The revision that serves, or that would serve.
    pub active: RevisionStatus,
    /// The reason the deployment does not serve, if it does not: it is stored in a state directory
    /// and could not be restored.
    pub problem: Option<String>,
}

impl Summary {
    pub(crate) fn from_entry(deployment: &DeploymentEntry) -> Self {
        Self {
            deployment: deployment.name.clone(),
            active: RevisionStatus::from_revision(&deployment.revision()),
            problem: None,
        }
    }
}

/// A revision and its settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RevisionStatus {
    /// The number of the revision within its deployment, from 1.
    pub revision: u64,
    /// The author's version, if the component declares one.
    pub version: Option<Version>,
    /// The author's description, if the component declares one.
    pub description: Option<String>,
    /// The content address of the component's bytes.
    pub digest: Digest,
    /// The terms that it runs under, without its grants: see [`Deployment::grants`].
    ///
    /// [`Deployment::grants`]: crate::Deployment::grants
    pub terms: FixedTerms,
    /// The capabilities that the component requests. A request grants nothing.
    pub requested: RequestedCapabilities,
    /// `true` if its instances come from the pool; `false` if it exceeds the pool's slots.
    pub pooled: bool,
}
