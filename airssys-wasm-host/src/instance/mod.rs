//! An instance in its own store: the unit of isolation, limits, and accounting.
//!
//! Serves one call at a time, and is never used again after a trap. `revision` creates instances,
//! and `deployment` assigns them to calls.
//!
//! | file | contents |
//! |---|---|
//! | `state`, `embedding` | the data of a store, and the part that embedders see |
//! | `store` | a store with its limits |
//! | `limiter` | memory and tables |
//! | `lookups` | what handles have looked up in an instance |
//! | `factory` | the embedder's data of an instance |
//! | `lifetime`, `panics`, `ends` | the end of an instance, of a panic, of a call |
//!
//! Tests: `tests/suite/limits.rs`.

mod embedding;
mod ends;
mod factory;
mod lifetime;
mod limiter;
mod lookups;
mod panics;
mod state;
mod store;

use wasmtime::Store;
use wasmtime::component::Instance as WasmInstance;

pub(crate) use ends::{DeadlinePassed, DetectedEnd, exit_code};
pub(crate) use factory::Factories;
pub(crate) use lifetime::LifetimeFlag;
pub(crate) use lookups::{HandleSlot, LookupTable};
pub(crate) use panics::{HostPanicked, catch_panic, poll_catching_panics, run_catching_panics};
pub(crate) use state::InstanceParts;
pub use state::InstanceState;
pub(crate) use store::new_store;

use crate::Result;
use crate::clock::Ticks;

/// A running component.
pub(crate) struct Instance {
    pub(crate) store: Store<InstanceState>,
    pub(crate) wasm: WasmInstance,
    /// The lookups of handles in this instance.
    pub(crate) lookups: LookupTable,
}

impl Instance {
    pub(crate) fn new(store: Store<InstanceState>, wasm: WasmInstance) -> Self {
        Self {
            store,
            wasm,
            lookups: LookupTable::default(),
        }
    }

    /// Begins a call with this deadline and fuel.
    #[inline]
    pub(crate) fn begin_call(&mut self, deadline: Ticks, fuel: Option<u64>) -> Result<()> {
        let epochs = self.store.data_mut().begin_call();
        store::set_limits_of_call(&mut self.store, epochs, deadline, fuel)
    }
}
