//! Deployments that are restored when a host starts again. A killed process is tested in
//! `airssys-wasm-cli/tests`.

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

/// Creates a directory for the state of a host.
fn temp_directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn builder(place: &Path) -> HostBuilder {
    crate::watchdog::start();
    Host::builder()
        .pooled_instances_max(50)
        .state_directory(place.join("state"))
}

/// Builds a host on the state in a directory.
fn host(place: &Path) -> Host {
    builder(place).build().expect("a host")
}

/// Returns the number of stored blobs.
fn blobs(place: &Path) -> usize {
    std::fs::read_dir(place.join("state/components/blobs/sha256"))
        .expect("a store")
        .count()
}
