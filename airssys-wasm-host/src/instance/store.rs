//! Stores with limits.
//!
//! Tests: `tests/suite/limits.rs`.

use airssys_wasm_core::Limits;
use wasmtime::{Engine, Store};

use super::{DeadlinePassed, InstanceState};
use crate::clock::Ticks;
use crate::scheduler::SLICE_EPOCHS;
use crate::{Error, ErrorKind, Result};

/// Creates a store in which an instance starts until `deadline`.
pub(crate) fn new_store(
    engine: &Engine,
    state: InstanceState,
    limits: &Limits,
    deadline: Ticks,
) -> Result<Store<InstanceState>> {
    let mut store = Store::try_new(engine, state).map_err(|error| internal(&error))?;
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.hostcall_bytes_max);
    // Includes handles that only the guest uses: streams, futures and tasks take up the host's
    // memory.
    store.set_max_component_handles(limits.handles_max);
    store.epoch_deadline_callback(|mut context| {
        let state = context.data_mut();
        let (now, deadline) = state.time();
        if now >= deadline {
            return Err(DeadlinePassed.into());
        }
        Ok(state.slice.end())
    });
    set_limits_of_call(&mut store, SLICE_EPOCHS, deadline, limits.fuel_per_call)?;
    Ok(store)
}

/// Sets the deadline, the fuel, and the number of epochs until the guest is first checked.
#[inline]
pub(super) fn set_limits_of_call(
    store: &mut Store<InstanceState>,
    epochs: u64,
    deadline: Ticks,
    fuel: Option<u64>,
) -> Result<()> {
    store.data_mut().set_deadline(deadline);
    store.set_epoch_deadline(epochs);
    match fuel {
        Some(fuel) => store.set_fuel(fuel).map_err(|error| internal(&error)),
        None => Ok(()),
    }
}

fn internal(error: &wasmtime::Error) -> Error {
    let message = format!("cannot prepare a store: {error:#}");
    Error::new(ErrorKind::Internal, message)
}
