//! A hook into every step of a rollout, for embedders that test their updates.
//!
//! Tests: `tests/suite/promises/atomic_failure.rs`.

use std::future::Future;
use std::pin::Pin;

use airssys_wasm_core::{ComponentName, Effect};

/// A hook that receives each effect of a rollout before it is carried out.
///
/// A probe may wait, to hold a rollout at a step while calls continue, or fail the step, to check that
/// the old revision keeps serving. It also receives the effects that undo a failed rollout, but
/// cannot fail those.
pub trait RolloutProbe: Send + Sync + 'static {
    /// Runs before `effect` is carried out. An error fails the step with that reason.
    fn before<'a>(
        &'a self,
        deployment: &'a ComponentName,
        effect: Effect,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}
