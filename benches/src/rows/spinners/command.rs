//! The command as a process, with calls that spin through its API.

use std::fmt::Debug;
use std::thread;
use std::time::Instant;

use airssys_wasm_tests::guests::path;

use super::{
    FOREVER, SPINNER, SpinnerHost, WEB, WINDOW, compare, http_p99, measure_beside_each, p99,
};
use crate::command::{HostProcess, status_path};
use crate::report::Row;

pub(super) fn rows() -> Vec<Row> {
    let process = serve();
    let both = measure_beside_each(&process, || {
        thread::scope(|scope| {
            let answers = scope.spawn(|| admin_p99(&process));
            (http_p99(process.address), answers.join().expect("answers"))
        })
    });
    let (http, admin): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
    let mut rows = compare("HTTP p99, the command", &http);
    rows.extend(compare("p99 of `status`, the command", &admin));
    rows
}

fn serve() -> HostProcess {
    let process = HostProcess::start();
    let file = |guest| path(guest).to_str().expect("text").to_owned();
    process.run(&["deploy", &file(WEB), "--name", WEB]);
    process.run(&["route", "set", "/", WEB]);
    let deadline = format!("call-deadline={FOREVER}s");
    process.run(&[
        "deploy",
        &file(SPINNER),
        "--name",
        SPINNER,
        "--limit",
        &deadline,
    ]);
    process
}

/// Returns the 99th percentile of the API's latency in nanoseconds.
fn admin_p99(process: &HostProcess) -> f64 {
    let end = Instant::now() + WINDOW;
    p99(process
        .api()
        .latencies(&status_path(WEB), || Instant::now() > end))
}

impl SpinnerHost for HostProcess {
    type Call = Box<dyn Debug>;

    fn begin_call(&self) -> Self::Call {
        Box::new(HostProcess::begin_call(self, SPINNER, "spin"))
    }

    fn calls_in_flight(&self) -> u64 {
        HostProcess::calls_in_flight(self, SPINNER)
    }
}
