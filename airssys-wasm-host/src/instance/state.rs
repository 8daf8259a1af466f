//! What a store knows about its instance. A guest can choose none of it.
//!
//! Tests: through the rooms that read it.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::limiter::Limiter;
use crate::engine::{Clock, Ticks};
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::wasi;

/// The data of an instance's store: whose it is, what it may use, its handles.
///
/// Opaque; it shows in the types of calls through generated bindings
/// ([`Bindings`](crate::Bindings)).
pub struct InstanceState {
    wasi: WasiCtx,
    handles: ResourceTable,
    pub(super) limiter: Limiter,
    clock: Arc<Clock>,
    deadline: Ticks,
}

impl InstanceState {
    pub(super) fn new(runtime: &Runtime, revision: &Revision) -> Self {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(revision.limits.handles_max);
        Self {
            wasi: wasi::empty_authority(&revision.limits, &revision.printer),
            handles,
            limiter: Limiter::new(&revision.limits),
            clock: Arc::clone(runtime.engines.clock()),
            deadline: Ticks(0),
        }
    }

    /// Now, and when the call must have ended.
    #[inline]
    pub(super) fn time(&self) -> (Ticks, Ticks) {
        (self.clock.now(), self.deadline)
    }

    #[inline]
    pub(super) fn set_deadline(&mut self, deadline: Ticks) {
        self.deadline = deadline;
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.handles }
    }
}
