//! The difference between the requests of two components.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use airssys_wasm_core::policy::{Change, Requested, difference};
use serde::Serialize;

use crate::output::{Page, Shown};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Difference {
    added: Vec<String>,
    removed: Vec<String>,
    /// A note if only one of the components declares its requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
}

impl Difference {
    pub(super) fn of(old: &Requested, new: &Requested) -> Self {
        let nothing = airssys_wasm_core::Requests::default();
        let (says, old, new) = match (old, new) {
            (Requested::These(old), Requested::These(new)) => (None, old, new),
            (Requested::These(old), Requested::Anything) => (
                Some("the new component no longer declares its requests"),
                old,
                &nothing,
            ),
            (Requested::Anything, Requested::These(new)) => (
                Some("the new component declares its requests, the old one does not"),
                &nothing,
                new,
            ),
            (Requested::Anything, Requested::Anything) => (None, &nothing, &nothing),
        };
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for change in difference(old, new) {
            match change {
                Change::Added(..) => added.push(change.to_string()),
                Change::Removed(_) => removed.push(change.to_string()),
            }
        }
        Self {
            added,
            removed,
            says,
        }
    }
}

impl Difference {
    /// Returns `true` if there is no difference.
    pub(super) fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.says.is_none()
    }
}

impl Shown for Difference {
    fn text(&self) -> Page {
        let says = self.says.iter().map(|says| format!("note: {says}"));
        let lines: Vec<String> = says
            .chain(self.added.iter().cloned())
            .chain(self.removed.iter().cloned())
            .collect();
        if lines.is_empty() {
            "no difference in requests".into()
        } else {
            Page::of_lines(lines)
        }
    }
}
