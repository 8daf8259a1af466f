//! Checks of the next revision that need no compiled code.
//!
//! Tests: `tests/suite/promises/atomic_failure.rs`, `tests/suite/bad_input.rs`.

use std::sync::Arc;

use airssys_wasm_core::{Instancing, check_version};

use crate::capability::Providers;
use crate::deployment::DeploymentEntry;
use crate::revision::{Revision, RevisionPlan};
use crate::{Error, ErrorKind, Result, link};

/// The versions that the next revision may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum VersionRequirement {
    /// A version that is newer than that of the active revision.
    #[default]
    Newer,
    /// Any version, or none.
    Any,
}

/// The treatment of a rollout that would lose the state of a stateful component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StateLoss {
    #[default]
    Refused,
    Allowed,
}

/// Checks the version of the next revision.
pub(super) fn version(
    active: &Revision,
    plan: &RevisionPlan,
    required: VersionRequirement,
) -> Result<()> {
    match required {
        VersionRequirement::Any => Ok(()),
        VersionRequirement::Newer => Ok(check_version(
            active.component.version(),
            plan.component.version(),
        )?),
    }
}

/// Checks that no state would be lost, unless that is allowed.
pub(super) fn state(active: &Revision, loss: StateLoss) -> Result<()> {
    if active.terms.instancing != Instancing::Stateful || loss == StateLoss::Allowed {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::StateWouldBeLost,
        format!("{active} is stateful, and the next revision would start without its state"),
    )
    .with_remedy("call `.discard_state()` if the state may be lost"))
}

/// Checks that the next revision has everything that callers of the active one may call.
pub(super) fn world(active: &Revision, plan: &RevisionPlan) -> Result<()> {
    Ok(active
        .component
        .world()
        .check_replacement(plan.component.world())?)
}

/// Finds a provider for each import, the host or one of `deployed`, and sets the links.
pub(super) fn imports(
    plan: &mut RevisionPlan,
    providers: &Providers,
    deployed: &[Arc<DeploymentEntry>],
) -> Result<()> {
    link::check_bindings(&plan.explicit_links, plan.component.world(), providers)?;
    let links = link::resolve(
        &plan.name,
        plan.component.world(),
        providers,
        deployed,
        &plan.terms.fixed.links,
    )?;
    plan.links = Arc::new(links);
    Ok(())
}
