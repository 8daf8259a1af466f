//! Are the grants enough for a component, and no more than was agreed to?
//!
//! Tests: the workspace's `tests/suite/capabilities/approval`.

use airssys_wasm_core::bounds::{GRANTS_BYTES_MAX, SECTION_BYTES_MAX};
use airssys_wasm_core::policy::{
    Change, Granted, Operation, Requested, Review, difference, imports_means_for, kinds, mismatches,
};
use airssys_wasm_core::{Kind, Need, Rule};

use crate::observe::Event;
use crate::revision::{Draft, Revision};
use crate::runtime::Runtime;
use crate::{Error, ErrorKind, Result};

/// What is required is granted, and every rule means something here.
pub(super) fn check(runtime: &Runtime, draft: &Draft, is_rehearsal: bool) -> Result<()> {
    check_sizes(draft)?;
    check_custom(runtime, draft)?;
    check_what_all_may_use(draft)?;
    let now = runtime.engines.clock().unix_seconds();
    check_calls(draft, now)?;
    let review = Review::of(draft.component.requested(), &draft.grants, now);
    if !is_rehearsal {
        warn(runtime, draft, &review);
    }
    if review.suffices() {
        return Ok(());
    }
    let lacking: Vec<String> = review
        .lacking()
        .map(|(rule, granted)| lack(rule, granted))
        .collect();
    let message = format!(
        "it requires what it is not granted: {}; grant that, or let it run with less (`Shortfall::RunWithLess`)",
        first_of(&lacking)
    );
    Err(Error::new(ErrorKind::NotGranted, message))
}

/// Checks the size of what is kept with each revision.
fn check_sizes(draft: &Draft) -> Result<()> {
    let requests = match draft.component.requested() {
        Requested::These(requests) => requests.to_section().len(),
        Requested::Anything => 0,
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
            draft.grants.to_toml().len(),
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
        "its {what} have {bytes} bytes as text, and at most {bytes_max} are kept; write patterns (`/data/**`) in place of many single names"
    );
    Err(Error::new(kind, message))
}

/// The first of many, so that a message stays readable.
pub(super) fn first_of(all: &[String]) -> String {
    const SHOWN_MAX: usize = 20;
    match all.len().checked_sub(SHOWN_MAX) {
        None | Some(0) => all.join("; "),
        Some(more) => format!("{}; and {more} more", all[..SHOWN_MAX].join("; ")),
    }
}

fn lack(rule: &Rule, granted: Granted) -> String {
    format!("`{rule}` ({granted})")
}

/// It asks for no more than the revision that serves: an update widens nothing by itself.
pub(super) fn check_no_growth(
    runtime: &Runtime,
    serving: &Revision,
    next: &Draft,
    is_rehearsal: bool,
) -> Result<()> {
    let changes = growth(serving, next);
    if changes.is_empty() {
        return Ok(());
    }
    if !is_rehearsal {
        runtime.announcer.announce(Event::AwaitsApproval {
            component: next.name.clone(),
            digest: next.component.digest(),
            changes: changes.clone(),
        });
    }
    let message = format!(
        "it asks for more than {serving}: {}; approve it by giving it grants (`.grants(...)`, or `Host::approve`)",
        first_of(&changes)
    );
    Err(Error::new(ErrorKind::AwaitsApproval, message))
}

/// What the next revision asks for in addition, and either needs or would get.
fn growth(serving: &Revision, next: &Draft) -> Vec<String> {
    let given = |rule: &Rule| next.grants.allowed().any(|grant| grant.may_meet(rule));
    match (serving.component.requested(), next.component.requested()) {
        (Requested::These(old), Requested::These(new)) => difference(old, new)
            .into_iter()
            .filter(|change| match change {
                Change::Added(rule, need) => *need == Need::Required || given(rule),
                Change::Removed(_) => false,
            })
            .map(|change| change.to_string())
            .collect(),
        (Requested::These(_), Requested::Anything) => {
            vec!["+ anything: it says no more what it needs".into()]
        }
        // What says nothing may ask for all that it imports the means for.
        (Requested::Anything, _) => {
            let old = kinds(serving.component.world());
            let new = kinds(next.component.world());
            new.difference(&old)
                .map(|kind| format!("+ {}: it imports the means now", kind.word()))
                .collect()
        }
    }
}

/// Rules of an embedder's kinds are of kinds that this one has, and it can read them.
fn check_custom(runtime: &Runtime, draft: &Draft) -> Result<()> {
    let requested = draft.component.requested().rules();
    let all = requested
        .chain(draft.grants.allowed())
        .chain(draft.grants.denied());
    for rule in all.filter(|rule| rule.known_kind().is_none()) {
        let provided = runtime.linkers.providers().iter();
        let mut providers = provided
            .filter_map(|provided| provided.rules_of(rule.kind()))
            .peekable();
        if providers.peek().is_none() {
            let message = format!(
                "`{rule}`: `{}` is not a capability known to airssys-wasm {}, and nobody provides it here (`HostBuilder::provider`)",
                rule.kind(),
                env!("CARGO_PKG_VERSION")
            );
            return Err(Error::new(ErrorKind::UnknownCapability, message));
        }
        for provider in providers {
            provider.check(&rule.target()).map_err(|problem| {
                Error::new(ErrorKind::InvalidGrant, format!("`{rule}`: {problem}"))
            })?;
        }
    }
    Ok(())
}

/// It may call what it is linked to: without that it could do nothing but trap.
fn check_calls(draft: &Draft, now: u64) -> Result<()> {
    let policy = draft.policy();
    let problems: Vec<String> = draft
        .links
        .calls()
        .into_iter()
        .filter_map(|(interface, target)| {
            let calling = Operation::Named {
                kind: Kind::Call,
                name: interface.clone(),
            };
            let explained = policy.explain(&calling, now);
            (!policy.decide(&calling, now).is_allowed())
                .then(|| format!("`{interface}`, which `{target}` serves: {explained}"))
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    let message = format!("it may not call what it imports: {}", problems.join("; "));
    Err(Error::new(ErrorKind::NotGranted, message))
}

/// What every component may use is not denied to one that imports it: there is no way to
/// take it away from a component that runs.
fn check_what_all_may_use(draft: &Draft) -> Result<()> {
    let denied: Vec<String> = draft
        .grants
        .denied()
        .filter(|rule| imports_means_for(draft.component.world(), rule))
        .map(|rule| format!("`{rule}`"))
        .collect();
    if denied.is_empty() {
        return Ok(());
    }
    let message = format!("it imports what is denied to it: {}", denied.join(", "));
    Err(Error::new(ErrorKind::NotGranted, message))
}

fn warn(runtime: &Runtime, draft: &Draft, review: &Review) {
    let unrequested = review.unrequested.iter().map(|rule| {
        format!(
            "`{}` is granted, and the component never requested it",
            rule.without_value()
        )
    });
    let imports = mismatches(draft.component.requested(), draft.component.world());
    for warning in unrequested.chain(imports) {
        tracing::warn!(component = %draft.name, "{warning}");
        runtime.announcer.announce(Event::Mismatched {
            component: draft.name.clone(),
            warning,
        });
    }
}
