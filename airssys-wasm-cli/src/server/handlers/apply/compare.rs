//! Differences between a deployment and its desired state.
//!
//! Tests: in this file for grants, and `airssys-wasm-cli/tests/cli/apply.rs`.

use std::collections::BTreeSet;

use airssys_wasm_core::policy::{Grants, Shortfall};
use airssys_wasm_core::{Limits, Rule};
use airssys_wasm_host::{Component, Deployment};

use crate::api::{DeploySpec, Problem};

/// Returns the differences between a deployment and its desired state, one per entry.
pub(super) fn deployment(
    now: &Deployment,
    component: &Component,
    spec: &DeploySpec,
    limits: &Limits,
) -> Result<Vec<String>, Problem> {
    let status = now.status();
    let mut changes: Vec<String> = self::component(&now.component(), component)
        .into_iter()
        .collect();
    changes.extend(grants(&now.grants(), &spec.grants.parse()?));
    let instancing = spec.instancing_of(component)?;
    if instancing != status.active.instancing {
        changes.push(format!(
            "instancing: {} -> {instancing}",
            status.active.instancing
        ));
    }
    if spec.limits.as_ref().unwrap_or(limits) != &status.active.limits {
        changes.push("limits changed".into());
    }
    for (interface, name) in &spec.links {
        match status.links.get(interface).map(ToString::to_string) {
            Some(now) if now == *name => {}
            now => changes.push(format!(
                "{interface}: {} -> {name}",
                now.as_deref().unwrap_or("-")
            )),
        }
    }
    if spec.audit_only != now.learned().is_some() {
        changes.push(format!("audit-only: {}", spec.audit_only));
    }
    Ok(changes)
}

/// Describes the difference between two components. `None` if digest and version are equal.
pub(super) fn component(now: &Component, next: &Component) -> Option<String> {
    let describe = |component: &Component| match component.version() {
        Some(version) => format!("{version} ({})", component.digest()),
        None => component.digest().to_string(),
    };
    let is_same = now.digest() == next.digest() && now.version() == next.version();
    (!is_same).then(|| format!("component: {} -> {}", describe(now), describe(next)))
}

/// Returns the differences between grants, one per entry.
pub(super) fn grants(now: &Grants, next: &Grants) -> Vec<String> {
    let mut changes = rules("allow", now.allowed(), next.allowed());
    changes.extend(rules("deny", now.denied(), next.denied()));
    if now.shortfall() != next.shortfall() {
        changes.push(format!(
            "run-with-less: {}",
            next.shortfall() == Shortfall::RunWithLess
        ));
    }
    changes
}

/// Returns the differences between two sets of rules, without the rules' values.
fn rules<'a>(
    word: &str,
    now: impl Iterator<Item = &'a Rule>,
    next: impl Iterator<Item = &'a Rule>,
) -> Vec<String> {
    let (now, next): (BTreeSet<&Rule>, BTreeSet<&Rule>) = (now.collect(), next.collect());
    let only_in = |one: &BTreeSet<&Rule>, other: &BTreeSet<&Rule>| -> BTreeSet<String> {
        one.difference(other)
            .map(|rule| rule.without_value().to_string())
            .collect()
    };
    let (added, removed) = (only_in(&next, &now), only_in(&now, &next));
    let both = added
        .intersection(&removed)
        .map(|rule| format!("~ {word} {rule} (value changed)"));
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>, sign: &str| -> Vec<String> {
        one.difference(other)
            .map(|rule| format!("{sign} {word} {rule}"))
            .collect()
    };
    let changes = only(&added, &removed, "+")
        .into_iter()
        .chain(only(&removed, &added, "-"));
    changes.chain(both).collect()
}

/// Returns the revoked rules that the next grants would cover again.
pub(super) fn lifted_revocations(now: &Grants, next: &Grants) -> Vec<String> {
    let is_wanted = |rule: &&Rule| !next.clone().revoke(rule).is_empty();
    now.revoked()
        .filter(is_wanted)
        .map(ToString::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Grants {
        text.parse().expect("grants")
    }

    #[test]
    fn grants_are_compared_without_exposing_values() {
        let now = of("config a value=1\nconfig b value=1\nenv LANG\ndeny file-read /etc");
        let next =
            of("config a value=2\nconfig b value=1\nconfig c value=secret\ndeny file-read /root");
        assert_eq!(
            grants(&now, &next),
            [
                "+ allow config c",
                "- allow env LANG",
                "~ allow config a (value changed)",
                "+ deny file-read /root",
                "- deny file-read /etc",
            ]
        );
        assert!(grants(&now, &now).is_empty());
    }

    #[test]
    fn lifted_revocations_are_reported() {
        let mut now = of("file-read /data\nenv LANG");
        now.revoke(&"file-read /data/x".parse().expect("a rule"));
        assert_eq!(
            lifted_revocations(&now, &of("file-read /data")),
            ["file-read /data/x"]
        );
        assert!(lifted_revocations(&now, &of("env LANG")).is_empty());
    }
}
