//! Requests to one component beside calls of another that compute without end: how long the
//! slowest of a hundred take. On the command its API is asked as well.
//!
//! The peer is the same host while nothing spins.

mod command;
mod embedder;

use std::thread;
use std::time::{Duration, Instant};

use airssys_wasm_tests::load::percentile;

use crate::kept_connection::latencies_of_clients;
use crate::report::{Goal, Row, Unit};

const WEB: &str = "plain-web";
const SPINNER: &str = "limits-spin";
/// The deadline of calls that spin, in seconds: longer than any bench.
const FOREVER: u64 = 3_600;

/// How many calls spin; the first is the peer.
const SPINNING: [usize; 6] = [0, 1, 2, 4, 8, 64];
const WINDOW: Duration = Duration::from_secs(10);
/// The time after which every spinning call has used up its first slice.
const SETTLED: Duration = Duration::from_millis(500);
/// Clients of the component that does not spin.
const CONNECTIONS: usize = 4;

/// In nanoseconds.
const GOAL: Goal = Goal::AtMost(60e6);

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = command::rows();
    rows.extend(embedder::rows());
    rows
}

/// A host in which calls can be made to spin.
trait Spinning {
    /// Ends a call when dropped.
    type Call;

    fn begin_call(&self) -> Self::Call;

    fn calls_in_flight(&self) -> u64;
}

/// Does something beside each number of spinning calls.
fn beside_each<T>(host: &impl Spinning, measure: impl Fn() -> T) -> Vec<T> {
    let beside = |calls: usize| {
        let spinning: Vec<_> = (0..calls).map(|_| host.begin_call()).collect();
        reach(host, calls as u64);
        thread::sleep(SETTLED);
        let measured = measure();
        drop(spinning);
        reach(host, 0);
        measured
    };
    SPINNING.map(beside).into()
}

fn reach(host: &impl Spinning, calls: u64) {
    while host.calls_in_flight() != calls {
        thread::sleep(Duration::from_millis(5));
    }
}

/// The 99th percentile of the answers over HTTP that come in a window, in nanoseconds.
fn http_p99(address: std::net::SocketAddr) -> f64 {
    let end = Instant::now() + WINDOW;
    p99(latencies_of_clients(address, CONNECTIONS, || {
        Instant::now() > end
    }))
}

fn p99(mut latencies: Vec<Duration>) -> f64 {
    percentile(&mut latencies, 0.99).as_nanos() as f64
}

/// A row for each number of spinning calls but none.
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
