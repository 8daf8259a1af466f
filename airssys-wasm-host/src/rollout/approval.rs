//! The approval of one component with one set of requests.
//!
//! Tests: `tests/suite/capabilities/approval.rs`.

use std::sync::Arc;

use airssys_wasm_core::Digest;
use airssys_wasm_core::policy::{Grants, RequestedCapabilities};

use super::grants;
use super::run::store_component;
use crate::deployment::DeploymentEntry;
use crate::observe::Event;
use crate::services::HostServices;
use crate::{Component, Error, ErrorKind, Result};

/// Stores an update that requests more than the active revision until it is approved, in the state
/// directory too if there is one, and announces it. Returns the error of the rollout.
pub(super) async fn await_approval(
    services: &Arc<HostServices>,
    deployment: &Arc<DeploymentEntry>,
    component: &Component,
    changes: Vec<String>,
) -> Error {
    let error = grants::awaits_approval_error(&deployment.revision(), &changes);
    match store_and_announce(services, deployment, component.clone(), changes).await {
        Ok(()) => error,
        Err(cause) => {
            let message = format!("{error}; it could not be stored for approval: {cause}");
            Error::new(cause.class(), message)
        }
    }
}

/// Stores before it announces, so that a listener finds the update.
async fn store_and_announce(
    services: &Arc<HostServices>,
    deployment: &Arc<DeploymentEntry>,
    component: Component,
    changes: Vec<String>,
) -> Result<()> {
    let pin = store_component(services, &component).await?;
    let (deployment, shared) = (Arc::clone(deployment), Arc::clone(services));
    let store = move || {
        let _pin = pin;
        let digest = component.digest();
        deployment.store_pending_update(component)?;
        shared.announcer.announce(Event::AwaitsApproval {
            deployment: deployment.name.clone(),
            digest,
            changes,
        });
        Ok(())
    };
    services.run_state_write(store).await
}

/// Grants for exactly one component: its bytes and its requests. The approval does not cover other
/// bytes, or the same bytes with other requests declared beside them.
///
/// ```
/// use airssys_wasm_host::policy::Grants;
/// use airssys_wasm_host::{Approval, Component};
///
/// let component = Component::from_bytes(wat::parse_str("(component)")?)?;
/// let approval = Approval::new(&component, Grants::new().allow("file-read /data")?);
/// assert_eq!(approval.digest(), component.digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Approval {
    digest: Digest,
    requested: RequestedCapabilities,
    grants: Grants,
}

impl Approval {
    /// Approves a component with these grants.
    #[must_use]
    pub fn new(component: &Component, grants: Grants) -> Self {
        Self {
            digest: component.digest(),
            requested: component.requested().clone(),
            grants,
        }
    }

    /// Returns the digest of the approved bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the grants if `component` is the approved one.
    pub(super) fn grants_for(&self, component: &Component) -> Result<Grants> {
        let problem = if component.digest() != self.digest {
            format!(
                "its digest is {}, but {} was approved",
                component.digest(),
                self.digest
            )
        } else if *component.requested() != self.requested {
            "its requests differ from the approved ones".into()
        } else {
            return Ok(self.grants.clone());
        };
        Err(Error::new(
            ErrorKind::ApprovalMismatch,
            format!("this is not the approved component: {problem}"),
        ))
    }
}
