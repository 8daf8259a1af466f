//! Memory and descriptors of a process, as `/proc` has them.

use std::time::{Duration, Instant};
use std::{fs, thread};

/// How often they are read.
const PERIOD: Duration = Duration::from_millis(200);

/// The most that a process used.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) resident_kib: u64,
    /// The most in the first quarter of the time: what grows shows.
    pub(super) resident_kib_at_first: u64,
    pub(super) descriptors: usize,
    pub(super) threads: u64,
    /// Processors that it kept busy, on average.
    pub(super) processors: f64,
}

/// Units of processor time in `/proc`: of every Linux that there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Watches a process for so long.
pub(super) fn watch(process: u32, until: Instant) -> Usage {
    let mut usage = Usage::default();
    let (begun, ticks_before) = (Instant::now(), ticks(process));
    let first = begun + until.saturating_duration_since(begun) / 4;
    while Instant::now() < until {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        usage.resident_kib = usage.resident_kib.max(field(&status, "VmRSS:"));
        usage.descriptors = usage.descriptors.max(descriptors);
        usage.threads = usage.threads.max(field(&status, "Threads:"));
        if Instant::now() < first {
            usage.resident_kib_at_first = usage.resident_kib;
        }
        thread::sleep(PERIOD);
    }
    let seconds = ticks(process).saturating_sub(ticks_before) as f64 / TICKS_PER_SECOND;
    usage.processors = seconds / begun.elapsed().as_secs_f64();
    usage
}

/// The processor time of a process: the 12th and 13th field behind its name, which is in
/// parentheses.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    behind.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
