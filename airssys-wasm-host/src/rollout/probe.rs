//! A look into a rollout at every step, for embedders who prove their updates.
//!
//! Tests: the workspace's `tests/promises/atomic_failure`.

use std::future::Future;
use std::pin::Pin;

use airssys_wasm_core::{ComponentName, Effect};

/// Is told of each effect of a rollout before it is carried out.
///
/// It may wait, to hold a rollout at a step while calls go on, or fail the step,
/// to see that the old revision serves on. Undoing steps are told of and cannot
/// be failed.
pub trait RolloutProbe: Send + Sync + 'static {
    /// About to carry out `effect`. An error fails the step with that reason.
    fn before<'a>(
        &'a self,
        component: &'a ComponentName,
        effect: Effect,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}
