//! Compiles the component of a rollout off the threads that serve calls, within a time limit.
//!
//! Tests: `tests/suite/budget.rs`.

use std::pin::pin;
use std::sync::Arc;

use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::code_cache::{StopHandle, compile_timeout};
use crate::program::Program;
use crate::revision::RevisionPlan;
use crate::services::HostServices;
use crate::{Error, Result};

/// Returns the program of a planned revision: at once if its code is available, or else from the
/// compiler.
pub(super) async fn compile(
    services: &Arc<HostServices>,
    plan: &RevisionPlan,
) -> Result<Arc<Program>> {
    let limits = &plan.terms.fixed.limits;
    if let Some(program) = services.programs.ready(&plan.component, limits) {
        return Ok(program);
    }
    let clock = services.engines.clock();
    let deadline = clock
        .now()
        .saturating_add(Ticks::from_duration(services.compile_time_max));
    let compiling = pin!(compile_in_turn(services, plan));
    run_until_deadline(clock, deadline, compiling)
        .await
        .unwrap_or_else(|_| Err(too_slow(services, plan)))
}

/// Compiles one component of a deployment at a time, so that abandoned compilations occupy one
/// thread at most. Dropping the future stops a compiler that runs in its own process.
async fn compile_in_turn(
    services: &Arc<HostServices>,
    plan: &RevisionPlan,
) -> Result<Arc<Program>> {
    let share = services.shares.get(&plan.name);
    let turn = Arc::clone(&share.locks().compile).lock_owned().await;
    let (shared, component, limits) = (
        Arc::clone(services),
        plan.component.clone(),
        plan.terms.fixed.limits.clone(),
    );
    let stop = StopHandle::default();
    let _stopped = stop.on_drop();
    let compile = move || {
        // Held until the compilation ends, even if the future was dropped.
        let _held = (share, turn);
        shared.programs.get(&component, &limits, &stop)
    };
    services.blocking.compile(compile).await
}

fn too_slow(services: &HostServices, plan: &RevisionPlan) -> Error {
    compile_timeout(format_args!("`{}`", plan.name), services.compile_time_max)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::budget::DeploymentShare;
    use crate::{Component, Host};

    fn host() -> Host {
        let host = Host::builder().pooled_instances_max(4);
        host.build().expect("a host")
    }

    /// Creates a component with code of its own, so that compiling one does not make another
    /// available.
    fn component(name: &str) -> Component {
        let text = format!("(component (core module (func (export \"{name}\"))))");
        let bytes = wat::parse_str(text).expect("a component");
        Component::from_bytes(bytes)
            .and_then(|component| component.with_name(name))
            .expect("a component")
    }

    /// Returns the share of a deployment, which exists as long as it is referenced.
    fn share(host: &Host, name: &str) -> Arc<DeploymentShare> {
        let shares = &host.0.context.services.shares;
        shares.get(&name.parse().expect("a name"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_component_of_a_deployment_is_compiled_at_a_time() {
        let host = host();
        let share = share(&host, "first");
        let turn = share.locks().compile.lock().await;
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

    #[tokio::test(flavor = "multi_thread")]
    async fn code_that_is_in_use_waits_for_no_compilation() {
        let host = host();
        host.deploy(component("first")).await.expect("compiled");
        let share = share(&host, "second");
        let _turn = share.locks().compile.lock().await;
        let deploy = host.deploy(component("first")).name("second");
        tokio::time::timeout(Duration::from_secs(60), deploy)
            .await
            .expect("it waits for the turn of another compilation")
            .expect("deployed");
    }
}
