//! TCP, UDP and the lookup of names.
//!
//! | file | what it does |
//! |---|---|
//! | `told` | which names an instance was told which addresses for |
//! | `check` | asks before an address is used |
//! | `lookup` | `wasi:sockets/ip-name-lookup`, for granted names only |
//! | `open` | a socket only for who may use one, within the budget of descriptors; streams that end with the grant |
//!
//! A grant speaks of names, a connection goes to an address: so the addresses that an
//! instance was told for a granted name are remembered, and belong to that name for as
//! long as the instance lives.
//! Tests: the workspace's `tests/attacks`.

mod check;
mod lookup;
mod open;
mod told;

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::sockets::{WasiSocketsCtx, WasiSocketsCtxView};

pub(crate) use check::checking;
#[allow(unreachable_pub, reason = "generated bindings re-export it")]
pub use lookup::Answer;
pub(crate) use open::stand_before;
pub(crate) use told::Told;

use super::{Authority, Rooms};
use crate::budget::Lease;
use crate::observe::CallId;

/// Marks this room's view for the linker.
pub(crate) struct Sockets;

/// Counts the descriptors of the sockets of an instance: by the number that the guest knows a
/// socket by.
#[derive(Default)]
pub(crate) struct SocketLeases(HashMap<u32, Lease>);

/// The state of an instance, as this room sees it.
pub(crate) struct SocketsView<'a> {
    pub(crate) inner: &'a mut WasiSocketsCtx,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) rooms: &'a Arc<Rooms>,
    pub(crate) told: &'a Arc<Told>,
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
