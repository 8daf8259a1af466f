//! Runs the health check of a revision's first instance.
//!
//! Tests: `tests/suite/promises/atomic_failure.rs`, `tests/suite/links/health.rs`.

use wasmtime::component::TypedFunc;

use crate::call::run_unadmitted;
use crate::instance::Instance;
use crate::revision::{CallDeadline, Revision};
use crate::services::HostServices;
use crate::{Error, ErrorClass, Result};

/// The interface of the health check.
const INTERFACE: &str = "airssys:lifecycle/health@0.1.0";
const CHECK: &str = "airssys:lifecycle/health@0.1.0#check";

/// The number of characters of a guest's explanation that are reported at most.
const REASON_CHARS_MAX: usize = 500;

/// Runs the health check, if the component exports one. Fails unless it reports success within the
/// time of a call.
pub(super) async fn check(
    services: &HostServices,
    revision: &Revision,
    instance: &mut Instance,
) -> Result<()> {
    if revision
        .program
        .compiled()
        .get_export_index(None, INTERFACE)
        .is_none()
    {
        return Ok(());
    }
    let clock = services.engines.clock();
    let deadline = CallDeadline::for_call(revision, clock.now());
    let index = revision.export(instance, &CHECK.parse()?)?;
    let check: TypedFunc<(), (Result<(), String>,)> = instance
        .wasm
        .get_typed_func(&mut instance.store, index)
        .map_err(|error| unhealthy(revision, &format!("{error:#}")))?;
    let run = async |instance: &mut Instance| check.call_async(&mut instance.store, ()).await;
    match run_unadmitted(clock, revision, deadline.tick, instance, run).await? {
        Some(Ok((Ok(()),))) => Ok(()),
        Some(Ok((Err(why),))) => Err(unhealthy(revision, &why)),
        Some(Err(error)) => Err(unhealthy(revision, &format!("{:#}", error.root_cause()))),
        None => Err(unhealthy(revision, &deadline.exceeded_message(revision))),
    }
}

/// Creates the error. The guest chose the words, so they are truncated, and escaped so that they
/// cannot forge lines of a log.
fn unhealthy(revision: &Revision, why: &str) -> Error {
    let why: String = why
        .chars()
        .take(REASON_CHARS_MAX)
        .flat_map(char::escape_debug)
        .collect();
    Error::new(
        ErrorClass::UNHEALTHY,
        format!("{revision} failed its health check: {why}"),
    )
}
