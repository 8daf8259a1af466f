//! Runs the same load with a swap that is broken on purpose: remove, then deploy. The checker must
//! detect it.

use std::time::Duration;

use airssys_wasm_host::{Host, Result};
use airssys_wasm_tests::guests::guest;
use airssys_wasm_tests::load::{Answer, Load, Timeline, check};

use crate::arguments::Arguments;
use crate::figures::latency_p99;
use crate::greeter::{answer, greet};
use crate::report::Report;

/// Runs a swap that drops calls.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report> {
    let host = Host::builder().build()?;
    host.deploy(guest("greeter-v1")).await?;
    let mut timeline = Timeline::starting_with("v1");
    let callers = host.clone();
    let load = Load::start(&timeline, 8, None, move |id| {
        call_by_name(callers.clone(), id)
    });
    load.wait_for_calls(arguments.calls / 20).await;
    let begun = timeline.now();
    host.remove("greeter").await?;
    host.deploy(guest("greeter-v2")).await?;
    timeline.record_switch("v2", begun);
    let took = timeline.now().saturating_sub(begun);
    load.wait_for_calls(arguments.calls / 10).await;
    let log = timeline.with_calls(load.stop().await);
    Ok(Report {
        verdict: check(&log),
        update: took,
        first_answer: Duration::ZERO,
        rollback: Duration::ZERO,
        p99_before: latency_p99(&log.calls, Duration::ZERO, begun),
        p99_during: latency_p99(&log.calls, begun, begun + took),
        refused: Vec::new(),
    })
}

/// Makes a call that looks the deployment up each time, as is necessary when a handle does not
/// outlive its deployment.
async fn call_by_name(host: Host, id: u64) -> Answer {
    let greeter = host
        .deployment("greeter")
        .await
        .map_err(|error| error.to_string())?;
    answer(greet(&greeter).map_err(|error| error.to_string())?, id).await
}
