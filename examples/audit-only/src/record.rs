//! Records decisions.

use std::sync::Arc;

use airssys_wasm_host::{AuditLog, AuditRecord, Verdict};
use parking_lot::Mutex;

/// All decisions, in order.
#[derive(Clone, Default)]
pub(crate) struct RecordedDecisions(Arc<Mutex<Vec<AuditRecord>>>);

impl AuditLog for RecordedDecisions {
    fn record(&self, record: &AuditRecord) {
        self.0.lock().push(record.clone());
    }
}

impl RecordedDecisions {
    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    /// Returns the denied operations with their reasons, without consecutive duplicates.
    pub(crate) fn denials(&self) -> Vec<String> {
        let mut denials: Vec<String> = self.0.lock().iter().filter_map(denial).collect();
        denials.dedup();
        denials
    }
}

fn denial(record: &AuditRecord) -> Option<String> {
    match &record.verdict {
        Verdict::Denied { reason } => Some(format!("{}: {reason}", record.operation)),
        _ => None,
    }
}
