//! Requests to one component beside endless calls of another: the 99th percentile of latency. For
//! the command its API is measured as well.
//!
//! The peer is the same host while nothing spins.

mod command;
mod embedder;

use std::thread;
use std::time::{Duration, Instant};

use airssys_wasm_tests::load::percentile;

use crate::persistent_connection::latencies_of_clients;
use crate::report::{Goal, Row, Unit};

const WEB: &str = "plain-web";
const SPINNER: &str = "limits-spin";
/// The deadline of spinning calls in seconds, longer than any bench.
const FOREVER: u64 = 3_600;

/// The numbers of spinning calls; the first is the peer.
const SPINNING: [usize; 6] = [0, 1, 2, 4, 8, 64];
const WINDOW: Duration = Duration::from_secs(10);
/// Time after which every spinning call has used up its first slice.
const SETTLED: Duration = Duration::from_millis(500);
/// The number of clients of the component that does not spin.
const CONNECTIONS: usize = 4;

/// The goal in nanoseconds.
const GOAL: Goal = Goal::AtMost(60e6);

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = command::rows();
    rows.extend(embedder::rows());
    rows
}

/// A host that can run spinning calls.
trait SpinnerHost {
    /// A guard that ends the call when dropped.
    type Call;

    fn begin_call(&self) -> Self::Call;

    fn calls_in_flight(&self) -> u64;
}

/// Runs `measure` beside each number of spinning calls.
fn measure_beside_each<T>(host: &impl SpinnerHost, measure: impl Fn() -> T) -> Vec<T> {
    let beside = |calls: usize| {
        let spinning: Vec<_> = (0..calls).map(|_| host.begin_call()).collect();
        wait_for_calls(host, calls as u64);
        thread::sleep(SETTLED);
        let measured = measure();
        drop(spinning);
        wait_for_calls(host, 0);
        measured
    };
    SPINNING.map(beside).into()
}

fn wait_for_calls(host: &impl SpinnerHost, calls: u64) {
    while host.calls_in_flight() != calls {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns the 99th percentile of the HTTP latency in a window, in nanoseconds.
fn http_p99(address: std::net::SocketAddr) -> f64 {
    let end = Instant::now() + WINDOW;
    p99(latencies_of_clients(address, CONNECTIONS, || {
        Instant::now() > end
    }))
}

fn p99(mut latencies: Vec<Duration>) -> f64 {
    percentile(&mut latencies, 0.99).as_nanos() as f64
}

/// Returns a row for each number of spinning calls except zero.
fn compare(what: &str, p99s: &[f64]) -> Vec<Row> {
    let row = |(calls, p99): (&usize, &f64)| Row {
        name: format!("{what}, beside {calls} spinning").into(),
        guest: "plain-web",
        peer: "the same beside none".into(),
        ours: *p99,
        theirs: p99s[0],
        unit: Unit::Nanoseconds,
        goal: GOAL,
    };
    SPINNING.iter().zip(p99s).skip(1).map(row).collect()
}
