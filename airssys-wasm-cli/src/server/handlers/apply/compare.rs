//! Differences between a deployment and its desired state.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/apply.rs`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::terms::Terms;
use airssys_wasm_host::{Component, Deployment};

/// Returns the differences between a deployment and its desired state, one per entry.
pub(super) fn deployment(now: &Deployment, component: &Component, wanted: &Terms) -> Vec<String> {
    let status = now.status();
    let mut terms = Terms {
        grants: now.grants(),
        fixed: status.active.terms,
    };
    // An interface may have the desired link although none was selected for it.
    terms.fixed.links = status.links;
    let component = self::component(&now.component(), component);
    component
        .into_iter()
        .chain(terms.differences(wanted))
        .collect()
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
