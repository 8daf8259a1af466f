//! `airssys:secrets/store`: secrets by name, from whoever keeps them.
//!
//! A value passes through here and is kept nowhere: not in the state, not in the audit,
//! not in an error.
//! Tests: the workspace's `tests/suite/capabilities/values`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::Kind;
use airssys_wasm_core::policy::Operation;
use wasmtime::component::HasData;

use super::bindings::secrets::{Error, Host};
use super::{Authority, Rooms};
use crate::observe::CallId;

/// Keeps secrets; an embedder says who that is.
pub trait SecretStore: Send + Sync + 'static {
    /// The secret of this name, or none if there is none.
    fn secret(
        &self,
        name: &str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Option<String>>> + Send>>;
}

/// The default: there are no secrets.
pub(crate) struct NoSecrets;

impl SecretStore for NoSecrets {
    fn secret(&self, _: &str) -> Pin<Box<dyn Future<Output = io::Result<Option<String>>> + Send>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Marks this room's view for the linker.
pub(crate) struct Secrets;

/// The state of an instance, as this room sees it.
pub(crate) struct SecretsView<'a> {
    pub(crate) rooms: &'a Arc<Rooms>,
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) call: CallId,
}

impl HasData for Secrets {
    type Data<'a> = SecretsView<'a>;
}

impl Host for SecretsView<'_> {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        let operation = Operation::Named {
            kind: Kind::Secret,
            name: name.clone(),
        };
        if self.authority.ask(operation, self.call).is_err() {
            return Ok(Err(Error::Denied));
        }
        Ok(match self.rooms.secrets.secret(&name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(Error::Missing),
            Err(_) => Err(Error::Unavailable),
        })
    }
}
