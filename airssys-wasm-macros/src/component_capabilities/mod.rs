//! `#[component_capabilities]`: the requests in a function's body, embedded.
//!
//! Reads the body without running it, and does not look at what the names in
//! it refer to: the compiler checks that, for the function stays as it is.
//! Tests: below, beside each file, and `airssys-wasm-sdk/tests/ui`.

mod anchor;
mod body;
mod entry;
mod signature;

use airssys_wasm_core::section;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

pub(crate) use self::anchor::Origin;
use crate::embed;
use crate::errors::Errors;

/// The item with its requests embedded, and every error.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream, origin: &Origin) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(
            &arguments,
            "`#[component_capabilities]` takes no arguments; list the capabilities in the function's body",
        );
    }
    let expansion = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => embed(&function, origin, &mut errors),
        Err(_) => {
            errors.at(
                &item,
                format!("`#[component_capabilities]` stands on a function; write `{}`", signature::EXPECTED),
            );
            item
        }
    };
    quote!(#expansion #errors)
}

/// The function and its requests. Where something is wrong, only a function
/// that can be called, lest the compiler say the same again in other words.
fn embed(function: &ItemFn, origin: &Origin, errors: &mut Errors) -> TokenStream {
    signature::check(&function.sig, errors);
    let requests = body::read(&function.block, errors);
    let ItemFn { attrs, vis, sig, .. } = function;
    if !errors.is_empty() {
        return quote!(#(#attrs)* #vis #sig { ::core::unreachable!() });
    }
    let name = &sig.ident;
    let section = embed::section(section::CAPABILITIES, &requests.to_section());
    let anchor = origin.anchor(name);
    quote! {
        #function
        const _: fn() -> ::std::vec::Vec<::airssys_wasm_sdk::Capability> = #name;
        #section
        #anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn origin() -> Origin {
        Origin { package: "greeter@1.0.0".into() }
    }

    #[test]
    fn embeds_the_canonical_text() {
        let item = quote! {
            /// What it needs.
            pub fn required_capabilities() -> Vec<Capability> {
                vec![
                    Capability::NetworkOutbound("api.example.com".to_string()),
                    Capability::FileRead("/data".into()),
                    airssys_wasm_sdk::Capability::FileWrite(String::from("/cache")),
                ]
            }
        };
        insta::assert_snapshot!("capabilities", golden::format(expand(quote!(), item, &origin())));
    }

    #[test]
    fn embeds_that_nothing_is_needed() {
        let item = quote!(
            fn none() -> Vec<Capability> {
                vec![]
            }
        );
        insta::assert_snapshot!("capabilities_none", golden::format(expand(quote!(), item, &origin())));
    }

    #[test]
    fn reports_everything_wrong() {
        let item = quote! {
            async fn wrong(path: &str) -> Capability {
                vec![Capability::FileRaed("/data".into()), Capability::FileRead(path.into())]
            }
        };
        insta::assert_snapshot!("capabilities_errors", golden::format(expand(quote!(all), item, &origin())));
    }

    #[test]
    fn refuses_what_is_not_a_function() {
        let expansion = expand(
            quote!(),
            quote!(
                struct Greeter;
            ),
            &origin(),
        )
        .to_string();
        assert!(expansion.contains("write `fn required_capabilities()"), "{expansion}");
        assert!(expansion.contains("struct Greeter"), "{expansion}");
    }
}
