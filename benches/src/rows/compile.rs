//! Requests to one component while the host process compiles a large one: the 99th percentile of
//! latency, the time of the deploy, and its memory.

use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use airssys_wasm_tests::guests::path;
use airssys_wasm_tests::load::percentile;

use crate::bare;
use crate::command::{HostProcess, finish};
use crate::large_component::large_component;
use crate::measure::median;
use crate::memory::{peak_bytes_of, reset_peak_of, resident_bytes_of};
use crate::persistent_connection::latencies_of_clients;
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "plain-web";
const LARGE: &str = "18 MB of code";
const LARGE_BYTES: usize = 18_000_000;
const ROUNDS: u32 = 2;
/// Time for which requests are measured while nothing compiles.
const CALM: Duration = Duration::from_secs(10);
/// The number of clients of the component that is deployed already.
const CONNECTIONS: usize = 4;

/// Measurements of one deploy, and of a time without one. Times are in nanoseconds.
struct RoundMeasurements {
    calm: Vec<Duration>,
    busy: Vec<Duration>,
    took: f64,
    bare_took: f64,
    memory_bytes: f64,
}

pub(crate) fn rows() -> Vec<Row> {
    let process = HostProcess::start();
    let web = path(GUEST);
    let web = web.to_str().expect("text");
    process.run(&["deploy", web, "--name", "web", "--instancing", "pooled 8"]);
    process.run(&["route", "set", "/", "web"]);
    let rounds: Vec<RoundMeasurements> =
        (0..ROUNDS).map(|number| round(&process, number)).collect();
    let p99 = |latencies: fn(&RoundMeasurements) -> &[Duration]| {
        let mut all = rounds.iter().map(latencies).collect::<Vec<_>>().concat();
        percentile(&mut all, 0.99).as_nanos() as f64
    };
    let middle = |figure: fn(&RoundMeasurements) -> f64| {
        median(&mut rounds.iter().map(figure).collect::<Vec<_>>())
    };
    vec![
        Row {
            name: "HTTP p99 while 18 MB compile, the command".into(),
            guest: GUEST,
            peer: "the same while nothing compiles".into(),
            ours: p99(|round| &round.busy),
            theirs: p99(|round| &round.calm),
            unit: Unit::Nanoseconds,
            goal: Goal::RatioOrExcessAtMost(1.5, 2e6),
        },
        Row {
            name: "deploy of 18 MB beside these requests".into(),
            guest: LARGE,
            peer: "wasmtime, precompile_component on every core".into(),
            ours: middle(|round| round.took),
            theirs: middle(|round| round.bare_took),
            unit: Unit::Nanoseconds,
            goal: Goal::None,
        },
        Row {
            name: "most memory while 18 MB compile".into(),
            guest: LARGE,
            peer: "the bytes of the component".into(),
            ours: middle(|round| round.memory_bytes),
            theirs: LARGE_BYTES as f64,
            unit: Unit::Bytes,
            goal: Goal::None,
        },
    ]
}

fn round(process: &HostProcess, number: u32) -> RoundMeasurements {
    let component = large_component(LARGE_BYTES, number);
    let begun = Instant::now();
    bare::engine_like_host()
        .precompile_component(&component)
        .expect("it compiles");
    let bare_took = begun.elapsed().as_nanos() as f64;
    let (calm, ()) = latencies_while(process, || thread::sleep(CALM));
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("large.wasm");
    std::fs::write(&file, component).expect("written");
    reset_peak_of(process.id());
    let before = resident_bytes_of(process.id());
    let (busy, took) = latencies_while(process, || {
        let begun = Instant::now();
        let name = format!("large-{number}");
        let deploy: Child =
            process.begin(&["deploy", file.to_str().expect("text"), "--name", &name]);
        finish(deploy);
        begun.elapsed().as_nanos() as f64
    });
    let memory_bytes = peak_bytes_of(process.id()) - before;
    RoundMeasurements {
        calm,
        busy,
        took,
        bare_took,
        memory_bytes,
    }
}

/// Returns the latencies of requests sent while `act` runs.
fn latencies_while<T>(process: &HostProcess, act: impl FnOnce() -> T) -> (Vec<Duration>, T) {
    let has_acted = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_over = || has_acted.load(Ordering::Relaxed);
        let clients =
            scope.spawn(move || latencies_of_clients(process.address, CONNECTIONS, is_over));
        let acted = act();
        has_acted.store(true, Ordering::Relaxed);
        (clients.join().expect("answers"), acted)
    })
}
