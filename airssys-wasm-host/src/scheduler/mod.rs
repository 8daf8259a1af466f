//! Shares the executor's threads among guests that compute.
//!
//! A call computes for its first slice without asking. From then on it needs a run permit for
//! each slice, of which a runtime has as many as there are cores: the others wait outside the
//! run queue, so that the latency of everybody else does not grow with their number. Deployments
//! take turns, whatever the number of their calls. The calls of a deployment that keeps all cores
//! busy need a permit for their first slice too. A slice begins behind all that is ready to run.
//!
//! Does not interrupt guests: the ticker advances the epoch, and the store's callback asks here.
//! Tests: below each file, and the workspace's `tests/suite/spinning.rs`.

mod crowd;
mod permits;
mod pool;
mod slice;

pub(crate) use crowd::Crowd;
pub(crate) use permits::RunPermits;
pub(crate) use slice::{CrowdPermit, GuestSlice, SLICE_EPOCHS};
