//! The record of every decision: who tried what, and whether it was allowed.
//!
//! A guest that tries the same in a loop does not flood: so many records a second are
//! told one by one, and what comes beyond is counted and told with its number before
//! the next second is over. Nothing is lost by that but the targets in between.
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

/// Records of one revision that are told one by one, in a second.
const DETAILED_PER_SECOND: u32 = 100;

/// Whose authority is asked for. A guest has no say in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name it is deployed under.
    pub component: ComponentName,
    /// The host's count for this name.
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
/// Called from within calls, with nothing locked: return quickly. Denials are told
/// before the guest learns of them.
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
    log: Arc<dyn AuditLog>,
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
        Self { log, counted: Mutex::default() }
    }

    /// Tells it now, or counts it.
    pub(crate) fn record(&self, record: AuditRecord) {
        if self.counted.lock().counts(&record) {
            return;
        }
        self.log.record(&record);
    }

    /// A second is over: tells what was counted.
    pub(crate) fn flush(&self) {
        let beyond = {
            let mut counted = self.counted.lock();
            counted.detailed.clear();
            std::mem::take(&mut counted.beyond)
        };
        beyond.values().for_each(|record| self.log.record(record));
    }
}

impl Drop for AuditTrail {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Counted {
    /// Counts a record if enough of its kind have been told this second.
    fn counts(&mut self, record: &AuditRecord) -> bool {
        let key = (Arc::as_ptr(&record.identity).addr(), record.is_denial());
        let told = self.detailed.entry(key).or_default();
        *told += 1;
        if *told <= DETAILED_PER_SECOND {
            return false;
        }
        let why = match &record.verdict {
            Verdict::Allowed { .. } => "allowed",
            Verdict::Denied { reason } => reason.word(),
        };
        let key = (Arc::clone(&record.identity), record.operation.action().to_owned(), why);
        match self.beyond.entry(key) {
            std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(record.clone())),
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                let count = entry.get().count + record.count;
                entry.insert(AuditRecord { count, ..record.clone() });
            }
        }
        true
    }
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
        Arc::new(Identity { component, revision: 1, version: None, digest: Digest::of(b"") })
    }

    fn denial(identity: &Arc<Identity>, name: &str) -> AuditRecord {
        AuditRecord {
            time: SystemTime::UNIX_EPOCH,
            identity: Arc::clone(identity),
            call: CallId::default(),
            operation: Arc::new(Operation::Lookup { name: name.into() }),
            verdict: Verdict::Denied { reason: Reason::NotGranted },
            count: 1,
        }
    }

    #[test]
    fn a_flood_is_counted_and_none_is_lost() {
        let told = Arc::new(Told::default());
        let trail = AuditTrail::new(Arc::clone(&told) as Arc<dyn AuditLog>);
        let identity = identity();
        for n in 0..10_000 {
            trail.record(denial(&identity, &n.to_string()));
        }
        assert_eq!(told.0.lock().len(), DETAILED_PER_SECOND as usize);
        drop(trail);
        assert_eq!(told.0.lock().iter().map(|record| record.count).sum::<u64>(), 10_000);
        assert_eq!(told.0.lock().len(), DETAILED_PER_SECOND as usize + 1);
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
