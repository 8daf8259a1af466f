//! Resolves host names to addresses, once for each use.
//!
//! Tests: `tests/attacks`.

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;

use super::blocking::BlockingOperations;

/// A resolver of host names, for embedders who replace the system's.
pub trait Resolver: Send + Sync + 'static {
    /// Returns the addresses of a name, which is given in lower case and in ASCII.
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The default: the system's resolver. Each lookup is a blocking operation of the deployment.
pub(crate) struct SystemResolver {
    blocking: BlockingOperations,
}

impl SystemResolver {
    pub(crate) fn new(blocking: BlockingOperations) -> Self {
        Self { blocking }
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let (name, blocking) = (name.to_owned(), self.blocking.clone());
        Box::pin(async move {
            let lookup = move || (name, 0).to_socket_addrs();
            let found = blocking.run(lookup).await.map_err(io::Error::other)??;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
