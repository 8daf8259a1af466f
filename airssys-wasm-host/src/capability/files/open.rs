//! The files of a revision: directories, opened when it is deployed.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use std::sync::Arc;

use super::roots::Roots;
use crate::Result;
use crate::budget::DeploymentShare;
use crate::capability::BlockingSlots;
use crate::capability::contract::RevisionOpening;

/// The granted directories, and the budgets of operations and descriptors.
pub(in crate::capability) struct FilesState {
    pub(super) roots: Roots,
    pub(super) blocking_slots: BlockingSlots,
    pub(super) share: Arc<DeploymentShare>,
}

impl FilesState {
    pub(super) fn open(opening: &RevisionOpening<'_>) -> Result<Self> {
        Ok(Self {
            roots: Roots::open(opening.policy)?,
            blocking_slots: opening.blocking_slots.clone(),
            share: Arc::clone(opening.share),
        })
    }
}
