//! Compiles the component of a rollout off the threads that serve calls, within a time limit.
//!
//! Tests: `tests/suite/budget.rs`.

use std::pin::pin;
use std::sync::Arc;

use crate::call::within;
use crate::code_cache::{Stop, out_of_time};
use crate::engine::Ticks;
use crate::program::Program;
use crate::revision::Draft;
use crate::runtime::Runtime;
use crate::{Error, Result};

/// Returns the program of a draft: at once if its code is available, or else from the compiler.
pub(super) async fn compile(runtime: &Arc<Runtime>, draft: &Draft) -> Result<Arc<Program>> {
    if runtime.has_program_at_hand(&draft.component, &draft.limits) {
        return runtime.program(&draft.component, &draft.limits, &Stop::default());
    }
    let clock = runtime.engines.clock();
    let deadline = clock.now().plus(Ticks::lasting(runtime.compile_time_max));
    let compiling = pin!(compile_in_turn(runtime, draft));
    within(clock, deadline, compiling)
        .await
        .unwrap_or_else(|_| Err(too_slow(runtime, draft)))
}

/// Compiles one component of a deployment at a time, so that abandoned compilations occupy one
/// thread at most. Dropping the future stops a compiler that runs in its own process.
async fn compile_in_turn(runtime: &Arc<Runtime>, draft: &Draft) -> Result<Arc<Program>> {
    let share = runtime.shares.get(&draft.name);
    let turn = Arc::clone(&share.turns().compile).lock_owned().await;
    let (shared, component, limits) = (
        Arc::clone(runtime),
        draft.component.clone(),
        draft.limits.clone(),
    );
    let stop = Stop::default();
    let _stopped = stop.on_drop();
    let compile = move || {
        // Held until the compilation ends, even if the future was dropped.
        let _held = (share, turn);
        shared.program(&component, &limits, &stop)
    };
    runtime.aside.compile(compile).await
}

fn too_slow(runtime: &Runtime, draft: &Draft) -> Error {
    out_of_time(format_args!("`{}`", draft.name), runtime.compile_time_max)
}

#[cfg(test)]
mod tests {
    use crate::{Component, Host};

    #[tokio::test(flavor = "multi_thread")]
    async fn one_component_of_a_deployment_is_compiled_at_a_time() {
        let host = Host::builder()
            .pooled_instances_max(4)
            .build()
            .expect("a host");
        let component = |name: &str| {
            // Each has code of its own, so that compiling one does not make another available.
            let text = format!("(component (core module (func (export \"{name}\"))))");
            let bytes = wat::parse_str(text).expect("a component");
            Component::from_bytes(bytes)
                .and_then(|component| component.with_name(name))
                .expect("a component")
        };
        // The share exists as long as it is referenced.
        let share = host.0.runtime.shares.get(&"first".parse().expect("a name"));
        let turn = share.turns().compile.lock().await;
        let first = tokio::spawn({
            let (host, component) = (host.clone(), component("first"));
            async move { host.deploy(component).await }
        });
        for name in ["second", "third", "fourth"] {
            host.deploy(component(name))
                .await
                .expect("other deployments are compiled meanwhile");
        }
        assert!(!first.is_finished());
        drop(turn);
        first.await.expect("a task").expect("deployed");
    }
}
