//! The signature that such a function has.
//!
//! Does not look into the body. Tests: below.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, ReturnType, Signature, Type};

use crate::errors::Errors;

/// What to write.
pub(super) const EXPECTED: &str = "fn required_capabilities() -> Vec<Capability>";

/// Reports each part that is wrong.
pub(super) fn check(signature: &Signature, errors: &mut Errors) {
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
        ("is not `async`", asyncness.to_token_stream()),
        ("is not `unsafe`", unsafety.to_token_stream()),
        ("has no `extern`", abi.to_token_stream()),
        ("has no generic parameters", generics.to_token_stream()),
        ("has no parameters", inputs.to_token_stream()),
        ("has no parameters", variadic.to_token_stream()),
    ];
    for (problem, tokens) in superfluous
        .into_iter()
        .filter(|(_, tokens)| !tokens.is_empty())
    {
        errors.at(
            tokens,
            format!("the list of capabilities {problem}; write `{EXPECTED}`"),
        );
    }
    match output {
        _ if returns_list(signature) => {}
        ReturnType::Type(_, returned) => errors.at(
            returned,
            format!("the list of capabilities has another type; write `{EXPECTED}`"),
        ),
        ReturnType::Default => {
            errors.at(
                &signature.ident,
                format!("nothing is returned; write `{EXPECTED}`"),
            );
        }
    }
}

/// Whether a list of capabilities is returned, whatever else is said.
pub(super) fn returns_list(signature: &Signature) -> bool {
    matches!(&signature.output, ReturnType::Type(_, returned) if is_list_of_capabilities(returned))
}

fn is_list_of_capabilities(returned: &Type) -> bool {
    let Some(PathSegment {
        ident,
        arguments: PathArguments::AngleBracketed(arguments),
    }) = last(returned)
    else {
        return false;
    };
    let element = match arguments.args.first() {
        Some(GenericArgument::Type(element)) if arguments.args.len() == 1 => last(element),
        _ => None,
    };
    ident == "Vec" && element.is_some_and(|element| element.ident == "Capability")
}

fn last(of: &Type) -> Option<&PathSegment> {
    match of {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn messages(signature: &Signature) -> Vec<String> {
        let mut errors = Errors::default();
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
            (parse_quote!(fn needs()), &["nothing is returned"]),
            (parse_quote!(fn needs() -> Capability), &["another type"]),
            (parse_quote!(fn needs() -> Vec<String>), &["another type"]),
            (
                parse_quote!(fn needs(host: &str) -> Vec<Capability>),
                &["no parameters"],
            ),
            (
                parse_quote!(async fn needs<T>() -> Vec<Capability>),
                &["not `async`", "no generic"],
            ),
            (
                parse_quote!(unsafe extern "C" fn needs() -> Vec<Capability>),
                &["not `unsafe`", "no `extern`"],
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
