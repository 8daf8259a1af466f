//! Parses `optional(dns("*.internal"), reason = "finds peers")`, or a required request.
//!
//! Core validates reasons.
//! Tests: in this file.

use airssys_wasm_core::{Need, Rule};
use syn::{Expr, ExprAssign};

use super::call::Call;
use super::kinds::{self, Named};
use super::request;
use crate::errors::Errors;
use crate::literal;

/// The name that wraps an optional request.
pub(super) const WORD: &str = "optional";

/// An example for messages.
pub(super) const EXAMPLE: &str = "`optional(dns(\"*.internal\"), reason = \"finds peers\")`";

/// Returns a request and whether it is required, and adds errors to `errors`.
pub(super) fn read(written: &Expr, errors: &mut Errors) -> Option<(Rule, Need)> {
    match Call::read(written) {
        Some(call) if is_meant(&call) => {
            if call.word != WORD {
                errors.at(call.word, kinds::unknown(&call.word.to_string()));
            }
            let need = read_need(written, &call, errors);
            let rule = read_request(written, &call, errors);
            Some((rule?, need?))
        }
        _ => Some((request::read(written, errors)?, Need::Required)),
    }
}

/// Returns `true` if the name is `optional` or a misspelling of it; the contents are checked then
/// too.
fn is_meant(call: &Call<'_>) -> bool {
    let word = call.word.to_string();
    word == WORD || (Named::find(&word).is_none() && kinds::near(&word).as_deref() == Some(WORD))
}

fn read_need(written: &Expr, call: &Call<'_>, errors: &mut Errors) -> Option<Need> {
    match call.options.as_slice() {
        [] => {
            errors.at(
                written,
                format!("give the purpose in one line, as in {EXAMPLE}"),
            );
            None
        }
        [reason] => read_reason(reason, errors),
        [_, second, ..] => {
            errors.at(
                second,
                format!("`{WORD}` takes one request and one `reason`, and nothing else"),
            );
            None
        }
    }
}

fn read_reason(option: &ExprAssign, errors: &mut Errors) -> Option<Need> {
    if literal::word(&option.left).is_none_or(|name| name != "reason") {
        errors.at(
            &option.left,
            format!("`{WORD}` takes a request and a `reason`, as in {EXAMPLE}"),
        );
        return None;
    }
    let Some(reason) = literal::string(&option.right) else {
        errors.at(
            &option.right,
            "a reason is a string; write for example `reason = \"finds peers\"`",
        );
        return None;
    };
    let need = Need::optional(reason.value());
    need.map_err(|error| errors.at(reason, format!("{error}, as in `reason = \"finds peers\"`")))
        .ok()
}

fn read_request(written: &Expr, call: &Call<'_>, errors: &mut Errors) -> Option<Rule> {
    match call.targets.as_slice() {
        [request] if Call::read(request).is_some_and(|call| is_meant(&call)) => {
            errors.at(request, kinds::unknown(WORD));
            None
        }
        [request] => request::read(request, errors),
        [] => {
            errors.at(
                written,
                format!("it contains no request; write for example {EXAMPLE}"),
            );
            None
        }
        [_, second, ..] => {
            errors.at(
                second,
                format!("`{WORD}` takes one request; write another `{WORD}` for this one"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(written: &Expr) -> Result<(String, Need), Vec<String>> {
        let mut errors = Errors::default();
        match read(written, &mut errors) {
            Some((rule, need)) => Ok((rule.to_string(), need)),
            None => Err(errors.messages()),
        }
    }

    #[test]
    fn without_it_a_request_is_required() {
        assert_eq!(
            run(&parse_quote!(env("LANG"))),
            Ok(("env LANG".into(), Need::Required))
        );
    }

    #[test]
    fn the_reason_stands_on_either_side() {
        let expected = Need::optional("in French").expect("a reason");
        for written in [
            parse_quote!(optional(env("LANG"), reason = "in French")),
            parse_quote!(optional(reason = "in French", env("LANG"),)),
        ] {
            assert_eq!(run(&written), Ok(("env LANG".into(), expected.clone())));
        }
    }

    #[test]
    fn says_what_to_write() {
        let cases: [(Expr, &[&str]); 10] = [
            (parse_quote!(optional(env("A"))), &["give the purpose"]),
            (
                parse_quote!(optional(env("A"), reason = "")),
                &["visible characters, as in"],
            ),
            (
                parse_quote!(optional(env("A"), reason = "a\nb")),
                &["in one line"],
            ),
            (
                parse_quote!(optional(env("A"), reason = WHY)),
                &["a reason is a string"],
            ),
            (
                parse_quote!(optional(env("A"), raeson = "b")),
                &["takes a request and a `reason`"],
            ),
            (
                parse_quote!(optional(env("A"), reason = "b", reason = "c")),
                &["nothing else"],
            ),
            (
                parse_quote!(optional(env("A"), env("B"), reason = "b")),
                &["another `optional`"],
            ),
            (
                parse_quote!(optional(optional(env("A"), reason = "b"), reason = "b")),
                &["wraps a single request"],
            ),
            (
                parse_quote!(optinal(env("A*"))),
                &["`optional`?", "give the purpose", "named in full"],
            ),
            (
                parse_quote!(optional()),
                &["give the purpose", "contains no request"],
            ),
        ];
        for (written, expected) in cases {
            let messages = run(&written).expect_err(expected[0]);
            assert_eq!(messages.len(), expected.len(), "{messages:?}");
            for (message, expected) in messages.iter().zip(expected) {
                assert!(message.contains(expected), "{message}");
            }
        }
    }
}
