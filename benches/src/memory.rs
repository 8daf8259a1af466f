//! Memory of a process.

use airssys_wasm_tests::process::status_field;

/// Resident memory of this process.
pub(crate) fn resident_bytes() -> f64 {
    resident_bytes_of(std::process::id())
}

/// Resident memory of a process.
pub(crate) fn resident_bytes_of(process: u32) -> f64 {
    bytes_of(process, "VmRSS")
}

/// The most resident memory that a process has had since it was started, or since this was forgotten.
pub(crate) fn peak_bytes_of(process: u32) -> f64 {
    bytes_of(process, "VmHWM")
}

/// Begins to measure the peak of a process's memory from what it has now.
pub(crate) fn forget_peak_of(process: u32) {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").expect("a process of this user");
}

fn bytes_of(process: u32, figure: &str) -> f64 {
    status_field(process, figure).map_or(f64::NAN, |kib| kib as f64 * 1024.0)
}
