//! The approval of one component with one set of requests.
//!
//! Tests: `tests/suite/capabilities/approval.rs`.

use std::sync::Arc;

use airssys_wasm_core::Digest;
use airssys_wasm_core::policy::{Grants, RequestedCapabilities};

use super::run::store_component;
use crate::deployment::DeploymentEntry;
use crate::runtime::Runtime;
use crate::{Component, Error, ErrorKind, Result};

/// Stores an update that waits for approval, in the state directory too if there is one.
pub(super) async fn store_pending_update(
    runtime: &Arc<Runtime>,
    named: &Arc<DeploymentEntry>,
    waiting: Component,
) -> Result<()> {
    let pin = store_component(runtime, &waiting).await?;
    let named = Arc::clone(named);
    let remember = move || {
        let _pin = pin;
        named.store_pending_update(waiting)
    };
    runtime.run_state_write(remember).await
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
