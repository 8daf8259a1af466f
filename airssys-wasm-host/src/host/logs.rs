//! The logs of a host.
//!
//! Tests: `tests/suite/slow_logs.rs`.

use super::Host;

/// The guest log and the audit log of a host, which threads of the host write. Returned by
/// [`Host::logs`].
#[derive(Clone, Copy, Debug)]
pub struct HostLogs<'a>(&'a Host);

impl<'a> HostLogs<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        Self(host)
    }

    /// Waits until the guest log and the audit log have taken everything passed to them so far.
    /// Call it before the program ends, so that no output is lost. Cancel safe.
    pub async fn flush(self) {
        let services = &self.0.0.context.services;
        services.guest_log.wait_until_empty().await;
        services.audit.wait_until_empty().await;
    }

    /// Returns the number of guest lines dropped because the guest log was too slow, not counting
    /// those beyond [`Limits::log_bytes_per_second_max`](crate::Limits).
    #[must_use]
    pub fn guest_lines_dropped(self) -> u64 {
        self.0.0.context.services.guest_log.dropped()
    }
}
