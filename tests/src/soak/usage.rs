//! Memory, descriptors, threads and processor time of a process, read from `/proc`.

use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::process::{stat_fields, status_field};

/// Interval between two samples.
const PERIOD: Duration = Duration::from_millis(200);

/// The peak usage of a process.
#[derive(Debug, Default)]
pub(super) struct ProcessUsage {
    pub(super) resident_kib: u64,
    /// The peak in the first quarter of the time; a leak shows as growth after it.
    pub(super) resident_kib_at_first: u64,
    pub(super) descriptors: usize,
    pub(super) threads: u64,
    /// The average number of processors kept busy.
    pub(super) processors: f64,
}

/// Units of processor time per second in `/proc`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Samples a process until `until`.
pub(super) fn watch(process: u32, until: Instant) -> ProcessUsage {
    let mut usage = ProcessUsage::default();
    let (begun, ticks_before) = (Instant::now(), ticks(process));
    let first = begun + until.saturating_duration_since(begun) / 4;
    while Instant::now() < until {
        let field = |name| status_field(process, name).unwrap_or_default();
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count);
        usage.resident_kib = usage.resident_kib.max(field("VmRSS"));
        usage.descriptors = usage.descriptors.max(descriptors);
        usage.threads = usage.threads.max(field("Threads"));
        if Instant::now() < first {
            usage.resident_kib_at_first = usage.resident_kib;
        }
        thread::sleep(PERIOD);
    }
    let seconds = ticks(process).saturating_sub(ticks_before) as f64 / TICKS_PER_SECOND;
    usage.processors = seconds / begun.elapsed().as_secs_f64();
    usage
}

/// Returns the processor time of a process, user and system, in ticks.
fn ticks(process: u32) -> u64 {
    let fields = stat_fields(process);
    fields
        .iter()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum()
}
