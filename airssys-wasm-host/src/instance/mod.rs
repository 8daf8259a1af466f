//! One instance in its own store: the unit of isolation, of limits and of
//! accounting.
//!
//! An instance serves one call at a time; one that trapped is never used again.
//! Does not decide when to create one or who gets it: `deployment/serving` does.
//! Tests: the workspace's `tests/limits`.

mod backtrace;
mod bound;
mod contained;
mod embedding;
mod failure;
mod limiter;
mod start;
mod state;

use airssys_wasm_core::FunctionName;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, Instance as WasmInstance};

pub(crate) use bound::{Slot, Table};
pub(crate) use contained::{contained, poll_contained};
pub(crate) use failure::{EndedAs, Original, call_failed, exit_code, start_failed};
pub use state::InstanceState;

use crate::engine::Ticks;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::scheduler::SLICE_EPOCHS;
use crate::{Error, ErrorKind, Result};

/// A running component.
pub(crate) struct Instance {
    pub(crate) store: Store<InstanceState>,
    pub(crate) wasm: WasmInstance,
    /// What handles have looked up in this instance.
    pub(crate) bound: Table,
}

impl Instance {
    /// Where this instance of `revision` has the function that a name means.
    pub(crate) fn export(
        &mut self,
        revision: &Revision,
        name: &FunctionName,
    ) -> Result<ComponentExportIndex> {
        let exact = revision.exact(name)?;
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

    /// Gives the next call its time and fuel.
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
    contained::contain(|| runtime.instance_data.fill(&mut state)).map_err(|panicked| {
        let message = format!(
            "{revision} does not start: the data of its instance cannot be made: {panicked}"
        );
        Error::new(ErrorKind::HostFunctionFailed, message)
    })?;
    let mut store = Store::try_new(engine, state).map_err(|error| internal(&error))?;
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(revision.limits.hostcall_bytes_max);
    // Those that a guest has to itself count as well: streams, futures and tasks are the host's memory.
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
