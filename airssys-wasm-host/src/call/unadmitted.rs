//! A call in an instance that no deployment serves yet, such as the health check of a rollout.
//!
//! Begins and ends as an admitted call does, but is not counted or announced: its caller reports
//! how it ended.
//! Tests: `tests/suite/links/health.rs`, `tests/suite/promises/atomic_failure.rs`.

use std::pin::pin;
use std::sync::Arc;

use super::release_call;
use crate::Result;
use crate::clock::{Clock, Ticks, run_until_deadline};
use crate::instance::{Instance, run_catching_panics};
use crate::revision::Revision;

/// Runs `run` in an instance of `revision` until `deadline`. Calls of other components that it
/// leads to end with it. Returns `None` if the deadline passed first. The instance must not be used
/// again unless `run` has succeeded.
pub(crate) async fn run_unadmitted<R>(
    clock: &Arc<Clock>,
    revision: &Revision,
    deadline: Ticks,
    instance: &mut Instance,
    run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<R>,
) -> Result<Option<wasmtime::Result<R>>> {
    instance.begin_call(deadline, revision.terms.limits.fuel_per_call)?;
    let outcome = {
        let running = pin!(run(instance));
        let running = pin!(run_catching_panics(running));
        run_until_deadline(clock, deadline, running).await
    };
    let state = instance.store.data_mut();
    state.end_call();
    release_call(revision, state);
    Ok(outcome.ok())
}
