//! Shares the executor's threads among guests that compute.
//!
//! A call computes its first slice without a permit. After that it needs a run permit for each
//! slice, of which a runtime has as many as there are cores. Other guests wait outside the run
//! queue, so that the latency of everything else does not grow with their number. Permits rotate
//! among deployments, regardless of the number of their calls. Calls of a deployment that keeps all
//! cores busy need a permit for their first slice too. A slice starts behind all tasks that are
//! ready to run.
//!
//! Guests are not interrupted here: the ticker advances the epoch, and the store's callback calls
//! into this module.
//!
//! Tests: `tests/suite/spinning.rs`.

mod permits;
mod pool;
mod slice;

pub(crate) use permits::RunPermits;
pub(crate) use slice::{CrowdPermit, GuestSlice, SLICE_EPOCHS};
