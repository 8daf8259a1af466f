//! The resources that a revision's capabilities use, opened when it is deployed.
//!
//! Tests: `tests/suite/capabilities`.

use std::sync::Arc;

use airssys_wasm_core::policy::Policy;

use super::blocking::BlockingOperations;
use super::config::{self, Values};
use super::environment::{self, Variables};
use super::files::Roots;
use super::http::{ConnectionPool, Connector};
use super::resolver::{Resolver, SystemResolver};
use super::secrets::SecretStore;
use crate::Result;
use crate::budget::DeploymentShare;

/// The open capabilities of a revision, shared by its instances.
pub(crate) struct OpenCapabilities {
    /// The slots for operations that may block.
    pub(crate) blocking: BlockingOperations,
    /// The share of the budget that descriptors are taken from.
    pub(crate) share: Arc<DeploymentShare>,
    pub(crate) files: Roots,
    pub(crate) environment: Variables,
    pub(crate) config: Values,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) connections: Arc<ConnectionPool>,
}

/// The embedder's settings for the capabilities of all deployments.
pub(crate) struct CapabilitySettings {
    pub(crate) secrets: Arc<dyn SecretStore>,
    /// `None` for the system's resolver.
    pub(crate) resolver: Option<Arc<dyn Resolver>>,
    pub(crate) connector: Arc<Connector>,
}

impl OpenCapabilities {
    /// Opens the resources that the grants name.
    ///
    /// # Errors
    ///
    /// [`GrantUnusable`](crate::ErrorKind::GrantUnusable) if a grant cannot be applied on this
    /// machine.
    pub(crate) fn open(
        policy: &Policy,
        suppliers: &CapabilitySettings,
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
