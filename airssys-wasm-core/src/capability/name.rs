//! Patterns of names that are neither paths nor hosts: variables, keys, topics.
//!
//! Tests: in this file.

use super::CapabilityKind;
use super::error::{ParseProblem, is_hidden};

/// The maximum length of a name, in bytes; no real name is longer.
const NAME_MAX: usize = 1_000;

/// Checks the name, or the name pattern, of a capability.
pub(super) fn check_name(kind: CapabilityKind, text: &str) -> Result<(), ParseProblem> {
    if text.is_empty() {
        return Err(ParseProblem::new(0, example_advice(kind)));
    }
    if text.len() > NAME_MAX {
        return Err(ParseProblem::new(0, "a name has at most 1,000 bytes"));
    }
    if let Some((at, _)) = text.char_indices().find(|(_, c)| is_hidden(*c)) {
        return Err(ParseProblem::new(
            at,
            "a name must have no control or invisible characters",
        ));
    }
    let known = known_names(kind);
    if !known.is_empty() && !known.contains(&text) {
        let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        return Err(ParseProblem::new(
            0,
            format!("write one of {}", known.join(", ")),
        ));
    }
    match text.find('*') {
        Some(at) if matches!(kind, CapabilityKind::Env | CapabilityKind::Secret) => {
            Err(ParseProblem::new(
                at,
                format!(
                    "each `{}` must be named in full, without `*`",
                    kind.as_str()
                ),
            ))
        }
        _ if kind == CapabilityKind::Env && text.contains('=') => Err(ParseProblem::new(
            0,
            "a variable's name has no `=`; a grant sets its value with `value=...`",
        )),
        _ => Ok(()),
    }
}

/// The valid names of kinds that have only a few.
fn known_names(kind: CapabilityKind) -> &'static [&'static str] {
    match kind {
        CapabilityKind::Clock => &["monotonic", "wall"],
        CapabilityKind::Random => &["insecure", "secure"],
        CapabilityKind::Stdio => &["stderr", "stdout"],
        _ => &[],
    }
}

fn example_advice(kind: CapabilityKind) -> String {
    let example = match kind {
        CapabilityKind::Call => "acme:store/kv",
        CapabilityKind::Clock => "wall",
        CapabilityKind::Config => "greeting",
        CapabilityKind::Env => "LANG",
        CapabilityKind::Llm => "smollm2",
        CapabilityKind::Messaging => "orders.created",
        CapabilityKind::Random => "secure",
        CapabilityKind::Secret => "db-password",
        CapabilityKind::Stdio => "stdout",
        _ => "orders",
    };
    format!("write a name, for example `{} {example}`", kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_contain_advice() {
        for (kind, text, expected) in [
            (CapabilityKind::Env, "", "`env LANG`"),
            (CapabilityKind::Env, "A*", "named in full"),
            (CapabilityKind::Env, "A=b", "value="),
            (CapabilityKind::Secret, "*", "named in full"),
            (CapabilityKind::Config, "a\u{202e}b", "invisible"),
            (CapabilityKind::Config, "a\u{a0}value=b", "invisible"),
            (CapabilityKind::Config, "a\u{fe0f}", "invisible"),
            (CapabilityKind::Clock, "moon", "`monotonic`, `wall`"),
        ] {
            assert!(
                check_name(kind, text)
                    .expect_err(text)
                    .message
                    .contains(expected),
                "{text}"
            );
        }
        assert_eq!(check_name(CapabilityKind::Config, "app.*"), Ok(()));
    }
}
