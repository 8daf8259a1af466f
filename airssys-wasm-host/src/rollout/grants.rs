//! Checks that grants suffice for a component and exceed nothing that was agreed to.
//!
//! Tests: `tests/suite/capabilities/approval.rs`.

use airssys_wasm_core::bounds::{GRANTS_BYTES_MAX, SECTION_BYTES_MAX};
use airssys_wasm_core::policy::{
    GrantReview, GrantStatus, Operation, RequestChange, RequestedCapabilities, import_mismatches,
    imported_kinds, imports_interface_for, request_changes,
};
use airssys_wasm_core::{CapabilityKind, Need, Rule};

use super::run::RolloutMode;
use crate::deployment::DeploymentEntry;
use crate::observe::Event;
use crate::revision::{GrantOrigin, Revision, RevisionPlan};
use crate::runtime::Runtime;
use crate::{Error, ErrorClass, ErrorKind, Result};

/// Checks that what `draft` requests is granted, and opens it. An update of `existing` without
/// grants has those of the active revision, as long as it requests no more. A rehearsal announces
/// nothing. Blocks while directories are opened.
pub(super) fn authorize(
    existing: Option<&DeploymentEntry>,
    runtime: &Runtime,
    draft: &mut RevisionPlan,
    mode: RolloutMode,
) -> Result<()> {
    let Some(named) = existing else {
        check(runtime, draft, mode)?;
        return draft.open(runtime).map(drop);
    };
    let lifted = match draft.grant_origin {
        GrantOrigin::Explicit { revocations_seen } => revocations_seen,
        GrantOrigin::Inherited => {
            check_no_growth(runtime, &named.revision(), draft, mode)?;
            0
        }
    };
    check(runtime, draft, mode)?;
    let opened = draft.open(runtime)?;
    named
        .authorization
        .add_revision(&opened.authority, &opened.open_capabilities, lifted);
    Ok(())
}

/// Checks that what the component requires is granted, and that every rule is known here.
fn check(runtime: &Runtime, draft: &RevisionPlan, mode: RolloutMode) -> Result<()> {
    check_sizes(draft)?;
    check_custom_rules(runtime, draft)?;
    check_baseline_denies(draft)?;
    let now = runtime.engines.clock().unix_seconds();
    check_linked_calls(draft, now)?;
    let review = GrantReview::new(draft.component.requested(), &draft.terms.grants, now);
    if mode == RolloutMode::Real {
        warn_of_mismatches(runtime, draft, &review);
    }
    if review.is_sufficient() {
        return Ok(());
    }
    let lacking: Vec<String> = review
        .unmet()
        .map(|(rule, granted)| describe_lacking(rule, granted))
        .collect();
    let message = format!(
        "required capabilities are not granted: {}",
        join_first(&lacking)
    );
    let remedy = "grant them, or let the component run with less (`Shortfall::RunWithLess`)";
    Err(Error::new(ErrorKind::NotGranted, message).with_remedy(remedy))
}

/// Checks the size of the texts that are stored with each revision.
fn check_sizes(draft: &RevisionPlan) -> Result<()> {
    let requests = match draft.component.requested() {
        RequestedCapabilities::Listed(requests) => requests.to_section().len(),
        RequestedCapabilities::Unlisted => 0,
    };
    let sizes = [
        (
            "requests",
            requests,
            SECTION_BYTES_MAX,
            ErrorKind::InvalidComponent,
        ),
        (
            "grants",
            draft.terms.grants.to_toml().len(),
            GRANTS_BYTES_MAX,
            ErrorKind::InvalidGrant,
        ),
    ];
    let too_large = sizes
        .into_iter()
        .find(|(_, bytes, bytes_max, _)| bytes > bytes_max);
    let Some((what, bytes, bytes_max, kind)) = too_large else {
        return Ok(());
    };
    let message = format!(
        "its {what} have {bytes} bytes as text, but the limit is {bytes_max}; use patterns (`/data/**`) in place of many single names"
    );
    Err(Error::new(kind, message))
}

/// Joins the first of many messages, so that the result stays readable.
pub(super) fn join_first(all: &[String]) -> String {
    const SHOWN_MAX: usize = 20;
    match all.len().checked_sub(SHOWN_MAX) {
        None | Some(0) => all.join("; "),
        Some(more) => format!("{}; and {more} more", all[..SHOWN_MAX].join("; ")),
    }
}

fn describe_lacking(rule: &Rule, granted: GrantStatus) -> String {
    format!("`{rule}` ({granted})")
}

