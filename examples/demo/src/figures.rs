//! Computes figures from the log.

use std::time::Duration;

use airssys_wasm_tests::load::{Call, percentile};

/// Returns the 99th percentile of the latency of calls in progress between two times.
pub(crate) fn latency_p99(calls: &[Call], from: Duration, to: Duration) -> Duration {
    let mut latencies: Vec<_> = calls
        .iter()
        .filter(|call| call.ended >= from && call.due <= to)
        .map(Call::latency)
        .collect();
    percentile(&mut latencies, 0.99)
}
