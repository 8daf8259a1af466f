//! The state that the sockets of a revision share.
//!
//! Tests: `tests/attacks`.

use std::sync::Arc;

use crate::budget::DeploymentShare;
use crate::capability::Resolver;
use crate::capability::contract::RevisionOpening;

/// The resolver of names, and the budget of descriptors.
pub(in crate::capability) struct SocketsState {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) share: Arc<DeploymentShare>,
}

impl SocketsState {
    pub(super) fn open(opening: &RevisionOpening<'_>) -> Self {
        Self {
            resolver: opening.resolver(),
            share: Arc::clone(opening.share),
        }
    }
}
