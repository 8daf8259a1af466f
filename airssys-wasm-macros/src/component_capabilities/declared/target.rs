//! Parses the target of a request: one unquoted literal.
//!
//! Core checks that it fits its kind.
//! Tests: in this file.

use airssys_wasm_core::CapabilityKind;
use syn::{Expr, LitStr};

use super::call::CallExpression;
use super::kinds::RequestKind;
use crate::errors::MacroErrors;
use crate::literal;

/// Returns the target and adds errors to `errors`.
pub(super) fn read<'a>(
    written: &Expr,
    call: &CallExpression<'a>,
    errors: &mut MacroErrors,
) -> Option<&'a LitStr> {
    let word = call.word;
    let target = match call.targets.as_slice() {
        [target] => target,
        [] => {
            errors.push_at(written, missing_target(&word.to_string()));
            return None;
        }
        [_, second, ..] => {
            errors.push_at(
                second,
                format!("a request has one target; write another `{word}(...)` for this one"),
            );
            return None;
        }
    };
    let text = literal::string_literal(target);
    if text.is_none() {
        errors.push_at(
            target,
            format!("a target is read at compile time; write it as a literal: `{word}(\"...\")`"),
        );
    }
    text
}

/// Returns the message for a kind without a target.
pub(super) fn missing_target(word: &str) -> String {
    format!("write its target in quotes: `{word}(\"...\")`")
}

/// Refuses options or methods in the literal, which would be read as part of the target.
pub(super) fn check(named: RequestKind, target: &LitStr, errors: &mut MacroErrors) -> Option<()> {
    let text = target.value();
    let advice = match named {
        RequestKind::Known(CapabilityKind::Http) if text.contains(' ') => {
            "a target is the URL alone; methods come after it: `http(\"https://...\", methods = [GET])`"
                .into()
        }
        RequestKind::Known(_) => {
            let Some((name, value)) = text.split(' ').skip(1).find_map(split_option) else { return Some(()) };
            format!("options come after the target, not in it: `{name} = \"{value}\"`")
        }
        RequestKind::Custom => return Some(()),
    };
    errors.push_at(target, advice);
    None
}

/// Returns the name and the value of a word that looks like an option.
fn split_option(word: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
    word.split_once('=').filter(|(name, _)| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(written: &Expr) -> Result<String, Vec<String>> {
        let mut errors = MacroErrors::default();
        let call = CallExpression::read(written).expect("a call");
        let named = RequestKind::read(call.word, &mut errors).expect("a kind");
        let target = read(written, &call, &mut errors)
            .filter(|text| check(named, text, &mut errors).is_some());
        target.map(LitStr::value).ok_or_else(|| errors.messages())
    }

    #[test]
    fn reads_a_literal_unchanged() {
        for (written, expected) in [
            (parse_quote!(read("/data")), "/data"),
            (parse_quote!(read("/my files")), "/my files"),
            (parse_quote!(read(r#"/"quoted""#)), "/\"quoted\""),
            (parse_quote!(read("/a=b =c D=e")), "/a=b =c D=e"),
            (
                parse_quote!(custom("acme:gpu/compute device=0")),
                "acme:gpu/compute device=0",
            ),
        ] {
            assert_eq!(run(&written), Ok(expected.into()));
        }
    }

    #[test]
    fn errors_contain_advice() {
        let cases: [(Expr, &str); 7] = [
            (parse_quote!(read()), "its target in quotes"),
            (parse_quote!(read(max = "1MiB")), "its target in quotes"),
            (parse_quote!(read(DATA)), "as a literal"),
            (parse_quote!(read("/data".into())), "as a literal"),
            (parse_quote!(read("/a", "/b")), "another `read(...)`"),
            (parse_quote!(http("GET https://a.com")), "methods = [GET]"),
            (
                parse_quote!(write("/cache max=64MiB")),
                "not in it: `max = \"64MiB\"`",
            ),
        ];
        for (written, expected) in cases {
            let messages = run(&written).expect_err(expected);
            assert!(
                messages.len() == 1 && messages[0].contains(expected),
                "{messages:?}"
            );
        }
    }
}
