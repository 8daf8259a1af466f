//! Starts instances, and queues them while there is no memory for them.
//!
//! Tests: `tests/suite/budget.rs`.

use std::pin::pin;
use std::sync::Arc;

use super::{Instance, InstanceState, LookupTable, start_failed, store};
use crate::budget::Shortage;
use crate::call::deadline_message;
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::error::CallEnd;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::{Error, ErrorKind, Result};

/// The reason that an instance did not start.
enum StartFailure {
    /// The host's budget has too little memory left.
    NoMemory(Shortage, Error),
    Other(Error),
}

impl Instance {
    /// Starts an instance for a call with this deadline. Waits while the host's budget has no
    /// memory for it.
    pub(crate) async fn start(
        runtime: &Arc<Runtime>,
        revision: &Revision,
        deadline: Ticks,
    ) -> Result<Self> {
        // Starts that wait go first.
        if revision.share.locks().start.try_lock().is_ok() {
            match try_start(runtime, revision, deadline).await {
                Ok(instance) => return Ok(instance),
                Err(StartFailure::Other(error)) => return Err(error),
                Err(StartFailure::NoMemory(..)) => {}
            }
        }
        Box::pin(start_when_there_is_memory(runtime, revision, deadline)).await
    }

    /// Starts an instance within the time limit of a call.
    pub(crate) async fn start_within_call_time(
        runtime: &Arc<Runtime>,
        revision: &Revision,
    ) -> Result<Self> {
        let clock = runtime.engines.clock();
        let deadline = clock.now().saturating_add(revision.call_ticks);
        let starting = pin!(Self::start(runtime, revision, deadline));
        run_until_deadline(clock, deadline, starting)
            .await
            .unwrap_or_else(|_| {
                let message = format!(
                    "{revision} does not start: it {}",
                    deadline_message(revision)
                );
                Err(Error::new(ErrorKind::StartFailed, message)
                    .with_call_end(CallEnd::DeadlineExceeded))
            })
    }
}

/// Starts an instance as soon as the budget has memory for it: one at a time for each deployment,
/// in order of arrival. Cancel safe.
async fn start_when_there_is_memory(
    runtime: &Arc<Runtime>,
    revision: &Revision,
    deadline: Ticks,
) -> Result<Instance> {
    let share = &revision.share;
    let _turn = share.locks().start.lock().await;
    let _waits = share.memory().register_waiter();
    loop {
        let mut freed = pin!(share.memory().freed());
        freed.as_mut().enable();
        match try_start(runtime, revision, deadline).await {
            Ok(instance) => return Ok(instance),
            Err(StartFailure::NoMemory(shortage, _)) if share.memory().can_be_freed(shortage) => {
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
    runtime: &Arc<Runtime>,
    revision: &Revision,
    deadline: Ticks,
) -> std::result::Result<Instance, StartFailure> {
    let (mut store, outcome) = revision
        .program
        .instantiate(runtime, |engine| store(engine, runtime, revision, deadline))
        .await
        .map_err(StartFailure::Other)?;
    // Calls made during the start belong to no call of the instance.
    store.data_mut().leave_call_context();
    match (outcome, store.data().limiter.shortage()) {
        (Ok(wasm), _) => {
            store.data().output.end_call();
            Ok(Instance {
                store,
                wasm,
                lookups: LookupTable::default(),
            })
        }
        (Err(_), Some(shortage)) => Err(StartFailure::NoMemory(
            shortage,
            no_memory(revision, store.data()),
        )),
        (Err(error), None) => Err(StartFailure::Other(start_failed(
            revision,
            error,
            store.data(),
        ))),
    }
}

fn no_memory(revision: &Revision, state: &InstanceState) -> Error {
    let refused = state.limiter.last_refusal().unwrap_or_default();
    Error::new(
        ErrorKind::OverBudget,
        format!("{revision} does not start: {refused}"),
    )
}
