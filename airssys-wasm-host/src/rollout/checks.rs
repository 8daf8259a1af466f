//! What is checked of a next revision before there is any code.
//!
//! Tests: the workspace's `tests/promises/atomic_failure` and `tests/bad_input`.

use std::sync::Arc;

use airssys_wasm_core::{Instancing, check_version};

use crate::capability::Providers;
use crate::deployment::Named;
use crate::revision::{Draft, Revision};
use crate::{Error, ErrorKind, Result, link};

/// It is newer, or any version is allowed.
pub(super) fn version(serving: &Revision, next: &Draft, any_allowed: bool) -> Result<()> {
    if any_allowed {
        return Ok(());
    }
    Ok(check_version(
        serving.component.version(),
        next.component.version(),
    )?)
}

/// Nothing is remembered, or it may be lost.
pub(super) fn state(serving: &Revision, may_be_lost: bool) -> Result<()> {
    if serving.instancing != Instancing::Stateful || may_be_lost {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::StateWouldBeLost,
        format!(
            "{serving} is stateful, and the next revision would start without what it remembers; say `.discard_state()` if it may be lost"
        ),
    ))
}

/// It has what callers of the revision that serves may call.
pub(super) fn world(serving: &Revision, next: &Draft) -> Result<()> {
    Ok(serving
        .component
        .world()
        .check_stand_in(next.component.world())?)
}

/// Each of its imports has a provider: the host, or one of `deployed`.
pub(super) fn imports(
    next: &mut Draft,
    providers: &Providers,
    deployed: &[Arc<Named>],
) -> Result<()> {
    link::check_said(&next.said, next.component.world(), providers)?;
    let links = link::resolve(
        &next.name,
        next.component.world(),
        providers,
        deployed,
        &next.bound,
    )?;
    next.links = Arc::new(links);
    Ok(())
}
