//! Collects the requests of a list, each of them once.
//!
//! Used by both forms, which pass what they parsed and its position.
//! Tests: in this file.

use airssys_wasm_core::{Need, Requests, Rule};
use quote::ToTokens;

use crate::errors::MacroErrors;

/// The requests read so far.
#[derive(Default)]
pub(super) struct RequestCollector(Requests);

impl RequestCollector {
    /// Adds a request. A duplicate or contradictory request is an error at `written`.
    pub(super) fn add(
        &mut self,
        rule: Rule,
        need: Need,
        written: impl ToTokens,
        errors: &mut MacroErrors,
    ) {
        if self.0.iter().any(|(known, _)| *known == rule) {
            errors.push_at(
                written,
                format!("`{rule}` is requested twice; remove this one"),
            );
        } else if let Err(error) = self.0.add(rule, need) {
            errors.push_at(written, error);
        }
    }

    /// Returns all requests.
    pub(super) fn into_requests(self) -> Requests {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use airssys_wasm_core::Capability;

    fn add(targets: &[(&str, Need)]) -> Vec<String> {
        let (mut found, mut errors) = (RequestCollector::default(), MacroErrors::default());
        for (target, need) in targets {
            let rule = Capability::FileWrite((*target).into())
                .to_rule()
                .expect(target);
            found.add(rule, need.clone(), target, &mut errors);
        }
        errors.messages()
    }

    #[test]
    fn duplicates_are_reported() {
        let optional = Need::optional("why").expect("a reason");
        let twice = [
            ("/a max=1MiB", Need::Required),
            ("/b", Need::Required),
            ("/a max=1024KiB", optional),
        ];
        assert_eq!(
            add(&twice),
            ["`file-write /a max=1MiB` is requested twice; remove this one"]
        );
    }

    #[test]
    fn contradictions_are_reported() {
        let messages = add(&[("/a max=1MiB", Need::Required), ("/a", Need::Required)]);
        assert_eq!(
            messages,
            [
                "`file-write /a max=1MiB` and `file-write /a` contradict each other; keep one of them"
            ]
        );
    }
}
