//! The audit trail: a record of every decision on a guest's operation.
//!
//! A guest that repeats an operation in a loop does not flood the log. A limited number of records
//! per second is recorded individually; the rest are aggregated and recorded with their count
//! before the next second is over. Only the targets of the aggregated operations are lost.
//!
//! A decision counts as recorded once it is in the queue that only the log empties, which is before
//! the guest learns of it. A slow log delays the calls whose records it has not taken, up to their
//! deadlines, and nothing else. Records that do not fit into the queue are aggregated as in a
//! flood.
//!
//! Tests: in this file, `tests/suite/capabilities`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use airssys_wasm_core::policy::{DenialReason, Operation};
use airssys_wasm_core::{ComponentName, Digest, Rule};
use parking_lot::Mutex;
use semver::Version;
use serde_json::json;

use super::outbox::{Outbox, QueueCapacity};

/// The number of records of one revision that are recorded individually per second.
const DETAILED_PER_SECOND: u32 = 100;

/// The number of queued records: limited for each deployment, but not in total.
const QUEUE_CAPACITY: QueueCapacity = QueueCapacity {
    share_max: 1_000,
    total_max: usize::MAX,
};

/// The identity under which a guest's operations are decided. The guest cannot influence it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name of the deployment.
    pub deployment: ComponentName,
    /// The number of the revision, counted from 1 for each deployment. A failed update uses up its
    /// number.
    pub revision: u64,
    /// The version that the component's author set, if any.
    pub version: Option<Version>,
    /// The digest of the component's bytes.
    pub digest: Digest,
}

/// The identity of a call: the number of its instance on the host, and its number within that
/// instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallId {
    /// The number of the instance.
    pub instance: u64,
    /// The number of calls to the instance so far; 0 while it starts.
    pub call: u64,
}

/// The decision on an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The operation is allowed by a grant.
    Allowed {
        /// The grant.
        rule: Arc<Rule>,
    },
    /// The operation is denied.
    Denied {
        /// The reason.
        reason: DenialReason,
    },
}

/// A decision, or several of the same kind within one second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The time of the decision.
    pub time: SystemTime,
    /// The identity of the guest.
    pub identity: Arc<Identity>,
    /// The call that the operation was part of.
    pub call: CallId,
    /// The operation; the last one if there were several.
    pub operation: Arc<Operation>,
    /// The decision.
    pub verdict: Verdict,
    /// The number of decisions in this record.
    pub count: u64,
}

/// A log that receives the record of every decision.
///
/// Called from a thread of the host, one record at a time, in order for each deployment.
/// Records wait in a bounded queue, and are queued before the guest learns of the decision; none is
/// dropped. A call returns once the log has taken its records, or at its deadline, so a slow log
/// delays the calls it records and nothing else.
///
/// ```
/// use airssys_wasm_host::{AuditLog, AuditRecord, Host};
///
/// struct Stderr;
///
/// impl AuditLog for Stderr {
///     fn record(&self, record: &AuditRecord) {
///         eprintln!("{}", record.to_json());
///     }
/// }
///
/// let host = Host::builder().audit_log(Stderr).build()?;
/// # Ok::<(), airssys_wasm_host::Error>(())
/// ```
pub trait AuditLog: Send + Sync + 'static {
    /// Takes a record.
    fn record(&self, record: &AuditRecord);
}

impl AuditRecord {
    /// Returns `true` if the operation was denied.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        matches!(self.verdict, Verdict::Denied { .. })
    }

    /// Formats the record as a line of JSON, without a line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (decision, reason, rule) = match &self.verdict {
            Verdict::Allowed { rule } => ("allowed", None, Some(&**rule)),
            Verdict::Denied { reason } => ("denied", Some(reason), reason.rule()),
        };
        json!({
            "time": humantime::format_rfc3339_micros(self.time).to_string(),
            "component": self.identity.deployment.to_string(),
            "revision": self.identity.revision,
            "version": self.identity.version.as_ref().map(ToString::to_string),
            "digest": self.identity.digest.to_string(),
            "call": self.call.to_string(),
            "operation": self.operation.action(),
            "target": self.operation.escaped_target(),
            "decision": decision,
            "reason": reason.map(DenialReason::as_str),
            "detail": reason.map(ToString::to_string),
            "rule": rule.map(|rule| rule.without_value().to_string()),
            "count": self.count,
        })
        .to_string()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.instance, self.call)
    }
}

