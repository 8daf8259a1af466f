//! Patterns of names that are neither paths nor hosts: variables, keys, topics.
//!
//! Tests: in this file.

use super::Kind;
use super::error::{Problem, hidden};

/// The maximum length of a name, in bytes; no real name is longer.
const NAME_MAX: usize = 1_000;

/// Checks the name, or the name pattern, of a capability.
pub(super) fn check(kind: Kind, text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(Problem::new(0, example(kind)));
    }
    if text.len() > NAME_MAX {
        return Err(Problem::new(0, "a name has at most 1,000 bytes"));
    }
    if let Some((at, _)) = text.char_indices().find(|(_, c)| hidden(*c)) {
        return Err(Problem::new(
            at,
            "a name must have no control or invisible characters",
        ));
    }
    let known = known(kind);
    if !known.is_empty() && !known.contains(&text) {
        let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        return Err(Problem::new(
            0,
            format!("write one of {}", known.join(", ")),
        ));
    }
    match text.find('*') {
        Some(at) if matches!(kind, Kind::Env | Kind::Secret) => Err(Problem::new(
            at,
            format!("each `{}` must be named in full, without `*`", kind.word()),
        )),
        _ if kind == Kind::Env && text.contains('=') => Err(Problem::new(
            0,
            "a variable's name has no `=`; a grant sets its value with `value=...`",
        )),
        _ => Ok(()),
    }
}

/// The valid names of kinds that have only a few.
fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Clock => &["monotonic", "wall"],
        Kind::Random => &["insecure", "secure"],
        Kind::Stdio => &["stderr", "stdout"],
        _ => &[],
    }
}

fn example(kind: Kind) -> String {
    let example = match kind {
        Kind::Call => "acme:store/kv",
        Kind::Clock => "wall",
        Kind::Config => "greeting",
        Kind::Env => "LANG",
        Kind::Llm => "smollm2",
        Kind::Messaging => "orders.created",
        Kind::Random => "secure",
        Kind::Secret => "db-password",
        Kind::Stdio => "stdout",
        _ => "orders",
    };
    format!("write a name, for example `{} {example}`", kind.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_and_says_what_to_write() {
        for (kind, text, expected) in [
            (Kind::Env, "", "`env LANG`"),
            (Kind::Env, "A*", "named in full"),
            (Kind::Env, "A=b", "value="),
            (Kind::Secret, "*", "named in full"),
            (Kind::Config, "a\u{202e}b", "invisible"),
            (Kind::Config, "a\u{a0}value=b", "invisible"),
            (Kind::Config, "a\u{fe0f}", "invisible"),
            (Kind::Clock, "moon", "`monotonic`, `wall`"),
        ] {
            assert!(
                check(kind, text).expect_err(text).what.contains(expected),
                "{text}"
            );
        }
        assert_eq!(check(Kind::Config, "app.*"), Ok(()));
    }
}
