//! Runs the demonstration: deploy, update, refused updates and rollback, all under load.

use std::time::{Duration, Instant};

use airssys_wasm_host::{Host, Instancing, Result};
use airssys_wasm_tests::guests::guest;
use airssys_wasm_tests::load::{Load, Timeline, check};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Arguments;
use crate::figures::latency_p99;
use crate::greeter::{greet, load};
use crate::report::{Refusal, Report};

/// The number of concurrent instances.
const INSTANCES: u32 = 4;

/// Runs all steps in order.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report> {
    let host = Host::builder().build()?;
    let greeter = host
        .deploy(guest("greeter-v1"))
        .instancing(Instancing::pooled(INSTANCES))
        .await?;
    let greet = greet(&greeter)?;
    let mut timeline = Timeline::starting_with("v1");
    let load = load(&timeline, greet.clone());
    let progress = Progress::new(arguments.calls);

    progress
        .wait_for_calls(&load, arguments.calls / 4, "v1 serves")
        .await;
    let before = timeline.now();
    let promoted = host.update("greeter", guest("greeter-v2")).await?;
    timeline.record_switch("v2", before);
    let asked = Instant::now();
    greet.call(("0".into(),)).await?;
    let first_answer = asked.elapsed();
    let after = timeline.now();
    promoted.drained().await;

    progress
        .wait_for_calls(&load, arguments.calls / 2, "v2 serves")
        .await;
    let refused = refusals(&host).await;

    progress
        .wait_for_calls(&load, arguments.calls * 3 / 4, "v2 keeps serving")
        .await;
    let begun = timeline.now();
    let back = host.rollback("greeter").await?;
    timeline.record_switch("v1", begun);
    progress
        .wait_for_calls(&load, arguments.calls, "v1 serves again")
        .await;

    let log = timeline.with_calls(load.stop().await);
    progress.finish();
    Ok(Report {
        verdict: check(&log),
        update: promoted.took(),
        first_answer,
        rollback: back.took(),
        p99_before: latency_p99(&log.calls, Duration::ZERO, before),
        p99_during: latency_p99(&log.calls, before, after),
        refused,
    })
}

/// Attempts updates that must not go live, and returns their errors.
async fn refusals(host: &Host) -> Vec<Refusal> {
    let mut refused = Vec::new();
    for name in ["greeter-v3", "greeter-unhealthy", "greeter-changed"] {
        let outcome = host.update("greeter", guest(name)).await;
        let reason = outcome.err().map(|error| error.to_string());
        refused.push(Refusal {
            component: name,
            reason,
        });
    }
    refused
}

/// Shows the progress.
struct Progress(ProgressBar);

impl Progress {
    fn new(calls: u64) -> Self {
        let bar = ProgressBar::new(calls);
        let style =
            ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} calls: {msg}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    async fn wait_for_calls(&self, load: &Load, calls: u64, happening: &'static str) {
        self.0.set_message(happening);
        while load.calls_made() < calls {
            self.0.set_position(load.calls_made());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if self.0.is_hidden() {
            eprintln!("{calls} calls: {happening}");
        }
    }

    fn finish(self) {
        self.0.finish_and_clear();
    }
}
