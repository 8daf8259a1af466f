//! The record of every decision: who tried what, and whether it was allowed.
//!
//! A guest that tries the same in a loop does not flood: so many records a second are
//! told one by one, and what comes beyond is counted and told with its number before
//! the next second is over. Nothing is lost by that but the targets in between.
//!
//! A decision is recorded when it is in the queue that only the log empties: that is so before the
//! guest learns of it. A log that is slow delays the calls whose records it has not taken, up to
//! their deadlines, and nobody else. What finds no room in the queue is counted, as in a flood.
//! Tests: below; with guests in the workspace's `tests/suite/capabilities`.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use airssys_wasm_core::policy::{Operation, Reason};
use airssys_wasm_core::{ComponentName, Digest, Rule};
use parking_lot::Mutex;
use semver::Version;
use serde_json::json;

use super::outbox::{Outbox, Room};

/// Records of one revision that are told one by one, in a second.
const DETAILED_PER_SECOND: u32 = 100;

/// Records that wait for the log: so many of one deployment, of as many as there are.
const ROOM: Room = Room {
    share_max: 1_000,
    total_max: usize::MAX,
};

/// Whose authority is asked for. A guest has no say in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name it is deployed under.
    pub component: ComponentName,
    /// The host's count for this name, from 1. An update that fails has used up its number.
    pub revision: u64,
    /// The author's version, if the component says one.
    pub version: Option<Version>,
    /// The content address of its bytes.
    pub digest: Digest,
}

/// Which call: the host's count of instances, and the count of calls in that one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallId {
    /// The instance.
    pub instance: u64,
    /// Its calls so far; 0 while it starts.
    pub call: u64,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It may be done, by this grant.
    Allowed {
        /// The grant.
        rule: Arc<Rule>,
    },
    /// It may not be done.
    Denied {
        /// Why.
        reason: Reason,
    },
}

/// One decision, or several of one kind in the same second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When.
    pub time: SystemTime,
    /// Whose.
    pub identity: Arc<Identity>,
    /// In which call.
    pub call: CallId,
    /// What was tried; the last of them if there were several.
    pub operation: Arc<Operation>,
    /// What was decided.
    pub verdict: Verdict,
    /// How many decisions this record stands for.
    pub count: u64,
}

/// Takes the record of every decision.
///
/// Called from a thread of the host's own, one record after the other, in the order of each
/// deployment. Records wait in a bounded queue, and are in it before the guest learns of the
/// decision; none is dropped. A call returns when the log has taken its records, or at its
/// deadline, so a log that is slow delays those whom it records, and nobody else.
pub trait AuditLog: Send + Sync + 'static {
    /// Takes a record.
    fn record(&self, record: &AuditRecord);
}

