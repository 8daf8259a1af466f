//! The interfaces that have a meaning of their own: those of WASI, and ours.
//!
//! The only table of them. Policies, pipelines and the host's linker read it. A new capability has
//! a row for each of its interfaces.
//!
//! Tests: in this file, `airssys-wasm-host/src/capability/mod.rs`.

use crate::CapabilityKind;

/// An interface by its path, without a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownInterface {
    /// The path, such as `wasi:http/types`.
    pub path: &'static str,
    /// The versions in which a host can provide it.
    pub versions: InterfaceVersions,
    /// The kinds of capabilities that it gives access to.
    pub kinds: &'static [CapabilityKind],
    /// The effect that a component can have through it.
    pub effect: InterfaceEffect,
}

/// The versions of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceVersions {
    /// WASI 0.2, in any patch version.
    Wasi02,
    /// WASI 0.3, in any patch version.
    Wasi03,
    /// WASI 0.2 and 0.3.
    Wasi02And03,
    /// One version alone, of an interface that is not stable.
    Exactly(&'static str),
    /// None: the interface is known, but only an embedder can provide it.
    Unprovided,
}

impl InterfaceVersions {
    /// Returns `true` if a stable version of WASI, such as 0.2, is among them.
    #[must_use]
    pub fn include_wasi(self, major: u64, minor: u64) -> bool {
        match (major, minor) {
            (0, 2) => matches!(self, Self::Wasi02 | Self::Wasi02And03),
            (0, 3) => matches!(self, Self::Wasi03 | Self::Wasi02And03),
            _ => false,
        }
    }
}

/// The effect that a component can have through an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceEffect {
    /// None that reaches another component: a stage that imports only such interfaces can be
    /// fused with others.
    Contained,
    /// Reaches the world outside the component.
    Outside,
}

use CapabilityKind::{
    Clock, Config, Dns, Env, FileRead, FileWrite, Http, Messaging, NetworkInbound, NetworkOutbound,
    Secret, Store, Tcp, Udp,
};
use InterfaceEffect::{Contained, Outside};
use InterfaceVersions::{Exactly, Unprovided, Wasi02, Wasi02And03, Wasi03};

/// The version of WASI 0.2 up to which interfaces are provided.
pub const WASI_02_VERSION: &str = "0.2.12";

/// Every known interface, in the order of their paths.
pub const INTERFACES: [KnownInterface; 38] = [
    row(
        "airssys:secrets/store",
        Exactly("0.1.0"),
        &[Secret],
        Outside,
    ),
    row("wasi:cli/environment", Wasi02, &[Env], Contained),
    row("wasi:cli/exit", Wasi02, &[], Contained),
    row("wasi:cli/stderr", Wasi02And03, &[], Contained),
    row("wasi:cli/stdin", Wasi02And03, &[], Contained),
    row("wasi:cli/stdout", Wasi02And03, &[], Contained),
    row("wasi:cli/terminal-input", Wasi02, &[], Contained),
    row("wasi:cli/terminal-output", Wasi02, &[], Contained),
    row("wasi:cli/terminal-stderr", Wasi02, &[], Contained),
    row("wasi:cli/terminal-stdin", Wasi02, &[], Contained),
    row("wasi:cli/terminal-stdout", Wasi02, &[], Contained),
    row("wasi:cli/types", Wasi03, &[], Outside),
    row(
        "wasi:clocks/monotonic-clock",
        Wasi02And03,
        &[Clock],
        Contained,
    ),
    row("wasi:clocks/system-clock", Wasi03, &[Clock], Contained),
    row("wasi:clocks/types", Wasi03, &[], Contained),
    row("wasi:clocks/wall-clock", Wasi02, &[Clock], Contained),
    row(
        "wasi:config/store",
        Exactly("0.2.0-rc.1"),
        &[Config],
        Outside,
    ),
    row(
        "wasi:filesystem/preopens",
        Wasi02,
        &[FileRead, FileWrite],
        Outside,
    ),
    row("wasi:filesystem/types", Wasi02, &[], Outside),
    row("wasi:http/client", Wasi03, &[Http], Outside),
    row("wasi:http/outgoing-handler", Wasi02, &[Http], Outside),
    row("wasi:http/types", Wasi02And03, &[], Outside),
    row("wasi:io/error", Wasi02, &[], Contained),
    row("wasi:io/poll", Wasi02, &[], Contained),
    row("wasi:io/streams", Wasi02, &[], Contained),
    row("wasi:keyvalue/store", Unprovided, &[Store], Outside),
    row("wasi:logging/logging", Exactly("0.1.0-draft"), &[], Outside),
    row("wasi:messaging/producer", Unprovided, &[Messaging], Outside),
    row("wasi:random/insecure", Wasi02And03, &[], Contained),
    row("wasi:random/insecure-seed", Wasi02And03, &[], Contained),
    row("wasi:random/random", Wasi02And03, &[], Contained),
    row("wasi:sockets/instance-network", Wasi02, &[], Outside),
    row("wasi:sockets/ip-name-lookup", Wasi02, &[Dns], Outside),
    row("wasi:sockets/network", Wasi02, &[], Outside),
    row(
        "wasi:sockets/tcp",
        Wasi02,
        &[Tcp, NetworkInbound, NetworkOutbound],
        Outside,
    ),
    row("wasi:sockets/tcp-create-socket", Wasi02, &[], Outside),
    row(
        "wasi:sockets/udp",
        Wasi02,
        &[Udp, NetworkInbound, NetworkOutbound],
        Outside,
    ),
    row("wasi:sockets/udp-create-socket", Wasi02, &[], Outside),
];

const fn row(
    path: &'static str,
    versions: InterfaceVersions,
    kinds: &'static [CapabilityKind],
    effect: InterfaceEffect,
) -> KnownInterface {
    KnownInterface {
        path,
        versions,
        kinds,
        effect,
    }
}

/// Returns the row of an interface.
#[must_use]
pub fn known_interface(path: &str) -> Option<&'static KnownInterface> {
    let place = INTERFACES
        .binary_search_by(|known| known.path.cmp(path))
        .ok()?;
    INTERFACES.get(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_unique() {
        assert!(INTERFACES.is_sorted_by(|one, next| one.path < next.path));
    }
}
