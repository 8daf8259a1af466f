//! The state that the requests of a revision share.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::sync::Arc;

use super::connect::Connector;
use super::idle_connections::IdleConnections;
use crate::budget::DeploymentShare;
use crate::capability::Resolver;
use crate::capability::contract::RevisionOpening;
use crate::clock::Clock;

/// Idle connections, and the means to open others.
pub(in crate::capability) struct OutgoingHttpState {
    pub(super) idle_connections: Arc<IdleConnections>,
    pub(super) connector: Arc<Connector>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) share: Arc<DeploymentShare>,
    pub(super) clock: Arc<Clock>,
}

impl OutgoingHttpState {
    pub(super) fn open(opening: &RevisionOpening<'_>) -> Self {
        Self {
            idle_connections: Arc::default(),
            connector: Arc::clone(&opening.settings.connector),
            resolver: opening.resolver(),
            share: Arc::clone(opening.share),
            clock: Arc::clone(opening.clock),
        }
    }
}
