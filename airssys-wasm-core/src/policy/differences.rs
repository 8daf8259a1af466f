//! The differences between two sets of grants, as text for an operator.
//!
//! Tests: in this file.

use std::collections::BTreeSet;

use super::{Grants, Shortfall};
use crate::Rule;

impl Grants {
    /// Returns the differences from these grants to the next ones, one per entry and without the
    /// values of rules. Revocations are not compared.
    ///
    /// ```
    /// use airssys_wasm_core::policy::Grants;
    ///
    /// let now: Grants = "env LANG\nconfig mood value=calm\n".parse()?;
    /// let next: Grants = "config mood value=bright\ndeny file-read /etc\n".parse()?;
    /// assert_eq!(
    ///     now.differences(&next),
    ///     ["- allow env LANG", "~ allow config mood (value changed)", "+ deny file-read /etc"]
    /// );
    /// # Ok::<(), airssys_wasm_core::policy::GrantsError>(())
    /// ```
    #[must_use]
    pub fn differences(&self, next: &Self) -> Vec<String> {
        let mut differences = rule_differences("allow", &self.allowed, &next.allowed);
        differences.extend(rule_differences("deny", &self.denied, &next.denied));
        if self.shortfall != next.shortfall {
            differences.push(format!(
                "run-with-less: {}",
                next.shortfall == Shortfall::RunWithLess
            ));
        }
        differences
    }
}

fn rule_differences(word: &str, now: &BTreeSet<Rule>, next: &BTreeSet<Rule>) -> Vec<String> {
    let only_in = |one: &BTreeSet<Rule>, other: &BTreeSet<Rule>| -> BTreeSet<String> {
        one.difference(other)
            .map(|rule| rule.without_value().to_string())
            .collect()
    };
    let (added, removed) = (only_in(next, now), only_in(now, next));
    let plus = added
        .difference(&removed)
        .map(|rule| format!("+ {word} {rule}"));
    let minus = removed
        .difference(&added)
        .map(|rule| format!("- {word} {rule}"));
    let changed = added
        .intersection(&removed)
        .map(|rule| format!("~ {word} {rule} (value changed)"));
    plus.chain(minus).chain(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_compared_without_exposing_values() {
        let grants = |text: &str| text.parse::<Grants>().expect("grants");
        let now = grants("config a value=1\nconfig b value=1\nenv LANG\ndeny file-read /etc");
        let next = grants(
            "config a value=2\nconfig b value=1\nconfig c value=secret\ndeny file-read /root",
        );
        assert_eq!(
            now.differences(&next),
            [
                "+ allow config c",
                "- allow env LANG",
                "~ allow config a (value changed)",
                "+ deny file-read /root",
                "- deny file-read /etc",
            ]
        );
        assert!(now.differences(&now).is_empty());
        let with_less = now.clone().with_shortfall(Shortfall::RunWithLess);
        assert_eq!(now.differences(&with_less), ["run-with-less: true"]);
    }
}
