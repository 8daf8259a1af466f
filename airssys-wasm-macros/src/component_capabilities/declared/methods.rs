//! Parses `methods = [GET, POST]`, which precedes the URL in the text form.
//!
//! Core validates methods.
//! Tests: in this file.

use airssys_wasm_core::{Capability, CapabilityKind};
use syn::{Expr, LitStr};

use crate::errors::MacroErrors;
use crate::literal;

/// The name of the option.
pub(super) const NAME: &str = "methods";

/// Restricts an HTTP capability to these methods.
pub(super) fn add_methods(
    capability: &Capability,
    written: &Expr,
    errors: &mut MacroErrors,
) -> Option<Capability> {
    let Expr::Array(list) = written else {
        errors.push_at(written, "methods are a list: `methods = [GET]`");
        return None;
    };
    if list.elems.is_empty() {
        errors.push_at(
            written,
            "name the methods, `methods = [GET]`, or leave `methods` out for any",
        );
        return None;
    }
    let methods: Vec<Option<String>> = list
        .elems
        .iter()
        .map(|method| read(method, errors))
        .collect();
    let methods: Option<Vec<String>> = methods.into_iter().collect();
    Some(Capability::Http(format!(
        "{} {}",
        methods?.join(","),
        capability.target()
    )))
}

fn read(written: &Expr, errors: &mut MacroErrors) -> Option<String> {
    let method = literal::identifier(written)
        .or_else(|| literal::string_literal(written).map(LitStr::value));
    let method = method.filter(|method| is_method(method));
    if method.is_none() {
        errors.push_at(
            written,
            "a method is written in upper case, as in `methods = [GET, \"M-SEARCH\"]`",
        );
    }
    method
}

/// Returns `true` if the text is a single valid method.
fn is_method(text: &str) -> bool {
    !text.contains([',', '*'])
        && Capability::from_words(CapabilityKind::Http, [text, "https://**"])
            .to_rule()
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(written: &Expr) -> Result<String, Vec<String>> {
        let mut errors = MacroErrors::default();
        match add_methods(
            &Capability::Http("https://a.com".into()),
            written,
            &mut errors,
        ) {
            Some(with) => Ok(with.to_string()),
            None => Err(errors.messages()),
        }
    }

    #[test]
    fn reads_words_and_strings() {
        assert_eq!(
            run(&parse_quote!([GET, "M-SEARCH"])),
            Ok("http GET,M-SEARCH https://a.com".into())
        );
    }

    #[test]
    fn errors_contain_advice() {
        let cases: [(Expr, &str); 8] = [
            (parse_quote!(GET), "a list"),
            (parse_quote!("GET"), "a list"),
            (parse_quote!([]), "leave `methods` out"),
            (parse_quote!([get]), "upper case"),
            (parse_quote!(["GET,POST"]), "upper case"),
            (parse_quote!(["*"]), "upper case"),
            (parse_quote!([""]), "upper case"),
            (parse_quote!([1]), "upper case"),
        ];
        for (written, expected) in cases {
            let messages = run(&written).expect_err(expected);
            assert!(
                messages.len() == 1 && messages[0].contains(expected),
                "{messages:?}"
            );
        }
        assert_eq!(
            run(&parse_quote!([get, GET, post]))
                .expect_err("two slips")
                .len(),
            2
        );
    }
}
