//! The embedder's store of secrets.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use std::future::Future;
use std::io;
use std::pin::Pin;

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
