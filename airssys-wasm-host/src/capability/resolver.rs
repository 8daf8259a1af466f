//! From names to addresses: asked once for each use, by the host.
//!
//! Tests: the workspace's `tests/attacks`, with a resolver of their own.

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;

use super::blocking::BlockingOperations;

/// Finds the addresses of names; for embedders who do not want the system's.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of a name, which is in lower case and in ASCII.
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The default: the system's resolver, whose lookups are blocking operations of a deployment.
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
