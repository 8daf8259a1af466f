//! An instance in its own store: the unit of isolation, limits, and accounting.
//!
//! Serves one call at a time, and is never used again after a trap. Creating instances and
//! assigning them to calls is left to `deployment`.
//! Tests: `tests/suite/limits.rs`.

mod backtrace;
mod embedding;
mod failure;
mod limiter;
mod lookups;
mod panics;
mod start;
mod state;

use airssys_wasm_core::FunctionName;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance as WasmInstance};

pub(crate) use failure::{DetectedEnd, call_failed, exit_code, start_failed};
pub(crate) use lookups::{HandleSlot, LookupTable};
pub(crate) use panics::{poll_catching_panics, run_catching_panics};
pub use state::InstanceState;

use crate::clock::Ticks;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::scheduler::SLICE_EPOCHS;
use crate::{Error, ErrorKind, Result};

/// A running component.
pub(crate) struct Instance {
    pub(crate) store: Store<InstanceState>,
    pub(crate) wasm: WasmInstance,
    /// The lookups of handles in this instance.
    pub(crate) lookups: LookupTable,
}

impl Instance {
    /// Returns the index of the function that a name refers to, in this instance of `revision`.
    pub(crate) fn export(
        &mut self,
        revision: &Revision,
        name: &FunctionName,
    ) -> Result<ComponentExportIndex> {
        let exact = revision.exact_name(name)?;
        let Self { store, wasm, .. } = self;
        let interface = match exact.interface() {
            Some(interface) => wasm
                .get_export_index(&mut *store, None, interface)
                .map(Some),
            None => Some(None),
        };
        interface
            .and_then(|interface| {
                wasm.get_export_index(&mut *store, interface.as_ref(), exact.function())
            })
            .ok_or_else(|| revision.not_compiled(name))
    }

    /// Sets the deadline and fuel of the next call.
    #[inline]
    pub(crate) fn arm(&mut self, deadline: Ticks, fuel: Option<u64>) -> Result<()> {
        let looks_after = self.store.data_mut().begin_call();
        arm(&mut self.store, looks_after, deadline, fuel)
    }
}

fn store(
    engine: &wasmtime::Engine,
    runtime: &Runtime,
    revision: &Revision,
    deadline: Ticks,
) -> Result<Store<InstanceState>> {
    let mut state = InstanceState::new(runtime, revision);
    panics::catch_panic(|| runtime.instance_data.fill(&mut state)).map_err(|panicked| {
        let message =
            format!("{revision} does not start: its instance data cannot be created: {panicked}");
        Error::new(ErrorKind::HostFunctionFailed, message)
    })?;
    let mut store = Store::try_new(engine, state).map_err(|error| internal(&error))?;
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(revision.limits.hostcall_bytes_max);
    // Includes handles that only the guest uses: streams, futures and tasks take up the host's
    // memory.
    store.set_max_component_handles(revision.limits.handles_max);
    store.epoch_deadline_callback(|mut context| {
        let state = context.data_mut();
        let (now, deadline) = state.time();
        if now >= deadline {
            return Err(failure::DeadlinePassed.into());
        }
        Ok(state.slice.end())
    });
    arm(
        &mut store,
        SLICE_EPOCHS,
        deadline,
        revision.limits.fuel_per_call,
    )?;
    Ok(store)
}

#[inline]
fn arm(
    store: &mut Store<InstanceState>,
    looks_after: u64,
    deadline: Ticks,
    fuel: Option<u64>,
) -> Result<()> {
    store.data_mut().set_deadline(deadline);
    store.set_epoch_deadline(looks_after);
    match fuel {
        Some(fuel) => store.set_fuel(fuel).map_err(|error| internal(&error)),
        None => Ok(()),
    }
}

fn internal(error: &wasmtime::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("cannot prepare a store: {error:#}"),
    )
}
