//! Events and lines of guest output as the API streams them.

use airssys_wasm_host::{Event, GuestLine, GuestStream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event of the host process or of a deployment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EventView {
    /// Time of the event: RFC 3339, UTC, to the millisecond.
    pub(crate) time: String,
    /// Name of the deployment; `null` if the event concerns the host process itself.
    pub(crate) name: Option<String>,
    /// Kind of event, such as `deployed`, `switched` or `call-failed`.
    pub(crate) event: String,
    /// Details as text; absent if the kind says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
}

/// A line of guest output.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OutputLine {
    /// Time the line was received: RFC 3339, UTC, to the millisecond.
    pub(crate) time: String,
    /// Name of the deployment.
    pub(crate) name: String,
    /// Number of the revision.
    pub(crate) revision: u64,
    /// The instance and its call, such as `12.3`.
    #[serde(default)]
    pub(crate) call: String,
    /// The output stream: `stdout` or `stderr`.
    pub(crate) stream: String,
    /// The line without its line ending. Part of a line if its call ended, or a second passed,
    /// before it was complete; a line of more than 8 KiB is split.
    pub(crate) text: String,
    /// Number of lines dropped before this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) dropped_before: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

pub(crate) fn timestamp() -> String {
    humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string()
}

impl OutputLine {
    pub(crate) fn from_guest_line(line: &GuestLine<'_>) -> Self {
        let stream = match line.stream {
            GuestStream::Stdout => "stdout",
            GuestStream::Stderr => "stderr",
        };
        Self {
            time: timestamp(),
            name: line.component.to_string(),
            revision: line.revision,
            call: line.call.to_string(),
            stream: stream.to_owned(),
            text: line.text.to_owned(),
            dropped_before: line.dropped_before,
        }
    }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        let (name, word, detail) = describe(event);
        Self {
            time: timestamp(),
            name,
            event: word.to_owned(),
            detail,
        }
    }
}

/// Joins lines with ` | `.
fn one_line(lines: &str) -> String {
    lines.lines().collect::<Vec<_>>().join(" | ")
}

fn describe(event: &Event) -> (Option<String>, &'static str, String) {
    let revision = |number: &u64| format!("revision {number}");
    match event {
        Event::Deployed {
            component,
            revision: number,
            ..
        } => (Some(component.to_string()), "deployed", revision(number)),
        Event::RolloutStep { component, effect } => {
            (Some(component.to_string()), "step", effect.to_string())
        }
        Event::Switched {
            component,
            from,
            to,
        } => (
            Some(component.to_string()),
            "switched",
            format!("from revision {from} to {to}"),
        ),
        Event::RolledBack {
            component, reason, ..
        } => (Some(component.to_string()), "failed", reason.clone()),
        Event::Drained {
            component,
            revision: number,
        } => (Some(component.to_string()), "drained", revision(number)),
        Event::Removed { component } => (Some(component.to_string()), "removed", String::new()),
        Event::CallFailed {
            component,
            call,
            end,
            reason,
            stderr,
            ..
        } => {
            let call = call
                .map(|call| format!("call {call}, "))
                .unwrap_or_default();
            let stderr = stderr
                .as_deref()
                .map(|lines| format!("; on stderr: {}", one_line(lines)));
            let detail = format!(
                "{call}{}: {reason}{}",
                end.label(),
                stderr.unwrap_or_default()
            );
            (Some(component.to_string()), "call-failed", detail)
        }
        Event::AwaitsApproval {
            component,
            digest,
            changes,
        } => (
            Some(component.to_string()),
            "awaits-approval",
            format!("{digest}: {}", changes.join("; ")),
        ),
        Event::Revoked { component, rule } => (
            Some(component.to_string()),
            "revoked",
            rule.without_value().to_string(),
        ),
        Event::GrantedAgain {
            component,
            revision,
            rule,
        } => {
            let detail = format!(
                "{} by the grants of revision {revision}",
                rule.without_value()
            );
            (Some(component.to_string()), "granted-again", detail)
        }
        Event::Mismatched { component, warning } => {
            (Some(component.to_string()), "mismatched", warning.clone())
        }
        Event::NotRestored { component, reason } => {
            (Some(component.to_string()), "not-restored", reason.clone())
        }
        Event::AllocatedOnDemand { component, reason } => (
            Some(component.to_string()),
            "allocated-on-demand",
            reason.clone(),
        ),
        Event::CodeCacheUnavailable { reason } => (None, "code-cache-unavailable", reason.clone()),
        Event::CodeCacheEntryRejected { reason } => {
            (None, "code-cache-entry-rejected", reason.clone())
        }
        Event::Missed { count } => (None, "missed", format!("{count} events")),
        other => (None, "other", format!("{other:?}")),
    }
}
