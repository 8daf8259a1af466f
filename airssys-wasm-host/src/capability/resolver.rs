//! Resolves host names to addresses, once for each use.
//!
//! Tests: `tests/attacks`.

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;

use super::blocking_slots::BlockingSlots;

/// A resolver of host names, for embedders who replace the system's.
pub trait Resolver: Send + Sync + 'static {
    /// Returns the addresses of a name, which is given in lower case and in ASCII.
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The default: the system's resolver. Each lookup takes a slot for blocking operations of the
/// deployment.
pub(crate) struct SystemResolver {
    blocking_slots: BlockingSlots,
}

impl SystemResolver {
    pub(crate) fn new(blocking_slots: BlockingSlots) -> Self {
        Self { blocking_slots }
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let (name, slots) = (name.to_owned(), self.blocking_slots.clone());
        Box::pin(async move {
            let lookup = move || (name, 0).to_socket_addrs();
            let found = slots.run(lookup).await.map_err(io::Error::other)??;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
