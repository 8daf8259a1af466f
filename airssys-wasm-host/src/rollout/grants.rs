//! Checks that grants suffice for a component and exceed nothing that was agreed to.
//!
//! Tests: `tests/suite/capabilities/approval.rs`.

use airssys_wasm_core::bounds::{GRANTS_BYTES_MAX, SECTION_BYTES_MAX};
use airssys_wasm_core::policy::{
    GrantReview, GrantStatus, Operation, RequestChange, RequestedCapabilities, import_mismatches,
    imported_kinds, imports_interface_for, request_changes,
};
use airssys_wasm_core::{CapabilityKind, Need, Rule};

use crate::observe::Event;
use crate::revision::{Revision, RevisionPlan};
use crate::services::HostServices;
use crate::{Error, ErrorClass, ErrorKind, Result};

/// Checks that every rule is known here, and that the grants allow what cannot be denied later.
pub(super) fn check_rules(services: &HostServices, plan: &RevisionPlan) -> Result<()> {
    check_sizes(plan)?;
    check_custom_rules(services, plan)?;
    check_baseline_denies(plan)?;
    check_linked_calls(plan, services.engines.clock().unix_seconds())
}

/// Checks that what the component requires is granted.
pub(super) fn check_sufficient(services: &HostServices, plan: &RevisionPlan) -> Result<()> {
    let review = review(services, plan);
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

fn review(services: &HostServices, plan: &RevisionPlan) -> GrantReview {
    let now = services.engines.clock().unix_seconds();
    GrantReview::new(plan.component.requested(), &plan.terms.grants, now)
}

/// Checks the size of the texts that are stored with each revision.
fn check_sizes(plan: &RevisionPlan) -> Result<()> {
    let requests = match plan.component.requested() {
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
            plan.terms.grants.to_toml().len(),
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

/// Creates the error of an update without grants that requests more than the active revision.
pub(super) fn awaits_approval_error(active: &Revision, changes: &[String]) -> Error {
    let message = format!("it requests more than {active}: {}", join_first(changes));
    let remedy = "approve it by setting grants (`.grants(...)` or `.approval(...)`)";
    Error::new(ErrorKind::AwaitsApproval, message).with_remedy(remedy)
}

/// Lists what the next revision requests in addition, and either requires or would be granted.
pub(super) fn added_requests(active: &Revision, plan: &RevisionPlan) -> Vec<String> {
    let given = |rule: &Rule| {
        plan.terms
            .grants
            .allowed()
            .any(|grant| grant.may_intersect(rule))
    };
    match (active.component.requested(), plan.component.requested()) {
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
            let old = imported_kinds(active.component.world());
            let new = imported_kinds(plan.component.world());
            new.difference(&old)
                .map(|kind| format!("+ {}: it now imports an interface for it", kind.as_str()))
                .collect()
        }
    }
}

/// Checks that this host has a provider for each rule of an embedder's kind, and that the provider
/// accepts the rule.
fn check_custom_rules(services: &HostServices, plan: &RevisionPlan) -> Result<()> {
    let requested = plan.component.requested().rules();
    let all = requested
        .chain(plan.terms.grants.allowed())
        .chain(plan.terms.grants.denied());
    for rule in all.filter(|rule| rule.known_kind().is_none()) {
        let provided = services.programs.providers().iter();
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
fn check_linked_calls(plan: &RevisionPlan, now: u64) -> Result<()> {
    let policy = plan.policy();
    let problems: Vec<String> = plan
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
fn check_baseline_denies(plan: &RevisionPlan) -> Result<()> {
    let denied: Vec<String> = plan
        .terms
        .grants
        .denied()
        .filter(|rule| imports_interface_for(plan.component.world(), rule))
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

/// Logs and announces where requests, grants and imports do not match.
pub(super) fn warn_of_mismatches(services: &HostServices, plan: &RevisionPlan) {
    let review = review(services, plan);
    let unrequested = review.unrequested.iter().map(|rule| {
        format!(
            "`{}` is granted, but the component does not request it",
            rule.without_value()
        )
    });
    let imports = import_mismatches(plan.component.requested(), plan.component.world());
    for warning in unrequested.chain(imports) {
        tracing::warn!(component = %plan.name, "{warning}");
        services.announcer.announce(Event::Mismatched {
            deployment: plan.name.clone(),
            warning,
        });
    }
}
