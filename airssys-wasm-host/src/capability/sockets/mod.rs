//! TCP, UDP, and name lookup.
//!
//! | file | contents |
//! |---|---|
//! | `told` | the addresses that an instance has resolved, by name |
//! | `check` | the check of each address before it is used |
//! | `lookup` | `wasi:sockets/ip-name-lookup`, for granted names only |
//! | `open` | sockets within the budget of descriptors, and streams that end with the grant |
//!
//! A grant refers to names, but a connection leads to an address. The addresses that an instance
//! has resolved for a granted name are recorded, and belong to that name for as long as the
//! instance lives.
//! Tests: `tests/attacks`.

mod check;
mod lookup;
mod network;
mod open;

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::sockets::{WasiSocketsCtx, WasiSocketsCtxView};

pub(crate) use check::address_check;
#[allow(unreachable_pub, reason = "generated bindings re-export it")]
pub use lookup::AddressLookup;
pub(crate) use network::InstanceNetwork;
pub(crate) use open::shadow_wasmtime;

use super::{Authority, OpenCapabilities};
use crate::budget::BudgetLease;
use crate::observe::CallId;

/// A marker type that selects [`SocketsView`] in the linker.
pub(crate) struct Sockets;

/// The leases of an instance's socket descriptors, by the sockets' `rep`.
#[derive(Default)]
pub(crate) struct SocketLeases(HashMap<u32, BudgetLease>);

/// The parts of an instance's state that this capability uses.
pub(crate) struct SocketsView<'a> {
    pub(crate) inner: &'a mut WasiSocketsCtx,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) capabilities: &'a Arc<OpenCapabilities>,
    pub(crate) network: &'a Arc<InstanceNetwork>,
    pub(crate) leases: &'a mut SocketLeases,
    pub(crate) call: CallId,
}

impl HasData for Sockets {
    type Data<'a> = SocketsView<'a>;
}

impl SocketsView<'_> {
    fn inner(&mut self) -> WasiSocketsCtxView<'_> {
        WasiSocketsCtxView {
            ctx: &mut *self.inner,
            table: &mut *self.table,
        }
    }
}
