//! The part of an instance that its sockets use.
//!
//! Tests: `tests/attacks`.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::sockets::{WasiSocketsCtx, WasiSocketsCtxView};

use super::Sockets;
use super::check::{self, CheckFuture};
use super::network::InstanceNetwork;
use super::open::SocketsState;
use crate::budget::BudgetLease;
use crate::capability::Authority;
use crate::capability::contract::Caller;
use crate::instance::InstanceState;
use crate::observe::CallId;

/// The sockets of an instance.
pub(in crate::capability) struct InstanceSockets {
    revision: Arc<SocketsState>,
    caller: Caller,
    network: Arc<InstanceNetwork>,
    /// The descriptors of open sockets, by their handles.
    leases: HashMap<u32, BudgetLease>,
}

impl InstanceSockets {
    pub(super) fn new(revision: &Arc<SocketsState>, caller: &Caller) -> Self {
        Self {
            revision: Arc::clone(revision),
            caller: caller.clone(),
            network: Arc::default(),
            leases: HashMap::new(),
        }
    }

    /// Returns the check that wasmtime calls before it uses an address.
    pub(in crate::capability) fn address_check(
        &self,
    ) -> impl Fn(std::net::SocketAddr, wasmtime_wasi::sockets::SocketAddrUse) -> CheckFuture
    + Send
    + Sync
    + 'static {
        check::address_check(self.caller.clone(), Arc::clone(&self.network))
    }
}

/// The part of an instance that this capability uses.
pub(super) fn view(state: &mut InstanceState) -> SocketsView<'_> {
    let (sockets, table, wasi) = state.slot_table_and_wasi::<InstanceSockets>();
    SocketsView {
        inner: wasi.sockets(),
        table,
        authority: &sockets.caller.authority,
        call: sockets.caller.call(),
        revision: &sockets.revision,
        network: &sockets.network,
        leases: &mut sockets.leases,
    }
}

pub(in crate::capability) struct SocketsView<'a> {
    pub(super) inner: &'a mut WasiSocketsCtx,
    pub(super) table: &'a mut ResourceTable,
    pub(super) authority: &'a Arc<Authority>,
    pub(super) call: CallId,
    pub(super) revision: &'a SocketsState,
    pub(super) network: &'a Arc<InstanceNetwork>,
    pub(super) leases: &'a mut HashMap<u32, BudgetLease>,
}

impl HasData for Sockets {
    type Data<'a> = SocketsView<'a>;
}

impl SocketsView<'_> {
    /// Returns wasmtime's own view, which does the work.
    pub(super) fn inner(&mut self) -> WasiSocketsCtxView<'_> {
        WasiSocketsCtxView {
            ctx: &mut *self.inner,
            table: &mut *self.table,
        }
    }
}
