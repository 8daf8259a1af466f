//! What the rooms hold for one revision, made ready when it is deployed.
//!
//! Tests: through the rooms.

use std::sync::Arc;

use airssys_wasm_core::policy::Policy;

use super::blocking::BlockingOperations;
use super::config::{self, Values};
use super::environment::{self, Variables};
use super::files::Roots;
use super::http::{Connector, Pool};
use super::resolver::{Resolver, SystemResolver};
use super::secrets::SecretStore;
use crate::Result;
use crate::budget::DeploymentShare;

/// Shared by the instances of a revision.
pub(crate) struct Rooms {
    /// What every operation that may block takes a place of.
    pub(crate) blocking: BlockingOperations,
    /// What its descriptors are taken from.
    pub(crate) share: Arc<DeploymentShare>,
    pub(crate) files: Roots,
    pub(crate) environment: Variables,
    pub(crate) config: Values,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) connections: Arc<Pool>,
}

/// What the embedder said once for all deployments.
pub(crate) struct Suppliers {
    pub(crate) secrets: Arc<dyn SecretStore>,
    /// None: the system's.
    pub(crate) resolver: Option<Arc<dyn Resolver>>,
    pub(crate) connector: Arc<Connector>,
}

impl Rooms {
    /// Opens what the grants name.
    ///
    /// # Errors
    ///
    /// [`GrantUnusable`](crate::ErrorKind::GrantUnusable).
    pub(crate) fn open(
        policy: &Policy,
        suppliers: &Suppliers,
        share: Arc<DeploymentShare>,
        blocking: BlockingOperations,
    ) -> Result<Self> {
        let resolver = suppliers.resolver.clone();
        Ok(Self {
            files: Roots::open(policy)?,
            environment: environment::read_ambient(policy)?,
            config: config::read(policy)?,
            secrets: Arc::clone(&suppliers.secrets),
            resolver: resolver.unwrap_or_else(|| Arc::new(SystemResolver::new(blocking.clone()))),
            connector: Arc::clone(&suppliers.connector),
            connections: Arc::default(),
            blocking,
            share,
        })
    }
}
