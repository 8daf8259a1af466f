//! Descriptors that guests hold open: files, sockets, and outgoing connections.
//!
//! Tests: `tests/suite/capabilities/descriptors.rs`.

use std::sync::Arc;

use airssys_wasm_core::policy::{DenialReason, Operation};

use super::Authority;
use crate::budget::{BudgetLease, DeploymentShare, Shortage};
use crate::observe::CallId;

/// Takes a descriptor for an operation that opens something. Returns `None` if none is left, and
/// records the operation as denied.
pub(crate) fn take_descriptor(
    share: &Arc<DeploymentShare>,
    authority: &Authority,
    operation: &Operation,
    call: CallId,
) -> Option<BudgetLease> {
    let lease = BudgetLease::take(share, DeploymentShare::descriptors);
    lease
        .inspect_err(|shortage| authority.refuse(operation, refusal(*shortage), call))
        .ok()
}

fn refusal(shortage: Shortage) -> DenialReason {
    let problem = match shortage {
        Shortage::Share(max) => {
            format!("the deployment has {max} descriptors open, its share of the host's budget")
        }
        Shortage::Host(max) => {
            format!("all deployments together have {max} descriptors open, the host's budget")
        }
    };
    DenialReason::OverBudget { problem }
}
