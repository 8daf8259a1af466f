//! Runs `wrk` as the client: 32 connections, each of which sends the next request as soon as it is
//! answered.

use std::process::Command;
use std::time::Duration;

/// The measurements of `wrk`.
#[derive(Clone, Copy)]
pub(crate) struct WrkResult {
    pub(crate) a_second: f64,
    /// The 99th percentile of latency in nanoseconds.
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// Prints one line: the number of requests, the duration and the latency percentiles in
/// microseconds, and the number of failures.
const REPORT: &str = r#"
done = function(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("\nseen %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(99), latency:percentile(99.9), failed))
end
"#;

/// Requests a URL for `time`.
///
/// # Panics
///
/// Panics if a request failed, or if `wrk` is missing; `cargo xtask bench` installs it.
pub(crate) fn measure(url: &str, time: Duration) -> WrkResult {
    let place = tempfile::tempdir().expect("a directory");
    let script = place.path().join("report.lua");
    std::fs::write(&script, REPORT).expect("written");
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--connections", "32", "--duration"])
        .arg(format!("{}s", time.as_secs()));
    let output = wrk
        .arg("--script")
        .arg(script)
        .arg(url)
        .output()
        .expect("wrk");
    let printed = String::from_utf8_lossy(&output.stdout);
    let line = printed.lines().find_map(|line| line.strip_prefix("seen "));
    let figures: Vec<f64> = line
        .unwrap_or_default()
        .split(' ')
        .filter_map(|figure| figure.parse().ok())
        .collect();
    let [requests, microseconds, p99, p999, failed] = figures[..] else {
        panic!(
            "unexpected output of wrk: {printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    assert!(
        requests > 0.0 && failed == 0.0,
        "{failed} of {requests} requests to {url} failed: {printed}"
    );
    WrkResult {
        a_second: requests / microseconds * 1e6,
        p99: p99 * 1e3,
        p999: p999 * 1e3,
    }
}