/// Checks that an update requests no more than the active revision: it gains nothing without new
/// grants.
fn check_no_growth(
    runtime: &Runtime,
    serving: &Revision,
    next: &RevisionPlan,
    mode: RolloutMode,
) -> Result<()> {
    let changes = growth(serving, next);
    if changes.is_empty() {
        return Ok(());
    }
    if mode == RolloutMode::Real {
        runtime.announcer.announce(Event::AwaitsApproval {
            component: next.name.clone(),
            digest: next.component.digest(),
            changes: changes.clone(),
        });
    }
    let message = format!("it requests more than {serving}: {}", join_first(&changes));
    let remedy = "approve it by setting grants (`.grants(...)` or `.approval(...)`)";
    Err(Error::new(ErrorKind::AwaitsApproval, message).with_remedy(remedy))
}

/// Lists what the next revision requests in addition, and either requires or would be granted.
fn growth(serving: &Revision, next: &RevisionPlan) -> Vec<String> {
    let given = |rule: &Rule| {
        next.terms
            .grants
            .allowed()
            .any(|grant| grant.may_intersect(rule))
    };
    match (serving.component.requested(), next.component.requested()) {
        (RequestedCapabilities::Listed(old), RequestedCapabilities::Listed(new)) => {
            request_changes(old, new)
                .into_iter()
                .filter(|change| match change {
                    RequestChange::Added(rule, need) => *need == Need::Required || given(rule),
                    RequestChange::Removed(_) => false,
                })
                .map(|change| change.to_string())
                .collect()
        }
        (RequestedCapabilities::Listed(_), RequestedCapabilities::Unlisted) => {
            vec!["+ anything: it no longer declares what it needs".into()]
        }
        // A component without requests may use everything for which it imports the interfaces.
        (RequestedCapabilities::Unlisted, _) => {
            let old = imported_kinds(serving.component.world());
            let new = imported_kinds(next.component.world());
            new.difference(&old)
                .map(|kind| format!("+ {}: it now imports an interface for it", kind.as_str()))
                .collect()
        }
    }
}

/// Checks that this host has a provider for each rule of an embedder's kind, and that the provider
/// accepts the rule.
fn check_custom_rules(runtime: &Runtime, draft: &RevisionPlan) -> Result<()> {
    let requested = draft.component.requested().rules();
    let all = requested
        .chain(draft.terms.grants.allowed())
        .chain(draft.terms.grants.denied());
    for rule in all.filter(|rule| rule.known_kind().is_none()) {
        let provided = runtime.programs.providers().iter();
        let mut providers = provided
            .filter_map(|provided| provided.provider_of_kind(rule.kind()))
            .peekable();
        if providers.peek().is_none() {
            let message = format!(
                "`{rule}`: `{}` is not a capability known to airssys-wasm {}, and this host has no provider for it",
                rule.kind(),
                env!("CARGO_PKG_VERSION")
            );
            let error = Error::new(ErrorClass::UNKNOWN_CAPABILITY, message);
            return Err(error.with_remedy("add one with `HostBuilder::provider`"));
        }
        for provider in providers {
            provider.check(&rule.target()).map_err(|problem| {
                Error::new(ErrorKind::InvalidGrant, format!("`{rule}`: {problem}"))
            })?;
        }
    }
    Ok(())
}

/// Checks that the component may call what it is linked to; otherwise it could only trap.
fn check_linked_calls(draft: &RevisionPlan, now: u64) -> Result<()> {
    let policy = draft.policy();
    let problems: Vec<String> = draft
        .links
        .required_calls()
        .into_iter()
        .filter_map(|(interface, target)| {
            let calling = Operation::Named {
                kind: CapabilityKind::Call,
                name: interface.clone(),
            };
            let explained = policy.explain(&calling, now);
            (!policy.decide(&calling, now).is_allowed())
                .then(|| format!("`{interface}`, served by `{target}`: {explained}"))
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    let message = format!(
        "it may not call functions that it imports: {}",
        problems.join("; ")
    );
    Err(Error::new(ErrorKind::NotGranted, message))
}

/// Checks that a component does not import what every component may use and is denied here: that
/// cannot be taken away from a running component.
fn check_baseline_denies(draft: &RevisionPlan) -> Result<()> {
    let denied: Vec<String> = draft
        .terms
        .grants
        .denied()
        .filter(|rule| imports_interface_for(draft.component.world(), rule))
        .map(|rule| format!("`{rule}`"))
        .collect();
    if denied.is_empty() {
        return Ok(());
    }
    let message = format!(
        "it imports capabilities that are denied to it: {}",
        denied.join(", ")
    );
    Err(Error::new(ErrorKind::NotGranted, message))
}

fn warn_of_mismatches(runtime: &Runtime, draft: &RevisionPlan, review: &GrantReview) {
    let unrequested = review.unrequested.iter().map(|rule| {
        format!(
            "`{}` is granted, but the component does not request it",
            rule.without_value()
        )
    });
    let imports = import_mismatches(draft.component.requested(), draft.component.world());
    for warning in unrequested.chain(imports) {
        tracing::warn!(component = %draft.name, "{warning}");
        runtime.announcer.announce(Event::Mismatched {
            component: draft.name.clone(),
            warning,
        });
    }
}
