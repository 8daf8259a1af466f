//! Parses the options of a request: `max = "64MiB"`, `mode = append`.
//!
//! Core defines the options of each kind; `methods` precedes the URL in the text form and is parsed
//! in a separate file.
//! Tests: in this file.

use std::collections::BTreeSet;

use airssys_wasm_core::suggest::nearest;
use airssys_wasm_core::{Capability, CapabilityKind};
use quote::ToTokens;
use syn::{Expr, ExprAssign, ExprLit, LitStr};

use super::methods;
use crate::errors::MacroErrors;
use crate::literal;

/// Returns the capability with all its options, or `None` if any of them is invalid.
pub(super) fn add_options(
    mut capability: Capability,
    options: &[&ExprAssign],
    errors: &mut MacroErrors,
) -> Option<Capability> {
    let mut said = BTreeSet::new();
    let mut is_sound = true;
    for option in options {
        match add_option(&capability, option, &mut said, errors) {
            Some(with) => capability = with,
            None => is_sound = false,
        }
    }
    is_sound.then_some(capability)
}

fn add_option(
    capability: &Capability,
    option: &ExprAssign,
    said: &mut BTreeSet<String>,
    errors: &mut MacroErrors,
) -> Option<Capability> {
    let Some(name) = literal::identifier(&option.left) else {
        errors.push_at(
            option,
            "an option is written `name = value`, for example `max = \"64MiB\"`",
        );
        return None;
    };
    if let Some(advice) = misplaced_option(capability.kind(), &name) {
        errors.push_at(option, advice);
        return None;
    }
    if !said.insert(name.clone()) {
        errors.push_at(
            option,
            format!("`{name}` is given twice; remove one of them"),
        );
        return None;
    }
    if name == methods::NAME && capability.kind() == Some(CapabilityKind::Http) {
        return methods::add_methods(capability, &option.right, errors);
    }
    let value = option_value(&name, &option.right, errors)?;
    capability
        .with_option(&name, &value)
        .map_err(|error| errors.push_at(option, error))
        .ok()
}

/// Returns the message for options that core does not know.
fn misplaced_option(kind: Option<CapabilityKind>, name: &str) -> Option<String> {
    match kind? {
        _ if name == "reason" => {
            Some("a reason belongs in `optional`: `optional(..., reason = \"...\")`".into())
        }
        CapabilityKind::Http if name == methods::NAME => None,
        CapabilityKind::Http => nearest(name, [methods::NAME])
            .map(|near| format!("there is no option `{name}`; did you mean `{near}`?")),
        kind if name == methods::NAME => Some(format!(
            "`{name}` is an option of http, not of {}",
            kind.as_str()
        )),
        _ => None,
    }
}

/// Returns the value as in the text form, without quotes.
fn option_value(name: &str, written: &Expr, errors: &mut MacroErrors) -> Option<String> {
    let value = literal::string_literal(written)
        .map(LitStr::value)
        .or_else(|| literal::identifier(written));
    if value.is_none() {
        let example = match written {
            Expr::Lit(ExprLit { lit, .. }) => lit.to_token_stream().to_string(),
            _ => "...".to_owned(),
        };
        errors.push_at(
            written,
            format!("write the value in quotes: `{name} = \"{example}\"`"),
        );
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(capability: Capability, options: &[ExprAssign]) -> Result<String, Vec<String>> {
        let mut errors = MacroErrors::default();
        let options: Vec<&ExprAssign> = options.iter().collect();
        match add_options(capability, &options, &mut errors) {
            Some(with) => Ok(with.to_string()),
            None => Err(errors.messages()),
        }
    }

    fn cache() -> Capability {
        Capability::FileWrite("/cache".into())
    }

    #[test]
    fn a_value_is_a_string_or_a_word() {
        let options = [parse_quote!(max = "64MiB"), parse_quote!(mode = append)];
        assert_eq!(
            run(cache(), &options),
            Ok("file-write /cache max=64MiB mode=append".into())
        );
        let custom = Capability::Custom("acme:gpu/compute".into());
        assert_eq!(
            run(custom, &[parse_quote!(model = "a b")]),
            Ok(r#"acme:gpu/compute model="a b""#.into())
        );
    }

    #[test]
    fn methods_precede_the_url() {
        let http = Capability::Http("https://a.com".into());
        assert_eq!(
            run(http, &[parse_quote!(methods = [GET])]),
            Ok("http GET https://a.com".into())
        );
    }

    #[test]
    fn errors_contain_advice() {
        let http = || Capability::Http("https://a.com".into());
        let cases: [(Capability, ExprAssign, &str); 12] = [
            (
                cache(),
                parse_quote!(reason = "speed"),
                "belongs in `optional`",
            ),
            (cache(), parse_quote!(mxa = "1MiB"), "did you mean `max`?"),
            (cache(), parse_quote!(Max = "1MiB"), "did you mean `max`?"),
            (cache(), parse_quote!(max = "lots"), "number of bytes"),
            (cache(), parse_quote!(max = 64MiB), "`max = \"64MiB\"`"),
            (cache(), parse_quote!(max = size()), "`max = \"...\"`"),
            (
                cache(),
                parse_quote!(from = "/srv"),
                "be set by the operator",
            ),
            (
                cache(),
                parse_quote!(methods = [GET]),
                "of http, not of file-write",
            ),
            (cache(), parse_quote!(a::b = "c"), "`name = value`"),
            (
                http(),
                parse_quote!(method = "GET"),
                "did you mean `methods`?",
            ),
            (
                http(),
                parse_quote!(at = "10.0.0.0/8"),
                "be set by the operator",
            ),
            (
                http(),
                parse_quote!(max = "1MiB"),
                "of file-write, not of http",
            ),
        ];
        for (capability, option, expected) in cases {
            let messages = run(capability, &[option]).expect_err(expected);
            assert!(
                messages.len() == 1 && messages[0].contains(expected),
                "{messages:?}"
            );
        }
    }

    #[test]
    fn reports_each_that_is_wrong() {
        let options = [
            parse_quote!(max = "x"),
            parse_quote!(mode = x),
            parse_quote!(max = "1MiB"),
        ];
        let messages = run(cache(), &options).expect_err("three slips");
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(messages[2].contains("given twice"), "{messages:?}");
    }
}
