//! Requests answered per second, and the 99th percentile of latency.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use airssys_wasm_host::Instancing;

use super::{ours, peer};
use crate::measure::median;
use crate::report::{Goal, Row, Unit};
use crate::wrk::{self, WrkResult};

/// The number of measurements per side, which alternate.
const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_secs(3);

const PEER: &str = "wasmtime serve -Scli 48, a new instance for each request";

pub(crate) fn rows() -> Vec<Row> {
    let callee = callee();
    let fresh = ours::serve(Instancing::PerCall, callee);
    // Each instance answers ten thousand requests, the default limit.
    let reused = ours::serve(Instancing::pooled(32), callee);
    let peer = peer::serve();
    let mut rows = Vec::new();
    for (names, path, ours, goals) in [
        (
            ["hello, a second", "hello, p99"],
            "/".to_owned(),
            &fresh,
            FRESH,
        ),
        (
            [
                "hello, instances reused, a second",
                "hello, instances reused, p99",
            ],
            "/".to_owned(),
            &reused,
            REUSE,
        ),
        (
            ["64 KiB, a second", "64 KiB, p99"],
            "/64k".to_owned(),
            &fresh,
            FRESH,
        ),
        (
            ["calls out, a second", "calls out, p99"],
            format!("/fetch?{callee}"),
            &fresh,
            FRESH,
        ),
    ] {
        let (our_times, their_times) = alternate(ours.address, peer.address, &path);
        rows.extend(compare(names, goals, &our_times, &their_times));
    }
    rows
}

const FRESH: [Goal; 2] = [Goal::RatioAtLeast(1.05), Goal::RatioAtMost(0.95)];
const REUSE: [Goal; 2] = [Goal::RatioAtLeast(1.5), Goal::None];

fn alternate(ours: SocketAddr, theirs: SocketAddr, path: &str) -> (Vec<WrkResult>, Vec<WrkResult>) {
    let ask = |address| wrk::measure(&format!("http://{address}{path}"), TIME);
    // Warm-up.
    let _ = (ask(ours), ask(theirs));
    (0..ROUNDS).map(|_| (ask(ours), ask(theirs))).unzip()
}

fn compare(
    names: [&'static str; 2],
    goals: [Goal; 2],
    ours: &[WrkResult],
    theirs: &[WrkResult],
) -> [Row; 2] {
    let row = |which: usize, unit, figure: fn(&WrkResult) -> f64| Row {
        name: names[which].into(),
        guest: super::GUEST,
        peer: PEER.into(),
        ours: median(&mut ours.iter().map(figure).collect::<Vec<_>>()),
        theirs: median(&mut theirs.iter().map(figure).collect::<Vec<_>>()),
        unit,
        goal: goals[which],
    };
    [
        row(0, Unit::PerSecond, |seen| seen.a_second),
        row(1, Unit::Nanoseconds, |seen| seen.p99),
    ]
}

/// Starts a server on separate threads that answers every request with five bytes and keeps
/// connections open.
fn callee() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 2048];
    while stream.read(&mut request).is_ok_and(|read| read > 0) {
        if stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            .is_err()
        {
            return;
        }
    }
}
