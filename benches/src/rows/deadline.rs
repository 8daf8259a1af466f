//! The delay with which a deadline ends a call, beside endless calls of another component.
//!
//! A timer ends calls that wait in the host, and computing calls end at the end of a slice, so both
//! are measured. Time is measured from the call to the error that the caller receives.

use std::time::{Duration, Instant};

use airssys_wasm_host::{Deployment, DynamicFunction, ErrorKind, Host, Limits};
use airssys_wasm_tests::guests::guest;
use airssys_wasm_tests::load::percentile;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use crate::measure::{on_one_thread, on_threads};
use crate::report::{Goal, Row, Unit, display};

const DEADLINE: Duration = Duration::from_millis(200);
const FOREVER: Duration = Duration::from_secs(3_600);
const SPINNING: [u64; 5] = [0, 1, 2, 8, 64];

/// In nanoseconds.
const GOAL: Goal = Goal::AtMost(60e6);

/// A kind of call to measure.
struct MeasuredCall {
    description: &'static str,
    guest: &'static str,
    function: &'static str,
    arguments: &'static str,
    /// The number of concurrent callers, and of calls by each.
    callers: u32,
    calls: u32,
}

const WAITING: MeasuredCall = MeasuredCall {
    description: "waits",
    guest: "limits-sleep",
    function: "sleep",
    arguments: "(10000)",
    callers: 8,
    calls: 40,
};

const COMPUTING: MeasuredCall = MeasuredCall {
    description: "computes",
    guest: "limits-spin",
    function: "spin",
    arguments: "()",
    callers: 2,
    calls: 40,
};

pub(crate) fn rows() -> Vec<Row> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut rows = on_threads(threads, rows_of("a thread a core"));
    rows.extend(on_one_thread(rows_of("one thread")));
    rows
}

async fn rows_of(runtime: &str) -> Vec<Row> {
    let host = Host::builder().build().expect("a host");
    let spinner = deploy(&host, "limits-spin", "spinner", FOREVER).await;
    let mut rows = Vec::new();
    for measured in [WAITING, COMPUTING] {
        let deployment = deploy(&host, measured.guest, measured.description, DEADLINE).await;
        for calls in SPINNING {
            let spinning = spin(&spinner, calls).await;
            let late = measured.lateness(&deployment).await;
            drop(spinning);
            wait_for_slices(&spinner, 0).await;
            let name = format!(
                "a call that {} ends late, {runtime}, beside {calls}",
                measured.description
            );
            rows.push(row(name, measured.guest, late));
        }
    }
    rows
}

async fn deploy(host: &Host, component: &str, name: &str, call_deadline: Duration) -> Deployment {
    let limits = Limits {
        call_deadline,
        ..Limits::default()
    };
    host.deploy(guest(component))
        .name(name)
        .limits(limits)
        .await
        .expect("deployed")
}

/// Starts calls that compute until dropped.
async fn spin(spinner: &Deployment, calls: u64) -> JoinSet<()> {
    let mut spinning = JoinSet::new();
    for _ in 0..calls {
        let spin = spinner.dynamic_function("spin").expect("it spins");
        spinning.spawn(async move { drop(spin.call_wave("()").await) });
    }
    wait_for_slices(spinner, calls).await;
    spinning
}

async fn wait_for_slices(spinner: &Deployment, calls: u64) {
    while spinner.status().calls_in_flight != calls {
        yield_now().await;
    }
}

impl MeasuredCall {
    /// Returns the delay of each call's end.
    async fn lateness(&self, deployment: &Deployment) -> Vec<Duration> {
        let mut callers = JoinSet::new();
        for caller in 0..self.callers {
            let function = deployment
                .dynamic_function(self.function)
                .expect("an exported function");
            // Staggered, so that they do not all end at the same moment.
            let begin = DEADLINE * caller / self.callers;
            let (arguments, calls) = (self.arguments, self.calls);
            callers.spawn(async move {
                sleep(begin).await;
                let mut late = Vec::new();
                for _ in 0..calls {
                    late.push(lateness_of_one(&function, arguments).await);
                }
                late
            });
        }
        callers.join_all().await.concat()
    }
}

async fn lateness_of_one(function: &DynamicFunction, arguments: &str) -> Duration {
    let begun = Instant::now();
    let error = function
        .call_wave(arguments)
        .await
        .expect_err("the call never returns");
    let took = begun.elapsed();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    took.saturating_sub(DEADLINE)
}

fn row(name: String, guest: &'static str, mut late: Vec<Duration>) -> Row {
    let mut share = |share| percentile(&mut late, share).as_nanos() as f64;
    let (median, p99, latest) = (share(0.5), share(0.99), share(1.0));
    Row {
        name: name.into(),
        guest,
        peer: format!("their median; p99 {}", display(p99, Unit::Nanoseconds)).into(),
        ours: latest,
        theirs: median,
        unit: Unit::Nanoseconds,
        goal: GOAL,
    }
}
