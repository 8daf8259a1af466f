//! The state that the requests of a revision share.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::sync::Arc;

use super::Connector;
use super::pool::ConnectionPool;
use crate::budget::DeploymentShare;
use crate::capability::Resolver;
use crate::capability::contract::RevisionOpening;
use crate::clock::Clock;

/// Idle connections, and the means to open others.
pub(in crate::capability) struct OutgoingHttpState {
    pub(super) connections: Arc<ConnectionPool>,
    pub(super) connector: Arc<Connector>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) share: Arc<DeploymentShare>,
    pub(super) clock: Arc<Clock>,
}

impl OutgoingHttpState {
    pub(super) fn open(opening: &RevisionOpening<'_>) -> Self {
        Self {
            connections: Arc::default(),
            connector: Arc::clone(&opening.settings.connector),
            resolver: opening.resolver(),
            share: Arc::clone(opening.share),
            clock: Arc::clone(opening.clock),
        }
    }
}
