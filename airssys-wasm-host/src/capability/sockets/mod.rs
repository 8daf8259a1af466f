//! TCP, UDP, and name lookup.
//!
//! | file | contents |
//! |---|---|
//! | `open` | what a revision's sockets share |
//! | `view` | the part of an instance that the functions use |
//! | `network` | the addresses that an instance has resolved, by name |
//! | `check` | the check of each address before it is used |
//! | `lookup` | `wasi:sockets/ip-name-lookup`, for granted names only |
//! | `connect` | sockets within the budget of descriptors, and streams that end with the grant |
//!
//! A grant refers to names, but a connection leads to an address. The addresses that an instance
//! has resolved for a granted name are recorded, and belong to that name for as long as the
//! instance lives.
//! Tests: `tests/attacks`.

mod check;
mod connect;
mod lookup;
mod network;
mod open;
mod view;

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};

#[allow(unreachable_pub, reason = "generated bindings re-export it")]
pub use lookup::AddressLookup;
pub(super) use view::InstanceSockets;

use super::bindings::ip_name_lookup;
use super::contract::{Capability, InstanceOpening, RevisionOpening};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;
use open::SocketsState;

/// Sockets, and names that lead to addresses.
pub(super) struct Sockets;

impl Capability for Sockets {
    type Revision = SocketsState;
    type Instance = InstanceSockets;

    const INTERFACES: &'static [&'static str] = &[
        "wasi:sockets/instance-network",
        "wasi:sockets/ip-name-lookup",
        "wasi:sockets/network",
        "wasi:sockets/tcp",
        "wasi:sockets/tcp-create-socket",
        "wasi:sockets/udp",
        "wasi:sockets/udp-create-socket",
    ];

    fn open(opening: &RevisionOpening<'_>) -> Result<SocketsState> {
        Ok(SocketsState::open(opening))
    }

    fn start(revision: &Arc<SocketsState>, opening: &InstanceOpening<'_>) -> InstanceSockets {
        InstanceSockets::new(revision, &opening.caller)
    }

    fn link(linker: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
        let options = sockets::network::LinkOptions::default();
        sockets::network::add_to_linker::<_, WasiSockets>(
            linker,
            &options,
            InstanceState::sockets,
        )?;
        sockets::instance_network::add_to_linker::<_, WasiSockets>(linker, InstanceState::sockets)?;
        sockets::tcp::add_to_linker::<_, WasiSockets>(linker, InstanceState::sockets)?;
        sockets::udp::add_to_linker::<_, WasiSockets>(linker, InstanceState::sockets)?;
        sockets::tcp_create_socket::add_to_linker::<_, Self>(linker, view::view)?;
        sockets::udp_create_socket::add_to_linker::<_, Self>(linker, view::view)?;
        ip_name_lookup::add_to_linker::<_, Self>(linker, view::view)?;
        connect::shadow_wasmtime(linker)
    }
}
