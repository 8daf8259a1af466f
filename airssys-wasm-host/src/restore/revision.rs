//! Loads revisions from the state directory.
//!
//! Tests: `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::terms::Terms;

use super::state;
use crate::Result;
use crate::code_cache::StopHandle;
use crate::deployment::{DeploymentEntry, RetainedRevision};
use crate::link::RevisionLinks;
use crate::revision::LinkBindings;
use crate::revision::{GrantOrigin, Revision, RevisionPlan};
use crate::services::HostServices;
use crate::state::{RevisionRecord, StateDirectory};
use crate::{Error, ErrorKind};

/// Returns a retained revision to roll back to. Loads it on a blocking thread if it is only stored.
pub(crate) async fn ensure_loaded(
    deployment: &Arc<DeploymentEntry>,
    kept: RetainedRevision,
) -> Result<Arc<Revision>> {
    let stored = match kept {
        RetainedRevision::Ready(revision) => return Ok(revision),
        RetainedRevision::Stored(stored) => stored,
    };
    let (blocking, deployment) = (deployment.services.blocking.clone(), Arc::clone(deployment));
    // Loading compiles if the compiled code is gone.
    let load = move || {
        let revision = load_revision(
            &deployment.services,
            &*state(&deployment.services)?,
            &deployment.name,
            &stored,
        )?;
        // Applies past revocations, and registers it for future ones.
        deployment
            .authorization
            .add_revision(&revision.authority, &revision.open_capabilities, 0);
        Ok(revision)
    };
    blocking.compile(load).await
}

/// Loads a revision; its links are not resolved yet. Blocks, and compiles if the compiled code is
/// gone.
pub(super) fn load_revision(
    services: &Arc<HostServices>,
    state: &StateDirectory,
    name: &ComponentName,
    stored: &RevisionRecord,
) -> Result<Arc<Revision>> {
    let component = state.component(&stored.component)?;
    let mut plan = RevisionPlan {
        name: name.clone(),
        number: stored.number,
        terms: Terms {
            grants: stored.grants()?,
            fixed: stored.terms.clone(),
        },
        lifted_revocations: stored.lifted()?,
        grant_origin: GrantOrigin::Inherited,
        explicit_links: LinkBindings::new(),
        links: Arc::new(RevisionLinks::default()),
        console: None,
        data: services.data.clone(),
        authority: None,
        component,
    };
    plan.open(services)?;
    let program = services.programs.get(
        &plan.component,
        &plan.terms.fixed.limits,
        &StopHandle::default(),
    )?;
    let revision = plan.into_revision(services, program);
    revision
        .map(Arc::new)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "a revision has no open capabilities"))
}
