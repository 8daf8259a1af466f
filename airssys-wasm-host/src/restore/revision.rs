//! Loads revisions from the state directory.
//!
//! Tests: `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::state;
use crate::Result;
use crate::capability::Enforcement;
use crate::code_cache::Stop;
use crate::deployment::{Kept, Named};
use crate::link::{Bound, Links};
use crate::revision::{Approved, Draft, Revision};
use crate::runtime::Runtime;
use crate::state::{RevisionRecord, State};
use crate::{Error, ErrorKind};

/// Returns a retained revision to roll back to. Loads it on a blocking thread if it is only stored.
pub(crate) async fn ready(named: &Arc<Named>, kept: Kept) -> Result<Arc<Revision>> {
    let stored = match kept {
        Kept::Ready(revision) => return Ok(revision),
        Kept::Stored(stored) => stored,
    };
    let (aside, named) = (named.runtime.aside.clone(), Arc::clone(named));
    // Loading compiles if the compiled code is gone.
    let load = move || {
        let revision = load(
            &named.runtime,
            &*state(&named.runtime)?,
            &named.name,
            &stored,
        )?;
        // Applies past revocations, and registers it for future ones.
        named
            .authorization
            .add(&revision.authority, &revision.rooms, 0);
        Ok(revision)
    };
    aside.compile(load).await
}

/// Loads a revision; its links are not resolved yet. Blocks, and compiles if the compiled code is
/// gone.
pub(super) fn load(
    runtime: &Arc<Runtime>,
    state: &State,
    name: &ComponentName,
    stored: &RevisionRecord,
) -> Result<Arc<Revision>> {
    let component = state.component(&stored.component)?;
    let mut draft = Draft {
        name: name.clone(),
        number: stored.number,
        grants: stored.grants()?,
        lifted: stored.lifted()?,
        enforcement: if stored.audit_only {
            Enforcement::AuditOnly
        } else {
            Enforcement::Enforced
        },
        approved: Approved::Before,
        said: Bound::new(),
        bound: Bound::new(),
        links: Arc::new(Links::unresolved(stored.bound()?)),
        console: None,
        data: runtime.data.clone(),
        powers: None,
        instancing: stored.instancing,
        limits: stored.limits.clone(),
        component,
    };
    draft.open(runtime)?;
    let program = runtime.program(&draft.component, &draft.limits, &Stop::default())?;
    let revision = draft.with_program(runtime, program);
    revision
        .map(Arc::new)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "a revision has no open capabilities"))
}
