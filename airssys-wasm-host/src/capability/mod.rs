//! Capabilities: everything a component can reach outside itself, with a folder for each.
//!
//! | file or folder | contents |
//! |---|---|
//! | `contract` | what each capability implements |
//! | `baseline` | what every component may use: streams, clocks, random numbers, output |
//! | `files` | files, through directories opened at deploy |
//! | `http` | outgoing HTTP requests |
//! | `sockets` | TCP, UDP, and name lookup |
//! | `environment`, `config`, `secrets` | values by name |
//! | `logging` | `wasi:logging` |
//! | `custom`, `provided` | capabilities of the embedder, and their linking |
//! | `authority`, `authorization` | what a revision may do, and what its deployment was granted |
//! | `open` | the state of all capabilities for a revision and its instances |
//! | `bindings` | bindings generated from `wit`, for interfaces that wasmtime does not have |
//! | `blocking_slots`, `descriptor`, `stream`, `resolver` | what several capabilities share |
//! | `grants_file` | grants in a file of the embedder |
//!
//! Each capability asks the authority before it acts, and checks what it has opened again after a
//! revocation. `CONTRIBUTING.md` lists everything that a new one needs.
//! Tests: `tests/suite/capabilities`, `tests/attacks`.

mod authority;
mod authorization;
mod baseline;
mod bindings;
mod blocking_slots;
mod config;
mod contract;
mod custom;
mod descriptor;
mod environment;
mod files;
mod grants_file;
mod http;
mod logging;
mod open;
mod provided;
mod resolver;
mod secrets;
mod sockets;
mod stream;

use wasmtime::component::Linker;

pub(crate) use authority::{Authority, Permit};
pub(crate) use authorization::Authorization;
pub use baseline::Console;
use baseline::InstanceBaseline;
pub(crate) use baseline::{InstanceOutput, Printer};
pub(crate) use blocking_slots::BlockingSlots;
pub(crate) use contract::{Caller, InstanceOpening, RevisionOpening};
pub use custom::{NotAllowed, Provider};
pub use grants_file::{read_grants, write_grants};
pub(crate) use http::Connector;
#[cfg(feature = "http")]
pub(crate) use http::view as http_view;
pub(crate) use open::{CapabilitySettings, InstanceCapabilities, OpenCapabilities};
pub(crate) use provided::{LinkedProvider, Providers, provides, provides_function};
pub use resolver::Resolver;
pub(crate) use secrets::NoSecrets;
pub use secrets::SecretStore;

use crate::engine::Profile;
use crate::instance::InstanceState;
use contract::{AnyCapability, ErasedCapability};

/// Every capability, in the order in which its state is opened. The last ones are found first in
/// the slots of an instance: each call uses the baseline, and each HTTP request uses HTTP often.
const CAPABILITIES: &[&dyn AnyCapability] = &[
    &ErasedCapability::<files::Files>::NEW,
    &ErasedCapability::<environment::Environment>::NEW,
    &ErasedCapability::<sockets::Sockets>::NEW,
    &ErasedCapability::<config::Config>::NEW,
    &ErasedCapability::<secrets::Secrets>::NEW,
    &ErasedCapability::<logging::GuestLogging>::NEW,
    &ErasedCapability::<http::OutgoingHttp>::NEW,
    &ErasedCapability::<baseline::Baseline>::NEW,
];

/// Returns the output of an instance.
pub(crate) fn output(state: &InstanceState) -> &InstanceOutput {
    &state.slot::<InstanceBaseline>().output
}

/// Prints the lines that the current call has left unfinished.
#[inline]
pub(crate) fn end_output(state: &InstanceState) {
    // The output itself is often not in the cache.
    if state.has_unfinished_line() {
        output(state).end_call();
    }
}

/// Returns `true` if a capability links an interface.
pub(crate) fn links_interface(path: &str) -> bool {
    let interfaces = CAPABILITIES
        .iter()
        .flat_map(|capability| capability.interfaces());
    interfaces.into_iter().any(|linked| *linked == path)
}

/// Links the interfaces that the host itself provides.
pub(crate) fn link(linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()> {
    CAPABILITIES
        .iter()
        .try_for_each(|capability| capability.link(linker, profile))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use airssys_wasm_core::interfaces::{INTERFACES, InterfaceVersions};

    use super::*;

    #[test]
    fn every_provided_interface_belongs_to_one_capability() {
        let linked: Vec<&str> = CAPABILITIES
            .iter()
            .flat_map(|capability| capability.interfaces().iter().copied())
            .collect();
        let unique: BTreeSet<&str> = linked.iter().copied().collect();
        assert_eq!(
            linked.len(),
            unique.len(),
            "two capabilities link an interface"
        );
        let known = INTERFACES
            .iter()
            .filter(|known| known.versions != InterfaceVersions::Unprovided);
        assert_eq!(unique, known.map(|known| known.path).collect());
    }
}
