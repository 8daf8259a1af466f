//! `wasi:sockets/ip-name-lookup`: resolves granted names, and records their addresses.
//!
//! A name that may not be looked up is never sent to a resolver, because the query alone would
//! carry information out.
//! Tests: `tests/attacks`.

use std::net::IpAddr;
use std::sync::Arc;
use std::vec;

use airssys_wasm_core::policy::{DenialReason, HttpHost, HttpTarget, Operation};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, subscribe};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;

use super::network::InstanceNetwork;
use super::view::SocketsView;
use crate::capability::bindings::ip_name_lookup::{Host, HostResolveAddressStream};

/// The result of a lookup, pending or complete. Public, because the generated bindings require it.
#[allow(unreachable_pub, reason = "generated bindings re-export it")]
pub enum AddressLookup {
    Pending(AbortOnDropJoinHandle<Result<Vec<IpAddr>, ErrorCode>>),
    Resolved(Result<vec::IntoIter<IpAddr>, ErrorCode>),
}

#[wasmtime_wasi::async_trait]
impl Pollable for AddressLookup {
    async fn ready(&mut self) {
        if let Self::Pending(answer) = self {
            *self = Self::Resolved(answer.await.map(Vec::into_iter));
        }
    }
}

impl Host for SocketsView<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Result<Resource<AddressLookup>, SocketError> {
        self.table.get(&network)?;
        let Some(host) = parse_host(&name) else {
            let reason = DenialReason::Malformed {
                problem: "is not a name that can be looked up".into(),
            };
            self.authority
                .refuse(&Operation::Lookup { name }, reason, self.call);
            return Err(ErrorCode::InvalidArgument.into());
        };
        let answer = match host {
            HttpHost::Address(address) => AddressLookup::Resolved(Ok(vec![address].into_iter())),
            HttpHost::Name(name) => {
                let operation = Operation::Lookup { name: name.clone() };
                let mut permit = self
                    .authority
                    .ask(operation, self.call)
                    .map_err(|_| ErrorCode::AccessDenied)?;
                let resolving = self.revision.resolver.resolve(&name);
                let resolving = resolve_and_record(Arc::clone(self.network), name, resolving);
                let (authority, call) = (Arc::clone(self.authority), self.call);
                AddressLookup::Pending(wasmtime_wasi::runtime::spawn(async move {
                    tokio::select! {
                        biased;
                        // The lookup may still wait for a slot.
                        () = authority.until_denied(&mut permit, call) => Err(ErrorCode::AccessDenied),
                        addresses = resolving => addresses,
                    }
                }))
            }
        };
        Ok(self.table.push(answer)?)
    }
}

async fn resolve_and_record(
    network: Arc<InstanceNetwork>,
    name: String,
    resolving: impl Future<Output = std::io::Result<Vec<IpAddr>>>,
) -> Result<Vec<IpAddr>, ErrorCode> {
    let addresses: Vec<IpAddr> = match resolving.await {
        Ok(addresses) => addresses
            .into_iter()
            .map(|address| address.to_canonical())
            .collect(),
        Err(_) => return Err(ErrorCode::NameUnresolvable),
    };
    if addresses.is_empty() {
        return Err(ErrorCode::NameUnresolvable);
    }
    if network.record_addresses(&name, &addresses) {
        Ok(addresses)
    } else {
        Err(ErrorCode::NewSocketLimit)
    }
}

/// Parses a host name with the URL parser, the only parser of hosts.
fn parse_host(name: &str) -> Option<HttpHost> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(HttpHost::Address(address.to_canonical()));
    }
    if name.contains(['/', '?', '@', ':', '[', '%']) {
        return None;
    }
    HttpTarget::parse("GET", &format!("http://{name}/"))
        .ok()
        .map(|target| target.host)
}

impl HostResolveAddressStream for SocketsView<'_> {
    fn resolve_next_address(
        &mut self,
        answer: Resource<AddressLookup>,
    ) -> Result<Option<IpAddress>, SocketError> {
        let answer = self.table.get_mut(&answer)?;
        if let AddressLookup::Pending(asked) = answer {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            match std::pin::Pin::new(asked).poll(&mut context) {
                std::task::Poll::Ready(addresses) => {
                    *answer = AddressLookup::Resolved(addresses.map(Vec::into_iter))
                }
                std::task::Poll::Pending => return Err(ErrorCode::WouldBlock.into()),
            }
        }
        match answer {
            AddressLookup::Resolved(Ok(addresses)) => Ok(addresses.next().map(Into::into)),
            AddressLookup::Resolved(Err(code)) => Err((*code).into()),
            AddressLookup::Pending(_) => Err(ErrorCode::WouldBlock.into()),
        }
    }

    fn subscribe(
        &mut self,
        answer: Resource<AddressLookup>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, answer)
    }

    fn drop(&mut self, answer: Resource<AddressLookup>) -> wasmtime::Result<()> {
        self.table.delete(answer)?;
        Ok(())
    }
}
