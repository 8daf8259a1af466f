//! Authorizes the next revision: checks its grants, opens what they allow, and registers it for
//! revocations.
//!
//! Tests: `tests/suite/capabilities/approval.rs`.

use std::sync::Arc;

use airssys_wasm_core::Rollout;

use super::approval::await_approval;
use super::grants;
use crate::Result;
use crate::deployment::DeploymentEntry;
use crate::revision::{GrantOrigin, RevisionPlan};
use crate::services::HostServices;

/// Authorizes a planned revision, on a blocking thread. An update of `existing` without grants has
/// those of the active revision if it requests no more, and otherwise waits for approval. A
/// rehearsal stores and announces nothing.
pub(super) async fn authorize(
    services: &Arc<HostServices>,
    machine: &Rollout,
    existing: Option<&Arc<DeploymentEntry>>,
    mut plan: Box<RevisionPlan>,
) -> Result<Box<RevisionPlan>> {
    let is_rehearsal = machine.is_rehearsal();
    if let (Some(deployment), GrantOrigin::Inherited) = (existing, plan.grant_origin) {
        let active = deployment.revision();
        let changes = grants::added_requests(&active, &plan);
        if !changes.is_empty() && is_rehearsal {
            return Err(grants::awaits_approval_error(&active, &changes));
        }
        if !changes.is_empty() {
            return Err(await_approval(services, deployment, &plan.component, changes).await);
        }
    }
    let (shared, deployment) = (Arc::clone(services), existing.cloned());
    let open = move || {
        grants::check_rules(&shared, &plan)?;
        if !is_rehearsal {
            grants::warn_of_mismatches(&shared, &plan);
        }
        grants::check_sufficient(&shared, &plan)?;
        open_and_register(&shared, deployment.as_deref(), &mut plan)?;
        Ok(plan)
    };
    services.blocking.run(open).await
}

/// Opens what the grants allow. Revocations of `existing` apply to it from then on. Blocks.
fn open_and_register(
    services: &HostServices,
    existing: Option<&DeploymentEntry>,
    plan: &mut RevisionPlan,
) -> Result<()> {
    let opened = plan.open(services)?;
    if let Some(deployment) = existing {
        let revocations_seen = match plan.grant_origin {
            GrantOrigin::Explicit { revocations_seen } => revocations_seen,
            GrantOrigin::Inherited => 0,
        };
        deployment.authorization.add_revision(
            &opened.authority,
            &opened.open_capabilities,
            revocations_seen,
        );
    }
    Ok(())
}