impl<L: AuditLog + ?Sized> AuditLog for Arc<L> {
    fn record(&self, record: &AuditRecord) {
        (**self).record(record);
    }
}

/// The default log: emits a `tracing` event for each record.
pub(crate) struct TracingAudit;

impl AuditLog for TracingAudit {
    fn record(&self, record: &AuditRecord) {
        if record.is_denial() {
            tracing::warn!(target: "airssys_wasm::audit", record = record.to_json());
        } else {
            tracing::debug!(target: "airssys_wasm::audit", record = record.to_json());
        }
    }
}

/// The front of the audit log, which passes records on individually or aggregated.
pub(crate) struct AuditTrail {
    outbox: Outbox<AuditRecord>,
    counts: Mutex<RecordCounts>,
}

#[derive(Default)]
struct RecordCounts {
    /// The number of records passed on individually in this second, by the address of the identity
    /// and by denial. An identity allocated at a freed address shares the count of its predecessor
    /// for that second.
    detailed: HashMap<(usize, bool), u32>,
    /// Aggregated records, by identity, action and reason.
    aggregated: HashMap<(Arc<Identity>, String, &'static str), AuditRecord>,
}

impl AuditTrail {
    pub(crate) fn new(log: Arc<dyn AuditLog>) -> Self {
        let outbox = Outbox::new("airssys-wasm-audit", QUEUE_CAPACITY, move |record| {
            log.record(&record)
        });
        Self {
            outbox,
            counts: Mutex::default(),
        }
    }

    /// Records a decision or aggregates it. Returns the number of the record, or `None` if it was
    /// aggregated.
    pub(crate) fn record(&self, record: AuditRecord) -> Option<u64> {
        let mut counted = self.counts.lock();
        if counted.aggregate_excess(&record) {
            return None;
        }
        let identity = Arc::clone(&record.identity);
        match self.outbox.put(&identity.deployment, 1, record) {
            Ok(number) => Some(number),
            Err(record) => {
                counted.aggregate_until_flush(record);
                None
            }
        }
    }

    /// Ends a second: records what was aggregated. Records that do not fit into the queue stay
    /// aggregated.
    pub(crate) fn flush(&self) {
        let mut counted = self.counts.lock();
        counted.detailed.clear();
        for (_, record) in std::mem::take(&mut counted.aggregated) {
            let identity = Arc::clone(&record.identity);
            if let Err(record) = self.outbox.put(&identity.deployment, 1, record) {
                counted.aggregate_until_flush(record);
            }
        }
    }

    /// Returns `true` if the log has taken every record up to this number.
    #[inline]
    pub(crate) fn has_taken(&self, number: u64) -> bool {
        self.outbox.has_taken(number)
    }

    /// Waits until the log has taken every record up to this number. Cancel safe.
    pub(crate) async fn wait_until_taken(&self, number: u64) {
        self.outbox.wait_until_taken(number).await;
    }

    /// Waits until the log has taken every record so far, except for aggregated ones. Cancel safe.
    pub(crate) async fn wait_until_empty(&self) {
        self.outbox.wait_until_empty().await;
    }
}

impl Drop for AuditTrail {
    /// Records the remaining aggregates, regardless of the queue's capacity.
    fn drop(&mut self) {
        for (_, record) in std::mem::take(&mut self.counts.get_mut().aggregated) {
            let identity = Arc::clone(&record.identity);
            self.outbox.put_unbounded(&identity.deployment, 1, record);
        }
    }
}

impl RecordCounts {
    /// Aggregates a record if enough of its kind were recorded in this second. Returns `true` if it
    /// did.
    fn aggregate_excess(&mut self, record: &AuditRecord) -> bool {
        let count = self.detailed.entry(counter_key(record)).or_default();
        *count = count.saturating_add(1);
        if *count <= DETAILED_PER_SECOND {
            return false;
        }
        self.aggregate(record.clone());
        true
    }

    /// Aggregates a record that does not fit into the queue, and those that follow it, to preserve
    /// their order.
    fn aggregate_until_flush(&mut self, record: AuditRecord) {
        self.detailed
            .insert(counter_key(&record), DETAILED_PER_SECOND);
        self.aggregate(record);
    }

    fn aggregate(&mut self, record: AuditRecord) {
        let why = match &record.verdict {
            Verdict::Allowed { .. } => "allowed",
            Verdict::Denied { reason } => reason.as_str(),
        };
        let key = (
            Arc::clone(&record.identity),
            record.operation.action().to_owned(),
            why,
        );
        match self.aggregated.entry(key) {
            std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(record)),
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                let count = entry.get().count + record.count;
                entry.insert(AuditRecord { count, ..record });
            }
        }
    }
}

