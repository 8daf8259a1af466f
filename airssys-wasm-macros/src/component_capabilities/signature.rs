//! Checks the signature of a function that lists requests.
//!
//! Ignores the body.
//! Tests: in this file.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, ReturnType, Signature, Type};

use crate::errors::MacroErrors;

/// The expected signature, for messages.
pub(super) const EXPECTED: &str = "fn required_capabilities() -> Vec<Capability>";

/// Reports each invalid part.
pub(super) fn check(signature: &Signature, errors: &mut MacroErrors) {
    let Signature {
        asyncness,
        unsafety,
        abi,
        generics,
        inputs,
        variadic,
        output,
        ..
    } = signature;
    let superfluous: [(&str, TokenStream); 6] = [
        ("must not be `async`", asyncness.to_token_stream()),
        ("must not be `unsafe`", unsafety.to_token_stream()),
        ("must not be `extern`", abi.to_token_stream()),
        (
            "must not have generic parameters",
            generics.to_token_stream(),
        ),
        ("must not have parameters", inputs.to_token_stream()),
        ("must not have parameters", variadic.to_token_stream()),
    ];
    for (problem, tokens) in superfluous
        .into_iter()
        .filter(|(_, tokens)| !tokens.is_empty())
    {
        errors.push_at(
            tokens,
            format!("the function {problem}; write `{EXPECTED}`"),
        );
    }
    match output {
        _ if returns_list(signature) => {}
        ReturnType::Type(_, returned) => errors.push_at(
            returned,
            format!("the function returns another type; write `{EXPECTED}`"),
        ),
        ReturnType::Default => {
            errors.push_at(
                &signature.ident,
                format!("the function returns nothing; write `{EXPECTED}`"),
            );
        }
    }
}

/// Returns `true` if the function returns a list of capabilities, whatever else is wrong.
pub(super) fn returns_list(signature: &Signature) -> bool {
    matches!(&signature.output, ReturnType::Type(_, returned) if is_list_of_capabilities(returned))
}

fn is_list_of_capabilities(returned: &Type) -> bool {
    let Some(PathSegment {
        ident,
        arguments: PathArguments::AngleBracketed(arguments),
    }) = last_segment(returned)
    else {
        return false;
    };
    let element = match arguments.args.first() {
        Some(GenericArgument::Type(element)) if arguments.args.len() == 1 => last_segment(element),
        _ => None,
    };
    ident == "Vec" && element.is_some_and(|element| element.ident == "Capability")
}

fn last_segment(of: &Type) -> Option<&PathSegment> {
    match of {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn messages(signature: &Signature) -> Vec<String> {
        let mut errors = MacroErrors::default();
        check(signature, &mut errors);
        errors.messages()
    }

    #[test]
    fn accepts_the_signature_however_it_is_qualified() {
        for signature in [
            parse_quote!(fn required_capabilities() -> Vec<Capability>),
            parse_quote!(fn needs() -> std::vec::Vec<airssys_wasm_sdk::Capability>),
            parse_quote!(const fn needs() -> Vec<Capability>),
        ] {
            assert_eq!(messages(&signature), [""; 0]);
        }
    }

    #[test]
    fn names_each_part_that_is_wrong() {
        let cases: [(Signature, &[&str]); 6] = [
            (parse_quote!(fn needs()), &["returns nothing"]),
            (parse_quote!(fn needs() -> Capability), &["another type"]),
            (parse_quote!(fn needs() -> Vec<String>), &["another type"]),
            (
                parse_quote!(fn needs(host: &str) -> Vec<Capability>),
                &["not have parameters"],
            ),
            (
                parse_quote!(async fn needs<T>() -> Vec<Capability>),
                &["not be `async`", "not have generic"],
            ),
            (
                parse_quote!(unsafe extern "C" fn needs() -> Vec<Capability>),
                &["not be `unsafe`", "not be `extern`"],
            ),
        ];
        for (signature, expected) in cases {
            let messages = messages(&signature);
            assert_eq!(messages.len(), expected.len(), "{messages:?}");
            for (message, expected) in messages.iter().zip(expected) {
                assert!(message.contains(expected), "{message}");
            }
        }
    }
}
