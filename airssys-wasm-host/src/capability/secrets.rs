//! `airssys:secrets/store`: secrets by name, from the embedder's store.
//!
//! A value only passes through: it is not stored in the state, in the audit log, or in an error.
//! Tests: `tests/suite/capabilities/values.rs`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::Operation;
use wasmtime::component::HasData;

use super::bindings::secrets::{Error, Host};
use super::{Authority, OpenCapabilities};
use crate::observe::CallId;

/// A store of secrets, implemented by the embedder.
pub trait SecretStore: Send + Sync + 'static {
    /// Returns the secret of this name, or `None` if it does not exist.
    fn secret(
        &self,
        name: &str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Option<String>>> + Send>>;
}

/// The default store, which contains no secrets.
pub(crate) struct NoSecrets;

impl SecretStore for NoSecrets {
    fn secret(&self, _: &str) -> Pin<Box<dyn Future<Output = io::Result<Option<String>>> + Send>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// A marker type that selects [`SecretsView`] in the linker.
pub(crate) struct Secrets;

/// The parts of an instance's state that this capability uses.
pub(crate) struct SecretsView<'a> {
    pub(crate) capabilities: &'a Arc<OpenCapabilities>,
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) call: CallId,
}

impl HasData for Secrets {
    type Data<'a> = SecretsView<'a>;
}

impl Host for SecretsView<'_> {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        let operation = Operation::Named {
            kind: CapabilityKind::Secret,
            name: name.clone(),
        };
        if self.authority.ask(operation, self.call).is_err() {
            return Ok(Err(Error::Denied));
        }
        Ok(match self.capabilities.secrets.secret(&name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(Error::Missing),
            Err(_) => Err(Error::Unavailable),
        })
    }
}
