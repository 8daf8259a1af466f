//! Opens sockets only for instances that may use one, and ends their streams with the grant.
//!
//! wasmtime's functions do the work. The functions here shadow the few that return a socket or a
//! stream.
//! Tests: `tests/attacks`, `tests/suite/capabilities/revoke.rs`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use airssys_wasm_core::policy::{Operation, SocketAccess};
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::tcp::HostTcpSocket;
use wasmtime_wasi::p2::bindings::sockets::udp::HostUdpSocket;
use wasmtime_wasi::p2::bindings::sockets::{network, tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, SocketError, SocketResult, TcpSocket, UdpSocket,
};

use super::view::{SocketsView, view};
use crate::budget::BudgetLease;
use crate::capability::Permit;
use crate::capability::descriptor::take_descriptor;
use crate::capability::stream::{ReadWait, guard_input, guard_output};
use crate::instance::InstanceState;

/// An interface whose functions are shadowed, in the version that wasmtime links.
const TCP: &str = "wasi:sockets/tcp@0.2.12";
const UDP: &str = "wasi:sockets/udp@0.2.12";

/// The placeholder for the address of a socket that has none yet.
const NO_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

type ConnectionStreams = (Resource<DynInputStream>, Resource<DynOutputStream>);
type AcceptedConnection = (
    Resource<TcpSocket>,
    Resource<DynInputStream>,
    Resource<DynOutputStream>,
);

/// Shadows wasmtime's functions, which must be linked already.
pub(super) fn shadow_wasmtime(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut tcp = linker.instance(TCP)?;
    tcp.func_wrap(
        "[method]tcp-socket.finish-connect",
        |mut store, (socket,): (Resource<TcpSocket>,)| {
            let outcome = view(store.data_mut()).finish_connect(socket);
            Ok((split_error(outcome)?,))
        },
    )?;
    tcp.func_wrap(
        "[method]tcp-socket.accept",
        |mut store, (socket,): (Resource<TcpSocket>,)| {
            let outcome = view(store.data_mut()).accept(socket);
            Ok((split_error(outcome)?,))
        },
    )?;
    tcp.resource(
        "tcp-socket",
        ResourceType::host::<TcpSocket>(),
        |mut store, rep| {
            let mut sockets = view(store.data_mut());
            HostTcpSocket::drop(&mut sockets.inner(), Resource::new_own(rep))?;
            sockets.leases.remove(&rep);
            Ok(())
        },
    )?;
    let mut udp = linker.instance(UDP)?;
    udp.resource(
        "udp-socket",
        ResourceType::host::<UdpSocket>(),
        |mut store, rep| {
            let mut sockets = view(store.data_mut());
            HostUdpSocket::drop(&mut sockets.inner(), Resource::new_own(rep))?;
            sockets.leases.remove(&rep);
            Ok(())
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Separates error codes for the guest from traps.
fn split_error<T>(outcome: SocketResult<T>) -> wasmtime::Result<Result<T, ErrorCode>> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error) => error.downcast().map(Err),
    }
}

impl SocketsView<'_> {
    fn finish_connect(&mut self, socket: Resource<TcpSocket>) -> SocketResult<ConnectionStreams> {
        let same = Resource::new_borrow(socket.rep());
        let (input, output) = self.inner().finish_connect(socket)?;
        let address: SocketAddr = HostTcpSocket::remote_address(&mut self.inner(), same)?.into();
        self.guard_streams(SocketAccess::TcpConnect, address, &input, &output)?;
        Ok((input, output))
    }

    fn accept(&mut self, socket: Resource<TcpSocket>) -> SocketResult<AcceptedConnection> {
        let lease = self.take_lease(SocketAccess::TcpAccept)?;
        let (accepted, input, output) = self.inner().accept(socket)?;
        self.leases.insert(accepted.rep(), lease);
        let same = Resource::new_borrow(accepted.rep());
        let address: SocketAddr = HostTcpSocket::remote_address(&mut self.inner(), same)?.into();
        self.guard_streams(SocketAccess::TcpAccept, address, &input, &output)?;
        Ok((accepted, input, output))
    }

    /// Guards the streams of a connection. Checks again that it is allowed, because the grant may
    /// have been revoked since it was started.
    fn guard_streams(
        &mut self,
        access: SocketAccess,
        address: SocketAddr,
        input: &Resource<DynInputStream>,
        output: &Resource<DynOutputStream>,
    ) -> SocketResult<()> {
        let names = self.network.names_of(address.ip().to_canonical());
        let permit = self.authorize(access, address, names)?;
        guard_input(
            self.table,
            input,
            self.authority,
            permit.clone(),
            self.call,
            ReadWait::Unlimited,
        )
        .map_err(SocketError::trap)?;
        guard_output(self.table, output, self.authority, permit, self.call)
            .map_err(SocketError::trap)
    }

    fn authorize(
        &self,
        access: SocketAccess,
        address: SocketAddr,
        names: Vec<String>,
    ) -> SocketResult<Permit> {
        let operation = Operation::Socket {
            access,
            address,
            names,
        };
        self.authority
            .ask(operation, self.call)
            .map_err(|_| ErrorCode::AccessDenied.into())
    }

    /// Takes a descriptor for a socket.
    fn take_lease(&self, access: SocketAccess) -> SocketResult<BudgetLease> {
        let operation = Operation::Socket {
            access,
            address: NO_ADDRESS,
            names: Vec::new(),
        };
        let lease = take_descriptor(&self.revision.share, self.authority, &operation, self.call);
        lease.ok_or_else(|| ErrorCode::NewSocketLimit.into())
    }

    /// Fails unless some use of a socket is granted.
    fn check_may_open(&self, access: SocketAccess) -> SocketResult<()> {
        self.authorize(access, NO_ADDRESS, Vec::new()).map(drop)
    }
}

impl network::Host for SocketsView<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        self.inner().convert_error_code(error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.inner().network_error_code(error)
    }
}

impl network::HostNetwork for SocketsView<'_> {
    fn drop(&mut self, network: Resource<network::Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.inner(), network)
    }
}

impl tcp_create_socket::Host for SocketsView<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.check_may_open(SocketAccess::TcpOpen)?;
        let lease = self.take_lease(SocketAccess::TcpOpen)?;
        let socket = self.inner().create_tcp_socket(family)?;
        self.leases.insert(socket.rep(), lease);
        Ok(socket)
    }
}

impl udp_create_socket::Host for SocketsView<'_> {
    async fn create_udp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> SocketResult<Resource<UdpSocket>> {
        self.check_may_open(SocketAccess::UdpOpen)?;
        let lease = self.take_lease(SocketAccess::UdpOpen)?;
        let socket = self.inner().create_udp_socket(family).await?;
        self.leases.insert(socket.rep(), lease);
        Ok(socket)
    }
}
