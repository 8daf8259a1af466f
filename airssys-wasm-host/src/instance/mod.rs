//! One instance in its own store: the unit of isolation, of limits and of
//! accounting.
//!
//! An instance serves one call at a time; one that trapped is never used again.
//! Does not decide when to create one or who gets it: `deployment/serving` does.
//! Tests: the workspace's `tests/limits`.

mod bound;
mod failure;
mod limiter;
mod state;

use wasmtime::component::Instance as WasmInstance;
use wasmtime::{Store, UpdateDeadline};

pub(crate) use bound::{Slot, Table};
pub(crate) use failure::{call_failed, start_failed};
pub use state::InstanceState;

use crate::deployment::Revision;
use crate::engine::{Ticks, YIELD_TICKS};
use crate::runtime::Runtime;
use crate::{Error, ErrorKind, Result};

/// A running component.
pub(crate) struct Instance {
    pub(crate) store: Store<InstanceState>,
    pub(crate) wasm: WasmInstance,
    /// What handles have looked up in this instance.
    pub(crate) bound: Table,
}

impl Instance {
    /// Starts an instance, within `deadline`.
    pub(crate) async fn start(runtime: &Runtime, revision: &Revision, deadline: Ticks) -> Result<Self> {
        let (store, outcome) = revision
            .program
            .instantiate(runtime, |engine| store(engine, runtime, revision, deadline))
            .await?;
        match outcome {
            Ok(wasm) => Ok(Self { store, wasm, bound: Table::default() }),
            Err(error) => Err(start_failed(revision, &error, store.data())),
        }
    }

    /// Gives the next call its time and fuel.
    pub(crate) fn arm(&mut self, deadline: Ticks, fuel: Option<u64>) -> Result<()> {
        arm(&mut self.store, deadline, fuel)
    }
}

fn store(
    engine: &wasmtime::Engine,
    runtime: &Runtime,
    revision: &Revision,
    deadline: Ticks,
) -> Result<Store<InstanceState>> {
    let state = InstanceState::new(runtime, revision);
    let mut store = Store::try_new(engine, state).map_err(|error| internal(&error))?;
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(revision.limits.hostcall_bytes_max);
    store.epoch_deadline_callback(|context| {
        let (now, deadline) = context.data().time();
        match deadline.0.checked_sub(now.0) {
            None | Some(0) => Err(failure::DeadlinePassed.into()),
            Some(left) => Ok(UpdateDeadline::Yield(left.min(YIELD_TICKS))),
        }
    });
    arm(&mut store, deadline, revision.limits.fuel_per_call)?;
    Ok(store)
}

fn arm(store: &mut Store<InstanceState>, deadline: Ticks, fuel: Option<u64>) -> Result<()> {
    store.data_mut().set_deadline(deadline);
    store.set_epoch_deadline(YIELD_TICKS);
    match fuel {
        Some(fuel) => store.set_fuel(fuel).map_err(|error| internal(&error)),
        None => Ok(()),
    }
}

fn internal(error: &wasmtime::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("cannot prepare a store: {error:#}"))
}
