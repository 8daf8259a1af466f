//! Parses `optional(dns("*.internal"), reason = "finds peers")`, or a required request.
//!
//! Core validates reasons.
//! Tests: in this file.

use airssys_wasm_core::{Need, Rule};
use syn::{Expr, ExprAssign};

use super::call::CallExpression;
use super::kinds::{self, RequestKind};
use super::request;
use crate::errors::MacroErrors;
use crate::literal;

/// The name that wraps an optional request.
pub(super) const OPTIONAL: &str = "optional";

/// An example for messages.
pub(super) const EXAMPLE: &str = "`optional(dns(\"*.internal\"), reason = \"finds peers\")`";

/// Returns a request and whether it is required, and adds errors to `errors`.
pub(super) fn read(written: &Expr, errors: &mut MacroErrors) -> Option<(Rule, Need)> {
    match CallExpression::read(written) {
        Some(call) if is_optional(&call) => {
            if call.word != OPTIONAL {
                errors.push_at(call.word, kinds::unknown_kind(&call.word.to_string()));
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
fn is_optional(call: &CallExpression<'_>) -> bool {
    let word = call.word.to_string();
    word == OPTIONAL
        || (RequestKind::find(&word).is_none()
            && kinds::nearest_name(&word).as_deref() == Some(OPTIONAL))
}

fn read_need(written: &Expr, call: &CallExpression<'_>, errors: &mut MacroErrors) -> Option<Need> {
    match call.options.as_slice() {
        [] => {
            errors.push_at(
                written,
                format!("give the purpose in one line, as in {EXAMPLE}"),
            );
            None
        }
        [reason] => read_reason(reason, errors),
        [_, second, ..] => {
            errors.push_at(
                second,
                format!("`{OPTIONAL}` takes one request and one `reason`, and nothing else"),
            );
            None
        }
    }
}

fn read_reason(option: &ExprAssign, errors: &mut MacroErrors) -> Option<Need> {
    if literal::identifier(&option.left).is_none_or(|name| name != "reason") {
        errors.push_at(
            &option.left,
            format!("`{OPTIONAL}` takes a request and a `reason`, as in {EXAMPLE}"),
        );
        return None;
    }
    let Some(reason) = literal::string_literal(&option.right) else {
        errors.push_at(
            &option.right,
            "a reason is a string; write for example `reason = \"finds peers\"`",
        );
        return None;
    };
    let need = Need::optional(reason.value());
    need.map_err(|error| {
        errors.push_at(reason, format!("{error}, as in `reason = \"finds peers\"`"))
    })
    .ok()
}

fn read_request(
    written: &Expr,
    call: &CallExpression<'_>,
    errors: &mut MacroErrors,
) -> Option<Rule> {
    match call.targets.as_slice() {
        [request] if CallExpression::read(request).is_some_and(|call| is_optional(&call)) => {
            errors.push_at(request, kinds::unknown_kind(OPTIONAL));
            None
        }
        [request] => request::read(request, errors),
        [] => {
            errors.push_at(
                written,
                format!("it contains no request; write for example {EXAMPLE}"),
            );
            None
        }
        [_, second, ..] => {
            errors.push_at(
                second,
                format!("`{OPTIONAL}` takes one request; write another `{OPTIONAL}` for this one"),
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
        let mut errors = MacroErrors::default();
        match read(written, &mut errors) {
            Some((rule, need)) => Ok((rule.to_string(), need)),
            None => Err(errors.messages()),
        }
    }

    #[test]
    fn requests_are_required_by_default() {
        assert_eq!(
            run(&parse_quote!(env("LANG"))),
            Ok(("env LANG".into(), Need::Required))
        );
    }

    #[test]
    fn the_reason_can_be_on_either_side() {
        let expected = Need::optional("in French").expect("a reason");
        for written in [
            parse_quote!(optional(env("LANG"), reason = "in French")),
            parse_quote!(optional(reason = "in French", env("LANG"),)),
        ] {
            assert_eq!(run(&written), Ok(("env LANG".into(), expected.clone())));
        }
    }

    #[test]
    fn errors_contain_advice() {
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
