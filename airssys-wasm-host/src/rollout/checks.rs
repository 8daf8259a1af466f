//! Checks of the next revision that need no compiled code.
//!
//! Tests: `tests/suite/promises/atomic_failure.rs`, `tests/suite/bad_input.rs`.

use std::sync::Arc;

use airssys_wasm_core::{Instancing, check_version};

use crate::capability::Providers;
use crate::deployment::DeploymentEntry;
use crate::revision::{Revision, RevisionPlan};
use crate::{Error, ErrorKind, Result, link};

/// Checks that the version is newer, unless any version is allowed.
pub(super) fn version(serving: &Revision, next: &RevisionPlan, any_allowed: bool) -> Result<()> {
    if any_allowed {
        return Ok(());
    }
    Ok(check_version(
        serving.component.version(),
        next.component.version(),
    )?)
}

/// Checks that no state would be lost, unless that is allowed.
pub(super) fn state(serving: &Revision, may_be_lost: bool) -> Result<()> {
    if serving.instancing != Instancing::Stateful || may_be_lost {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::StateWouldBeLost,
        format!(
            "{serving} is stateful, and the next revision would start without its state; call `.discard_state()` if the state may be lost"
        ),
    ))
}

/// Checks that the next revision has everything that callers of the active one may call.
pub(super) fn world(serving: &Revision, next: &RevisionPlan) -> Result<()> {
    Ok(serving
        .component
        .world()
        .check_replacement(next.component.world())?)
}

/// Finds a provider for each import, the host or one of `deployed`, and sets the links.
pub(super) fn imports(
    next: &mut RevisionPlan,
    providers: &Providers,
    deployed: &[Arc<DeploymentEntry>],
) -> Result<()> {
    link::check_bindings(&next.explicit_bindings, next.component.world(), providers)?;
    let links = link::resolve(
        &next.name,
        next.component.world(),
        providers,
        deployed,
        &next.bindings,
    )?;
    next.links = Arc::new(links);
    Ok(())
}
