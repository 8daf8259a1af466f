//! Events and lines of guest output as the API streams them.

use airssys_wasm_host::{ComponentName, Effect, Event, GuestLine, GuestStream};
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
    /// Code of the rollout step, such as `check-grants`: the completed one of an event `step`, or
    /// the failed one of an event `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<String>,
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
            name: line.deployment.to_string(),
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
        Self {
            time: timestamp(),
            name: subject(event).map(ToString::to_string),
            event: kind(event).to_owned(),
            detail: detail(event),
            phase: phase(event).map(|phase| phase.code().to_owned()),
        }
    }
}

/// Joins lines with ` | `.
fn one_line(lines: &str) -> String {
    lines.lines().collect::<Vec<_>>().join(" | ")
}

/// Returns the name that an event carries, or `None` if it concerns the host process itself.
fn subject(event: &Event) -> Option<&ComponentName> {
    match event {
        Event::Deployed { deployment, .. }
        | Event::RolloutStep { deployment, .. }
        | Event::Switched { deployment, .. }
        | Event::RolloutFailed { deployment, .. }
        | Event::Drained { deployment, .. }
        | Event::Removed { deployment }
        | Event::CallFailed { deployment, .. }
        | Event::AwaitsApproval { deployment, .. }
        | Event::Revoked { deployment, .. }
        | Event::GrantedAgain { deployment, .. }
        | Event::Mismatched { deployment, .. }
        | Event::NotRestored { deployment, .. }
        | Event::AllocatedOnDemand {
            component: deployment,
            ..
        } => Some(deployment),
        _ => None,
    }
}

/// Returns the kind of an event; `other` if it is newer than this list.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::Deployed { .. } => "deployed",
        Event::RolloutStep { .. } => "step",
        Event::Switched { .. } => "switched",
        Event::RolloutFailed { .. } => "failed",
        Event::Drained { .. } => "drained",
        Event::Removed { .. } => "removed",
        Event::CallFailed { .. } => "call-failed",
        Event::AwaitsApproval { .. } => "awaits-approval",
        Event::Revoked { .. } => "revoked",
        Event::GrantedAgain { .. } => "granted-again",
        Event::Mismatched { .. } => "mismatched",
        Event::NotRestored { .. } => "not-restored",
        Event::AllocatedOnDemand { .. } => "allocated-on-demand",
        Event::CodeCacheUnavailable { .. } => "code-cache-unavailable",
        Event::CodeCacheEntryRejected { .. } => "code-cache-entry-rejected",
        Event::Missed { .. } => "missed",
        _ => "other",
    }
}

/// Returns the rollout step that an event reports.
fn phase(event: &Event) -> Option<Effect> {
    match event {
        Event::RolloutStep { effect, .. } => Some(*effect),
        Event::RolloutFailed { failed, .. } => Some(*failed),
        _ => None,
    }
}

/// Returns the details of an event as text, empty if its kind says all.
fn detail(event: &Event) -> String {
    match event {
        Event::Deployed { revision, .. } | Event::Drained { revision, .. } => {
            format!("revision {revision}")
        }
        Event::RolloutStep { effect, .. } => effect.to_string(),
        Event::Switched { from, to, .. } => format!("from revision {from} to {to}"),
        Event::Removed { .. } => String::new(),
        Event::CallFailed {
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
                .map(|lines| format!("; on stderr: {}", one_line(lines)))
                .unwrap_or_default();
            format!("{call}{}: {reason}{stderr}", end.label())
        }
        Event::AwaitsApproval {
            digest, changes, ..
        } => format!("{digest}: {}", changes.join("; ")),
        Event::Revoked { rule, .. } => rule.without_value().to_string(),
        Event::GrantedAgain { revision, rule, .. } => {
            let rule = rule.without_value();
            format!("{rule} by the grants of revision {revision}")
        }
        Event::Mismatched { warning, .. } => warning.clone(),
        Event::RolloutFailed { reason, .. }
        | Event::NotRestored { reason, .. }
        | Event::AllocatedOnDemand { reason, .. }
        | Event::CodeCacheUnavailable { reason }
        | Event::CodeCacheEntryRejected { reason } => reason.clone(),
        Event::Missed { count } => format!("{count} events"),
        other => format!("{other:?}"),
    }
}