/// The key of a record in [`RecordCounts::detailed`]: the address of its identity, and `true` for a
/// denial.
fn counter_key(record: &AuditRecord) -> (usize, bool) {
    (Arc::as_ptr(&record.identity).addr(), record.is_denial())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct RecordingLog(Mutex<Vec<AuditRecord>>);

    impl AuditLog for RecordingLog {
        fn record(&self, record: &AuditRecord) {
            self.0.lock().push(record.clone());
        }
    }

    fn identity() -> Arc<Identity> {
        let deployment = "probe".parse().expect("a name");
        Arc::new(Identity {
            deployment,
            revision: 1,
            version: None,
            digest: Digest::compute(b""),
        })
    }

    fn denial(identity: &Arc<Identity>, name: &str) -> AuditRecord {
        AuditRecord {
            time: SystemTime::UNIX_EPOCH,
            identity: Arc::clone(identity),
            call: CallId::default(),
            operation: Arc::new(Operation::Lookup { name: name.into() }),
            verdict: Verdict::Denied {
                reason: DenialReason::NotGranted,
            },
            count: 1,
        }
    }

    #[tokio::test]
    async fn a_flood_is_counted_and_none_is_lost() {
        let log = Arc::new(RecordingLog::default());
        let trail = AuditTrail::new(Arc::clone(&log) as Arc<dyn AuditLog>);
        let identity = identity();
        for n in 0..10_000 {
            trail.record(denial(&identity, &n.to_string()));
        }
        trail.wait_until_empty().await;
        assert_eq!(log.0.lock().len(), DETAILED_PER_SECOND as usize);
        drop(trail);
        ended(&log);
        assert_eq!(
            log.0.lock().iter().map(|record| record.count).sum::<u64>(),
            10_000
        );
        assert_eq!(log.0.lock().len(), DETAILED_PER_SECOND as usize + 1);
    }

    /// Waits until the trail's thread has ended.
    fn ended(log: &Arc<impl Sized>) {
        while Arc::strong_count(log) > 1 {
            std::thread::yield_now();
        }
    }

    /// A log that takes nothing until it is released.
    struct BlockedAuditLog(Mutex<std::sync::mpsc::Receiver<()>>, RecordingLog);

    impl AuditLog for BlockedAuditLog {
        fn record(&self, record: &AuditRecord) {
            let _ = self.0.lock().recv();
            self.1.record(record);
        }
    }

    #[test]
    fn a_log_that_takes_nothing_loses_nothing_and_holds_no_more_than_it_may() {
        let (go_on, may) = std::sync::mpsc::channel();
        let log = Arc::new(BlockedAuditLog(Mutex::new(may), RecordingLog::default()));
        let trail = AuditTrail::new(Arc::clone(&log) as Arc<dyn AuditLog>);
        let (identity, other) = (
            identity(),
            Arc::new(Identity {
                deployment: "other".parse().expect("a name"),
                ..(*identity()).clone()
            }),
        );
        let seconds = 20;
        for second in 0..seconds {
            for n in 0..DETAILED_PER_SECOND {
                trail.record(denial(&identity, &format!("{second}-{n}")));
            }
            trail.flush();
        }
        assert!(
            trail.record(denial(&other, "x")).is_some(),
            "other deployments have room"
        );
        assert_eq!(
            trail.counts.lock().aggregated.len(),
            1,
            "records without room are aggregated"
        );
        drop(trail);
        drop(go_on);
        ended(&log);
        let log = log.1.0.lock();
        assert_eq!(log.len(), QUEUE_CAPACITY.share_max + 2);
        let all = u64::from(seconds * DETAILED_PER_SECOND);
        assert_eq!(log.iter().map(|record| record.count).sum::<u64>(), all + 1);
        let last = log
            .iter()
            .rfind(|record| record.identity.deployment == identity.deployment);
        assert_eq!(
            last.map(|last| last.count),
            Some(all - QUEUE_CAPACITY.share_max as u64),
            "in order"
        );
    }

    #[test]
    fn a_record_is_a_line_of_json() {
        let line = denial(&identity(), "evil\n.net").to_json();
        assert!(!line.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["decision"], "denied");
        assert_eq!(value["reason"], "not granted");
        assert_eq!(value["target"], r"evil\u{a}.net");
    }
}
