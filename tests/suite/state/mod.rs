//! A host that comes back with what it had. A process that is killed has tests of its own, in
//! the command's crate.

mod damage;
mod links;
mod lock;
mod packages;
mod pipelines;
mod restart;
mod retention;

use std::path::Path;

use airssys_wasm_host::{Host, HostBuilder};
use tempfile::TempDir;

/// A directory for the state of a host.
fn place() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn builder(place: &Path) -> HostBuilder {
    crate::watchdog::start();
    Host::builder()
        .pooled_instances_max(50)
        .state_directory(place.join("state"))
}

/// A host with what is kept in a directory.
fn host(place: &Path) -> Host {
    builder(place).build().expect("a host")
}

/// How many components' bytes are kept.
fn blobs(place: &Path) -> usize {
    std::fs::read_dir(place.join("state/components/blobs/sha256"))
        .expect("a store")
        .count()
}
