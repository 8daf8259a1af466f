//! The data of an instance's store. A guest cannot choose any of it.
//!
//! Names no deployment, link or capability: each stores its own part in a slot.
//!
//! Tests: `tests/suite/capabilities`, `tests/suite/embedding`.

use std::any::Any;
use std::sync::Arc;

use airssys_wasm_core::Limits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::LifetimeFlag;
use super::limiter::Limiter;
use super::panics::catch_panic;
use crate::budget::DeploymentShare;
use crate::clock::{Clock, Ticks};
use crate::data::{SharedValues, Slots};
use crate::observe::{CallCounter, Identity};
use crate::scheduler::{CrowdPermit, GuestSlice, RunPermits};

/// The data of an instance's store: its identity, its resources, and its limits.
///
/// Host functions of an embedder receive it as the data of the store. It gives access to the
/// embedder's own [`data`](Self::data) and [`instance_data_mut`](Self::instance_data_mut), to the
/// resource [`table`](Self::table) and to the [`identity`](Self::identity) of the component, and a
/// [`Provider`](crate::Provider) uses it to ask what the instance may do. It also appears in the
/// types of calls through generated bindings ([`Bindings`](crate::Bindings)). See
/// [`guide`](crate::guide).
pub struct InstanceState {
    /// Set before anything else is dropped.
    lifetime: LifetimeFlag,
    wasi: WasiCtx,
    pub(super) table: ResourceTable,
    /// The embedder's data of the deployment and the host.
    pub(super) shared: SharedValues,
    /// The values that modules of this crate and the embedder store for this instance.
    pub(super) slots: Slots,
    pub(super) limiter: Limiter,
    clock: Arc<Clock>,
    deadline: Ticks,
    pub(super) slice: GuestSlice,
    pub(super) identity: Arc<Identity>,
    pub(super) calls: Arc<CallCounter>,
}

/// The parts of which the data of a store is made.
pub(crate) struct InstanceParts<'a> {
    pub(crate) identity: &'a Arc<Identity>,
    pub(crate) calls: Arc<CallCounter>,
    pub(crate) lifetime: LifetimeFlag,
    pub(crate) limits: &'a Limits,
    pub(crate) share: &'a Arc<DeploymentShare>,
    pub(crate) clock: &'a Arc<Clock>,
    pub(crate) permits: &'a Arc<RunPermits>,
    pub(crate) data: SharedValues,
    pub(crate) slots: Slots,
    pub(crate) wasi: WasiCtx,
}

impl InstanceState {
    pub(crate) fn new(parts: InstanceParts<'_>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(parts.limits.handles_max);
        Self {
            lifetime: parts.lifetime,
            wasi: parts.wasi,
            table,
            shared: parts.data,
            slots: parts.slots,
            limiter: Limiter::new(parts.limits, parts.share),
            clock: Arc::clone(parts.clock),
            deadline: Ticks(0),
            slice: GuestSlice::new(parts.permits, parts.share),
            identity: Arc::clone(parts.identity),
            calls: parts.calls,
        }
    }

    /// Returns the current time and the deadline of the call.
    #[inline]
    pub(crate) fn time(&self) -> (Ticks, Ticks) {
        (self.clock.now(), self.deadline)
    }

    #[inline]
    pub(super) fn set_deadline(&mut self, deadline: Ticks) {
        self.deadline = deadline;
    }

    /// Begins a call. Returns the number of epochs for which it computes before it is checked.
    #[inline]
    pub(super) fn begin_call(&mut self) -> u64 {
        self.calls.begin_call();
        self.slice.begin_call()
    }

    /// Returns the permit of the current call.
    #[inline]
    pub(crate) fn crowd_permit(&mut self) -> CrowdPermit {
        self.slice.crowd_permit()
    }

    /// Ends the call.
    #[inline]
    pub(crate) fn end_call(&mut self) {
        self.slice.end_call();
    }

    /// Returns `true` if the current call may have left a line of output unfinished.
    #[inline]
    pub(crate) fn has_unfinished_line(&self) -> bool {
        self.calls.has_unfinished_line()
    }

    /// Returns the number of its revision.
    pub(crate) fn revision(&self) -> u64 {
        self.identity.revision
    }

    /// Returns its number among all instances of the host.
    pub(crate) fn instance_number(&self) -> u64 {
        self.calls.current().instance
    }

    /// Returns the reason for which memory or a table was last refused, if it was.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.limiter.last_refusal()
    }

    /// Returns the shortage in the host's budget that refused memory, if one did.
    pub(crate) fn shortage(&self) -> Option<crate::budget::Shortage> {
        self.limiter.shortage()
    }

    /// Adds a slot, whose type no other slot of the instance has.
    pub(crate) fn add_slot<T: Any + Send>(&mut self, value: T) {
        self.slots.add(value);
    }

    /// Returns the slot of type `T`, which the room that owns the type adds to every instance that
    /// uses it.
    #[inline]
    pub(crate) fn slot<T: Any>(&self) -> &T {
        self.slots.get().expect(SLOT_ADDED)
    }

    /// Returns the slot of type `T`, mutably.
    #[inline]
    pub(crate) fn slot_mut<T: Any>(&mut self) -> &mut T {
        let slot = self.slots.get_mut();
        slot.expect(SLOT_ADDED)
    }

    /// Returns the slot of type `T` and the resource table.
    #[inline]
    pub(crate) fn slot_and_table<T: Any>(&mut self) -> (&mut T, &mut ResourceTable) {
        let slot = self.slots.get_mut();
        let slot = slot.expect(SLOT_ADDED);
        (slot, &mut self.table)
    }

    /// Returns the slot of type `T`, the resource table, and WASI's own context.
    pub(crate) fn slot_table_and_wasi<T: Any>(
        &mut self,
    ) -> (&mut T, &mut ResourceTable, &mut WasiCtx) {
        let slot = self.slots.get_mut();
        let slot = slot.expect(SLOT_ADDED);
        (slot, &mut self.table, &mut self.wasi)
    }
}

const SLOT_ADDED: &str = "its room adds it to every instance that uses it";

impl Drop for InstanceState {
    /// Drops the embedder's values first, catching their panics: an instance may be dropped in the
    /// middle of other work.
    fn drop(&mut self) {
        self.lifetime.mark_ended();
        let (table, slots) = (
            std::mem::take(&mut self.table),
            std::mem::take(&mut self.slots),
        );
        let dropped = catch_panic(|| drop(table)).and(catch_panic(|| drop(slots)));
        if let Err(panicked) = dropped {
            tracing::error!(component = %self.identity.deployment, %panicked, "dropping an instance");
        }
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
