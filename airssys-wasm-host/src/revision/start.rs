//! Starts instances, and queues them while there is no memory for them.
//!
//! Tests: in this file, `tests/suite/budget.rs`.

use std::pin::pin;
use std::sync::Arc;

use wasmtime::{Engine, Store};

use super::failure::start_failed;
use super::{CallDeadline, Revision};
use crate::budget::Shortage;
use crate::capability::{Caller, InstanceCapabilities, end_output};
use crate::clock::{Ticks, run_until_deadline};
use crate::instance::{
    Instance, InstanceParts, InstanceState, LifetimeFlag, catch_panic, new_store,
};
use crate::observe::CallCounter;
use crate::services::HostServices;
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
    pub(crate) async fn start(
        &self,
        services: &Arc<HostServices>,
        deadline: CallDeadline,
    ) -> Result<Instance> {
        // Starts that lack memory go first.
        if !self.share.has_waiting_starts() {
            match self.try_start(services, deadline).await {
                Ok(instance) => return Ok(instance),
                Err(StartFailure::Other(error)) => return Err(error),
                Err(StartFailure::NoMemory(..)) => {}
            }
        }
        Box::pin(self.start_when_there_is_memory(services, deadline)).await
    }

    /// Starts an instance within the time limit of a call.
    pub(crate) async fn start_within_call_time(
        &self,
        services: &Arc<HostServices>,
    ) -> Result<Instance> {
        let clock = services.engines.clock();
        let deadline = CallDeadline::for_call(self, clock.now());
        let starting = pin!(self.start(services, deadline));
        run_until_deadline(clock, deadline.tick, starting)
            .await
            .unwrap_or_else(|_| {
                let exceeded = deadline.exceeded_message(self);
                let message = format!("{self} does not start: it {exceeded}");
                Err(Error::new(ErrorKind::StartFailed, message)
                    .with_call_end(CallEnd::DeadlineExceeded))
            })
    }

    /// Starts an instance as soon as the budget has memory for it: one at a time for each
    /// deployment, in order of arrival. Cancel safe.
    ///
    /// Only a start that has found too little memory makes others queue, and idle instances of
    /// every deployment be dropped: while there is enough, starts do not wait for one another.
    async fn start_when_there_is_memory(
        &self,
        services: &Arc<HostServices>,
        deadline: CallDeadline,
    ) -> Result<Instance> {
        let share = &self.share;
        let _turn = share.locks().start.lock().await;
        let mut waiting = None;
        loop {
            let mut freed = pin!(share.memory().freed());
            freed.as_mut().enable();
            match self.try_start(services, deadline).await {
                Ok(instance) => return Ok(instance),
                Err(StartFailure::NoMemory(shortage, _))
                    if share.memory().can_be_freed(shortage) =>
                {
                    waiting.get_or_insert_with(|| share.register_waiting_start());
                    services.shares.drop_idle(share, shortage);
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
        services: &Arc<HostServices>,
        deadline: CallDeadline,
    ) -> std::result::Result<Instance, StartFailure> {
        let (mut store, outcome) = self
            .program
            .instantiate(&services.programs, |engine| {
                self.store(engine, services, deadline.tick)
            })
            .await
            .map_err(StartFailure::Other)?;
        if self.has_links {
            self.links.end_start(store.data_mut());
        }
        match (outcome, store.data().shortage()) {
            (Ok(wasm), _) => {
                end_output(store.data());
                Ok(Instance::new(store, wasm))
            }
            (Err(_), Some(shortage)) => Err(StartFailure::NoMemory(
                shortage,
                no_memory(self, store.data()),
            )),
            (Err(error), None) => {
                let failed = start_failed(self, deadline, error, store.data());
                Err(StartFailure::Other(failed))
            }
        }
    }

    /// Creates the store of an instance.
    fn store(
        &self,
        engine: &Engine,
        services: &HostServices,
        deadline: Ticks,
    ) -> Result<Store<InstanceState>> {
        let mut state = self.instance_state(services);
        catch_panic(|| services.instance_data.fill(&mut state)).map_err(|panicked| {
            let message =
                format!("{self} does not start: its instance data cannot be created: {panicked}");
            Error::from_call_end(CallEnd::HostFunctionFailed, message)
        })?;
        new_store(engine, state, &self.terms.limits, deadline)
    }

    /// Creates the data of a store: each room adds its slot.
    fn instance_state(&self, services: &HostServices) -> InstanceState {
        let calls = Arc::new(CallCounter::new(services.next_instance_number()));
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
            clock: services.engines.clock(),
            permits: services.engines.permits(),
            data: self.data.clone(),
            slots,
            wasi,
        });
        if self.has_links {
            let authority = Arc::clone(&self.authority);
            self.links
                .add_slots(&mut state, Caller { authority, calls });
        }
        state
    }
}

fn no_memory(revision: &Revision, state: &InstanceState) -> Error {
    let refused = state.refusal().unwrap_or_default();
    Error::from_call_end(
        CallEnd::OverBudget,
        format!("{revision} does not start: {refused}"),
    )
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::{Component, Host};

    #[tokio::test]
    async fn a_start_queues_only_behind_one_that_lacks_memory() {
        let host = Host::builder().pooled_instances_max(4);
        let host = host.build().expect("a host");
        let component = Component::from_bytes(wat::parse_str("(component)").expect("valid text"))
            .and_then(|component| component.with_name("starts"))
            .expect("a component");
        let deployment = host.deploy(component).await.expect("deployed");
        let (revision, services) = (deployment.0.revision(), &deployment.0.services);
        // As a start does that lacked memory, and has found some.
        let _turn = revision.share.locks().start.lock().await;
        let started = revision.start_within_call_time(services).await;
        started.map(drop).expect("there is enough memory");
        let waiting = revision.share.register_waiting_start();
        let queued = revision.start_within_call_time(services).now_or_never();
        assert!(queued.is_none(), "it waits");
        assert!(revision.share.memory().has_waiters());
        drop(waiting);
        assert!(!revision.share.memory().has_waiters());
    }
}
