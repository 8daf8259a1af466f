//! Starts instances, and queues them while there is no memory for them.
//!
//! Tests: `tests/suite/budget.rs`.

use std::pin::pin;
use std::sync::Arc;

use wasmtime::{Engine, Store};

use super::Revision;
use super::failure::start_failed;
use crate::budget::Shortage;
use crate::capability::{Caller, InstanceCapabilities, output};
use crate::clock::{Ticks, run_until_deadline};
use crate::instance::{
    Instance, InstanceParts, InstanceState, LifetimeFlag, catch_panic, new_store,
};
use crate::observe::CallCounter;
use crate::runtime::Runtime;
use crate::{CallEnd, Error, ErrorKind, Result};

/// The reason that an instance did not start.
enum StartFailure {
    /// The host's budget has too little memory left.
    NoMemory(Shortage, Error),
    Other(Error),
}

impl Revision {
    /// Starts an instance for a call with this deadline. Waits while the host's budget has no
    /// memory for it.
    pub(crate) async fn start(&self, runtime: &Arc<Runtime>, deadline: Ticks) -> Result<Instance> {
        // Starts that wait go first.
        if self.share.locks().start.try_lock().is_ok() {
            match self.try_start(runtime, deadline).await {
                Ok(instance) => return Ok(instance),
                Err(StartFailure::Other(error)) => return Err(error),
                Err(StartFailure::NoMemory(..)) => {}
            }
        }
        Box::pin(self.start_when_there_is_memory(runtime, deadline)).await
    }

    /// Starts an instance within the time limit of a call.
    pub(crate) async fn start_within_call_time(&self, runtime: &Arc<Runtime>) -> Result<Instance> {
        let clock = runtime.engines.clock();
        let deadline = clock.now().saturating_add(self.call_ticks);
        let starting = pin!(self.start(runtime, deadline));
        run_until_deadline(clock, deadline, starting)
            .await
            .unwrap_or_else(|_| {
                let message = format!("{self} does not start: it {}", self.deadline_message());
                Err(Error::new(ErrorKind::StartFailed, message)
                    .with_call_end(CallEnd::DeadlineExceeded))
            })
    }
}

impl Revision {
    /// Starts an instance as soon as the budget has memory for it: one at a time for each
    /// deployment, in order of arrival. Cancel safe.
    async fn start_when_there_is_memory(
        &self,
        runtime: &Arc<Runtime>,
        deadline: Ticks,
    ) -> Result<Instance> {
        let share = &self.share;
        let _turn = share.locks().start.lock().await;
        let _waits = share.memory().register_waiter();
        loop {
            let mut freed = pin!(share.memory().freed());
            freed.as_mut().enable();
            match self.try_start(runtime, deadline).await {
                Ok(instance) => return Ok(instance),
                Err(StartFailure::NoMemory(shortage, _))
                    if share.memory().can_be_freed(shortage) =>
                {
                    runtime.shares.drop_idle(share, shortage);
                    freed.await;
                }
                Err(StartFailure::NoMemory(_, error) | StartFailure::Other(error)) => {
                    return Err(error);
                }
            }
        }
    }

    async fn try_start(
        &self,
        runtime: &Arc<Runtime>,
        deadline: Ticks,
    ) -> std::result::Result<Instance, StartFailure> {
        let (mut store, outcome) = self
            .program
            .instantiate(&runtime.programs, |engine| {
                self.store(engine, runtime, deadline)
            })
            .await
            .map_err(StartFailure::Other)?;
        if self.has_links {
            self.links.started(store.data_mut());
        }
        match (outcome, store.data().shortage()) {
            (Ok(wasm), _) => {
                output(store.data()).end_call();
                Ok(Instance::new(store, wasm))
            }
            (Err(_), Some(shortage)) => Err(StartFailure::NoMemory(
                shortage,
                no_memory(self, store.data()),
            )),
            (Err(error), None) => Err(StartFailure::Other(start_failed(self, error, store.data()))),
        }
    }

    /// Creates the store of an instance.
    fn store(
        &self,
        engine: &Engine,
        runtime: &Runtime,
        deadline: Ticks,
    ) -> Result<Store<InstanceState>> {
        let mut state = self.instance_state(runtime);
        catch_panic(|| runtime.instance_data.fill(&mut state)).map_err(|panicked| {
            let message =
                format!("{self} does not start: its instance data cannot be created: {panicked}");
            Error::new(ErrorKind::HostFunctionFailed, message)
        })?;
        new_store(engine, state, &self.terms.limits, deadline)
    }

    /// Creates the data of a store: each room adds its slot.
    fn instance_state(&self, runtime: &Runtime) -> InstanceState {
        let calls = Arc::new(CallCounter::new(runtime.next_instance_number()));
        let lifetime = LifetimeFlag::default();
        let InstanceCapabilities { slots, wasi } =
            self.open_capabilities
                .start(&self.authority, &calls, &lifetime, &self.terms.limits);
        let mut state = InstanceState::new(InstanceParts {
            identity: &self.authority.identity,
            calls: Arc::clone(&calls),
            lifetime,
            limits: &self.terms.limits,
            share: &self.share,
            clock: runtime.engines.clock(),
            permits: runtime.engines.permits(),
            data: self.data.clone(),
            slots,
            wasi,
        });
        if self.has_links {
            let authority = Arc::clone(&self.authority);
            self.links.start(&mut state, Caller { authority, calls });
        }
        state
    }
}

fn no_memory(revision: &Revision, state: &InstanceState) -> Error {
    let refused = state.refusal().unwrap_or_default();
    Error::new(
        ErrorKind::OverBudget,
        format!("{revision} does not start: {refused}"),
    )
}
