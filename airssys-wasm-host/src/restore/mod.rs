//! Restores deployments from the state directory.
//!
//! | file | purpose |
//! |---|---|
//! | `revision` | loads a revision |
//! | `linked` | restores deployments, those with links together |
//! | `sleeping` | a deployment until it is restored |
//!
//! A revision is loaded from its bytes and its compiled code. Decisions made when it was deployed
//! are not repeated; only its directories and the deployments it is linked to must still exist.
//!
//! Tests: `tests/suite/state`.

mod linked;
mod revision;
mod sleeping;

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

pub(crate) use linked::{RestoredDeployments, restore_linked, restore_together};
pub(crate) use revision::ensure_loaded;
pub(crate) use sleeping::{RestoreTurn, SleepingDeployment, SleepingDeployments};

use crate::capability::Authorization;
use crate::deployment::{ActiveRevision, DeploymentEntry, History};
use crate::services::HostServices;
use crate::state::{DeploymentRecord, StateDirectory};
use crate::{Error, ErrorKind, Result};

/// Restores a deployment with the revision that was active. Its links are not resolved yet. Blocks.
fn restore_deployment(
    services: &Arc<HostServices>,
    name: &ComponentName,
    record: &DeploymentRecord,
) -> Result<Arc<DeploymentEntry>> {
    let state = &*state(services)?;
    let revisions = record.revisions.iter();
    let needed =
        revisions.filter(|stored| stored.number == record.active || !stored.linked.is_empty());
    let ready = needed
        .map(|stored| revision::load_revision(services, state, name, stored))
        .collect::<Result<Vec<_>>>()?;
    let active = ready
        .iter()
        .find(|revision| revision.number == record.active);
    let active = active.ok_or_else(|| damaged_error(&"its active revision is missing"))?;
    let waiting = record
        .waiting
        .as_ref()
        .map(|waiting| state.component(waiting))
        .transpose()?;
    let authorization = Authorization::restored(waiting);
    for revision in ready
        .iter()
        .filter(|revision| revision.number != record.active)
    {
        authorization.add_revision(&revision.authority, &revision.open_capabilities, 0);
    }
    let history = History::from_record(record, &ready, services.revisions_kept);
    let active = ActiveRevision::new(services, Arc::clone(active), None);
    Ok(Arc::new(DeploymentEntry::from_parts(
        Arc::clone(services),
        active,
        history,
        authorization,
        record.pipeline.clone(),
    )))
}

fn state(services: &HostServices) -> Result<Arc<StateDirectory>> {
    services
        .state()
        .ok_or_else(|| Error::new(ErrorKind::HostDropped, "the host has been dropped"))
}

fn damaged_error(problem: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::StateDamaged,
        format!("its record cannot be read: {problem}"),
    )
}