impl AuditRecord {
    /// Whether what was tried was refused.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        matches!(self.verdict, Verdict::Denied { .. })
    }

    /// The record as a line of JSON, without a line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (decision, reason, rule) = match &self.verdict {
            Verdict::Allowed { rule } => ("allowed", None, Some(&**rule)),
            Verdict::Denied { reason } => ("denied", Some(reason), reason.rule()),
        };
        json!({
            "time": humantime::format_rfc3339_micros(self.time).to_string(),
            "component": self.identity.component.to_string(),
            "revision": self.identity.revision,
            "version": self.identity.version.as_ref().map(ToString::to_string),
            "digest": self.identity.digest.to_string(),
            "call": self.call.to_string(),
            "operation": self.operation.action(),
            "target": self.operation.shown_target(),
            "decision": decision,
            "reason": reason.map(Reason::word),
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

/// The default: a `tracing` event for each record.
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

/// Tells the log, one by one or counted.
pub(crate) struct AuditTrail {
    outbox: Outbox<AuditRecord>,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    /// Told one by one in this second, by whose and whether they were denials. Whose, by
    /// where it lies: one that comes to lie where another did shares a second with it.
    detailed: HashMap<(usize, bool), u32>,
    /// What came beyond, by whose, what and why.
    beyond: HashMap<(Arc<Identity>, String, &'static str), AuditRecord>,
}

impl AuditTrail {
    pub(crate) fn new(log: Arc<dyn AuditLog>) -> Self {
        let outbox = Outbox::new("airssys-wasm-audit", ROOM, move |record| {
            log.record(&record)
        });
        Self {
            outbox,
            counted: Mutex::default(),
        }
    }

    /// Records a decision, or counts it. Gives the number of the record; none if it was counted.
    pub(crate) fn record(&self, record: AuditRecord) -> Option<u64> {
        let mut counted = self.counted.lock();
        if counted.counts(&record) {
            return None;
        }
        let identity = Arc::clone(&record.identity);
        match self.outbox.put(&identity.component, 1, record) {
            Ok(number) => Some(number),
            Err(record) => {
                counted.count_until_flushed(record);
                None
            }
        }
    }

    /// Ends a second: records what was counted. What finds no room is counted on.
    pub(crate) fn flush(&self) {
        let mut counted = self.counted.lock();
        counted.detailed.clear();
        for (_, record) in std::mem::take(&mut counted.beyond) {
            let identity = Arc::clone(&record.identity);
            if let Err(record) = self.outbox.put(&identity.component, 1, record) {
                counted.count_until_flushed(record);
            }
        }
    }

    /// Whether the log has taken everything up to a record.
    #[inline]
    pub(crate) fn has_taken(&self, number: u64) -> bool {
        self.outbox.has_taken(number)
    }

    /// Waits until the log has taken everything up to a record. Cancel safe.
    pub(crate) async fn taken(&self, number: u64) {
        self.outbox.taken(number).await;
    }

    /// Waits until the log has taken everything so far, but for what is counted. Cancel safe.
    pub(crate) async fn emptied(&self) {
        self.outbox.emptied().await;
    }
}

impl Drop for AuditTrail {
    /// Nothing is counted on: the rest is recorded, whatever room there is.
    fn drop(&mut self) {
        for (_, record) in std::mem::take(&mut self.counted.get_mut().beyond) {
            let identity = Arc::clone(&record.identity);
            self.outbox.put_beyond(&identity.component, 1, record);
        }
    }
}

impl Counted {
    /// Counts a record if enough of its kind have been told this second.
    fn counts(&mut self, record: &AuditRecord) -> bool {
        let told = self.detailed.entry(whose(record)).or_default();
        *told = told.saturating_add(1);
        if *told <= DETAILED_PER_SECOND {
            return false;
        }
        self.count(record.clone());
        true
    }

    /// Counts a record for which there is no room, and those that follow it: they keep their order.
    fn count_until_flushed(&mut self, record: AuditRecord) {
        self.detailed.insert(whose(&record), DETAILED_PER_SECOND);
        self.count(record);
    }

    fn count(&mut self, record: AuditRecord) {
        let why = match &record.verdict {
            Verdict::Allowed { .. } => "allowed",
            Verdict::Denied { reason } => reason.word(),
        };
        let key = (
            Arc::clone(&record.identity),
            record.operation.action().to_owned(),
            why,
        );
        match self.beyond.entry(key) {
            std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(record)),
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                let count = entry.get().count + record.count;
                entry.insert(AuditRecord { count, ..record });
            }
        }
    }
}

/// Whose a record is, and whether it is a denial.
fn whose(record: &AuditRecord) -> (usize, bool) {
    (Arc::as_ptr(&record.identity).addr(), record.is_denial())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<AuditRecord>>);

    impl AuditLog for Told {
        fn record(&self, record: &AuditRecord) {
            self.0.lock().push(record.clone());
        }
    }

    fn identity() -> Arc<Identity> {
        let component = "probe".parse().expect("a name");
        Arc::new(Identity {
            component,
            revision: 1,
            version: None,
            digest: Digest::of(b""),
        })
    }

    fn denial(identity: &Arc<Identity>, name: &str) -> AuditRecord {
        AuditRecord {
            time: SystemTime::UNIX_EPOCH,
            identity: Arc::clone(identity),
            call: CallId::default(),
            operation: Arc::new(Operation::Lookup { name: name.into() }),
            verdict: Verdict::Denied {
                reason: Reason::NotGranted,
            },
            count: 1,
        }
    }

    #[tokio::test]
    async fn a_flood_is_counted_and_none_is_lost() {
        let told = Arc::new(Told::default());
        let trail = AuditTrail::new(Arc::clone(&told) as Arc<dyn AuditLog>);
        let identity = identity();
        for n in 0..10_000 {
            trail.record(denial(&identity, &n.to_string()));
        }
        trail.emptied().await;
        assert_eq!(told.0.lock().len(), DETAILED_PER_SECOND as usize);
        drop(trail);
        ended(&told);
        assert_eq!(
            told.0.lock().iter().map(|record| record.count).sum::<u64>(),
            10_000
        );
        assert_eq!(told.0.lock().len(), DETAILED_PER_SECOND as usize + 1);
    }

    /// Waits until nothing more can be told.
    fn ended(told: &Arc<impl Sized>) {
        while Arc::strong_count(told) > 1 {
            std::thread::yield_now();
        }
    }

    /// A log that takes nothing until it may.
    struct Held(Mutex<std::sync::mpsc::Receiver<()>>, Told);

    impl AuditLog for Held {
        fn record(&self, record: &AuditRecord) {
            let _ = self.0.lock().recv();
            self.1.record(record);
        }
    }

    #[test]
    fn a_log_that_takes_nothing_loses_nothing_and_holds_no_more_than_it_may() {
        let (go_on, may) = std::sync::mpsc::channel();
        let told = Arc::new(Held(Mutex::new(may), Told::default()));
        let trail = AuditTrail::new(Arc::clone(&told) as Arc<dyn AuditLog>);
        let (identity, other) = (
            identity(),
            Arc::new(Identity {
                component: "other".parse().expect("a name"),
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
            "others have room"
        );
        assert_eq!(
            trail.counted.lock().beyond.len(),
            1,
            "what finds no room is counted"
        );
        drop(trail);
        drop(go_on);
        ended(&told);
        let told = told.1.0.lock();
        assert_eq!(told.len(), ROOM.share_max + 2);
        let all = u64::from(seconds * DETAILED_PER_SECOND);
        assert_eq!(told.iter().map(|record| record.count).sum::<u64>(), all + 1);
        let last = told
            .iter()
            .rfind(|record| record.identity.component == identity.component);
        assert_eq!(
            last.map(|last| last.count),
            Some(all - ROOM.share_max as u64),
            "in their order"
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
