//! The difference between the requests of two components.
//!
//! Tests: `airssys-wasm-cli/tests/cli/operate.rs`.

use airssys_wasm_core::policy::{RequestChange, RequestedCapabilities, request_changes};
use serde::Serialize;

use crate::output::{Page, TextOutput};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct RequestDifference {
    added: Vec<String>,
    removed: Vec<String>,
    /// A note if only one of the components declares its requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
}

impl RequestDifference {
    pub(super) fn new(old: &RequestedCapabilities, new: &RequestedCapabilities) -> Self {
        let nothing = airssys_wasm_core::Requests::default();
        let (says, old, new) = match (old, new) {
            (RequestedCapabilities::Listed(old), RequestedCapabilities::Listed(new)) => {
                (None, old, new)
            }
            (RequestedCapabilities::Listed(old), RequestedCapabilities::Unlisted) => (
                Some("the new component no longer declares its requests"),
                old,
                &nothing,
            ),
            (RequestedCapabilities::Unlisted, RequestedCapabilities::Listed(new)) => (
                Some("the new component declares its requests, the old one does not"),
                &nothing,
                new,
            ),
            (RequestedCapabilities::Unlisted, RequestedCapabilities::Unlisted) => {
                (None, &nothing, &nothing)
            }
        };
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for change in request_changes(old, new) {
            match change {
                RequestChange::Added(..) => added.push(change.to_string()),
                RequestChange::Removed(_) => removed.push(change.to_string()),
            }
        }
        Self {
            added,
            removed,
            says,
        }
    }
}

impl RequestDifference {
    /// Returns `true` if there is no difference.
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.says.is_none()
    }
}

impl TextOutput for RequestDifference {
    fn text(&self) -> Page {
        let says = self.says.iter().map(|says| format!("note: {says}"));
        let lines: Vec<String> = says
            .chain(self.added.iter().cloned())
            .chain(self.removed.iter().cloned())
            .collect();
        if lines.is_empty() {
            "no difference in requests".into()
        } else {
            Page::from_lines(lines)
        }
    }
}
