//! Checks addresses before they are used: of each connection, each local address, and each
//! datagram.
//!
//! Tests: `tests/attacks`.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use airssys_wasm_core::policy::{Operation, SocketAccess};
use wasmtime_wasi::sockets::SocketAddrUse;

use super::network::InstanceNetwork;
use crate::capability::contract::Caller;

pub(super) type CheckFuture = Pin<Box<dyn Future<Output = bool> + Send + Sync>>;

/// Returns the address check of an instance.
pub(super) fn address_check(
    caller: Caller,
    network: Arc<InstanceNetwork>,
) -> impl Fn(SocketAddr, SocketAddrUse) -> CheckFuture + Send + Sync + 'static {
    move |address, what| {
        let allowed = check(&caller, &network, address, what);
        Box::pin(std::future::ready(allowed))
    }
}

fn check(
    caller: &Caller,
    network: &InstanceNetwork,
    address: SocketAddr,
    what: SocketAddrUse,
) -> bool {
    let access = socket_access(what);
    let operation = |access| Operation::Socket {
        access,
        address,
        names: network.names_of(canonical_ip(address)),
    };
    let asked = operation(access);
    // A peer that was allowed to send a datagram may be answered.
    let answers = access == SocketAccess::UdpSend
        && network.has_peer(address)
        && !caller.authority.would_allow(&asked);
    let asked = if answers {
        operation(SocketAccess::UdpReceive)
    } else {
        asked
    };
    let allowed = caller.authority.ask(asked, caller.call()).is_ok();
    if allowed && access == SocketAccess::UdpReceive {
        network.record_peer(address);
    }
    allowed
}

/// Returns the address as it is recorded: an IPv4-mapped IPv6 address counts as IPv4.
fn canonical_ip(address: SocketAddr) -> std::net::IpAddr {
    address.ip().to_canonical()
}

fn socket_access(what: SocketAddrUse) -> SocketAccess {
    match what {
        SocketAddrUse::TcpBind => SocketAccess::TcpBind,
        SocketAddrUse::TcpListen => SocketAccess::TcpListen,
        SocketAddrUse::TcpAccept => SocketAccess::TcpAccept,
        SocketAddrUse::TcpConnect => SocketAccess::TcpConnect,
        SocketAddrUse::UdpBind => SocketAccess::UdpBind,
        SocketAddrUse::UdpSend => SocketAccess::UdpSend,
        SocketAddrUse::UdpReceive => SocketAccess::UdpReceive,
    }
}
