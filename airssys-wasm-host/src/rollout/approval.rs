//! A yes to one component with one set of requests.
//!
//! Tests: the workspace's `tests/suite/capabilities/approval`.

use std::sync::Arc;

use airssys_wasm_core::Digest;
use airssys_wasm_core::policy::{Grants, Requested};

use super::run::keep;
use crate::aside::may_write;
use crate::deployment::Named;
use crate::runtime::Runtime;
use crate::{Component, Error, ErrorKind, Result};

/// Remembers an update that waits, in the state directory too if there is one.
pub(super) async fn wait(
    runtime: &Arc<Runtime>,
    named: &Arc<Named>,
    waiting: Component,
) -> Result<()> {
    let pin = keep(runtime, &waiting).await?;
    let named = Arc::clone(named);
    let remember = move || {
        let _pin = pin;
        named.wait_for_approval(waiting)
    };
    may_write(runtime, remember).await
}

/// Grants for one component: these bytes, and what they request. Other bytes, or the same
/// with other requests written beside them, are not what was approved.
///
/// ```
/// use airssys_wasm_host::policy::Grants;
/// use airssys_wasm_host::{Approval, Component};
///
/// let component = Component::from_bytes(wat::parse_str("(component)")?)?;
/// let approval = Approval::of(&component, Grants::new().allow("file-read /data")?);
/// assert_eq!(approval.digest(), component.digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Approval {
    digest: Digest,
    requested: Requested,
    grants: Grants,
}

impl Approval {
    /// Approves a component with these grants.
    #[must_use]
    pub fn of(component: &Component, grants: Grants) -> Self {
        Self {
            digest: component.digest(),
            requested: component.requested().clone(),
            grants,
        }
    }

    /// The bytes that were approved.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The grants, if this is what was approved.
    pub(super) fn grants_for(&self, component: &Component) -> Result<Grants> {
        let problem = if component.digest() != self.digest {
            format!(
                "the bytes have digest {}, and {} was approved",
                component.digest(),
                self.digest
            )
        } else if *component.requested() != self.requested {
            "it requests something else than what was approved".into()
        } else {
            return Ok(self.grants.clone());
        };
        Err(Error::new(
            ErrorKind::ApprovalMismatch,
            format!("this is not what was approved: {problem}"),
        ))
    }
}
