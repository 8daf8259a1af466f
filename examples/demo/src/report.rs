//! The report as a table and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use airssys_wasm_tests::load::Verdict;
use serde_json::{Value, json};

/// The outcome of an update that must be refused.
pub(crate) struct Refusal {
    pub(crate) component: &'static str,
    /// The reason for the refusal. `None` if the update went live, which breaks a promise.
    pub(crate) reason: Option<String>,
}

/// All measurements and outcomes.
pub(crate) struct Report {
    pub(crate) verdict: Verdict,
    pub(crate) update: Duration,
    pub(crate) first_answer: Duration,
    pub(crate) rollback: Duration,
    pub(crate) p99_before: Duration,
    pub(crate) p99_during: Duration,
    pub(crate) refused: Vec<Refusal>,
}

impl Report {
    /// Returns `true` if every promise was kept.
    pub(crate) fn is_clean(&self) -> bool {
        self.verdict.is_clean() && self.refused.iter().all(|refusal| refusal.reason.is_some())
    }

    pub(crate) fn table(&self) -> String {
        let verdict = &self.verdict;
        let rows = [
            ("calls", verdict.calls.to_string()),
            ("dropped", verdict.dropped.to_string()),
            (
                "answered by the wrong revision",
                verdict.wrong_revision.to_string(),
            ),
            (
                "answered twice, or misdirected",
                verdict.misdirected.to_string(),
            ),
            ("answered by", answered_by(verdict)),
            ("update, compiling included", format!("{:.1?}", self.update)),
            (
                "first answer after the update",
                format!("{:.1?}", self.first_answer),
            ),
            ("rollback", format!("{:.1?}", self.rollback)),
            (
                "p99 of a call before the update",
                format!("{:.1?}", self.p99_before),
            ),
            (
                "p99 of a call during the update",
                format!("{:.1?}", self.p99_during),
            ),
        ];
        let mut table = String::new();
        for (name, value) in rows {
            let _ = writeln!(table, "{name:<34}{value}");
        }
        for refusal in &self.refused {
            let said = refusal
                .reason
                .as_deref()
                .unwrap_or("WENT LIVE, and should not have");
            let _ = writeln!(
                table,
                "refused {:<26}{}",
                refusal.component,
                said.replace('\n', "\n    ")
            );
        }
        for example in &verdict.examples {
            let _ = writeln!(table, "BROKEN {example}");
        }
        let _ = write!(
            table,
            "{}",
            if self.is_clean() {
                "every promise was kept"
            } else {
                "A PROMISE WAS BROKEN"
            }
        );
        table
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "calls": self.verdict.calls,
            "dropped": self.verdict.dropped,
            "wrong_revision": self.verdict.wrong_revision,
            "misdirected": self.verdict.misdirected,
            "answered_by": self.verdict.answered_by,
            "update_ms": self.update.as_secs_f64() * 1e3,
            "first_answer_us": self.first_answer.as_secs_f64() * 1e6,
            "rollback_us": self.rollback.as_secs_f64() * 1e6,
            "p99_before_us": self.p99_before.as_secs_f64() * 1e6,
            "p99_during_us": self.p99_during.as_secs_f64() * 1e6,
            "refused": self.refused.iter().filter(|refusal| refusal.reason.is_some())
                .map(|refusal| json!({ "component": refusal.component, "reason": refusal.reason }))
                .collect::<Vec<_>>(),
        })
    }
}

fn answered_by(verdict: &Verdict) -> String {
    let each = verdict
        .answered_by
        .iter()
        .map(|(revision, count)| format!("{revision}: {count}"));
    each.collect::<Vec<_>>().join(", ")
}
