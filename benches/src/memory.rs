//! Resident memory of processes.

use airssys_wasm_tests::process::status_field;

/// Returns the resident memory of this process.
pub(crate) fn resident_bytes() -> f64 {
    resident_bytes_of(std::process::id())
}

/// Returns the resident memory of a process.
pub(crate) fn resident_bytes_of(process: u32) -> f64 {
    bytes_of(process, "VmRSS")
}

/// Returns the peak of a process's resident memory since it started or since [`reset_peak_of`].
pub(crate) fn peak_bytes_of(process: u32) -> f64 {
    bytes_of(process, "VmHWM")
}

/// Restarts the measurement of a process's peak from its current memory.
pub(crate) fn reset_peak_of(process: u32) {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").expect("a process of this user");
}

fn bytes_of(process: u32, figure: &str) -> f64 {
    status_field(process, figure).map_or(f64::NAN, |kib| kib as f64 * 1024.0)
}
