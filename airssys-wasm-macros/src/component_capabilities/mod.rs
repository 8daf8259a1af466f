//! `#[component_capabilities]`: embeds the requests of a component.
//!
//! Requests are listed in the arguments, on any item, or in the body of a function. They are parsed
//! without running anything. Names in a body are not resolved here: the item stays unchanged, so
//! the compiler checks them.
//! Tests: `airssys-wasm-macros/src/component_capabilities`, `airssys-wasm-sdk/tests/ui`.

mod anchor;
mod body;
mod collector;
mod declared;
mod entry;
#[cfg(test)]
mod forms;
mod item;
mod signature;

use airssys_wasm_core::{Requests, section};
use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

pub(crate) use self::anchor::MacroOrigin;
use crate::embed;
use crate::errors::MacroErrors;

/// Expands to the item, its embedded requests, and all errors.
pub(crate) fn expand(
    arguments: TokenStream,
    item: TokenStream,
    origin: &MacroOrigin,
) -> TokenStream {
    let mut errors = MacroErrors::default();
    let expansion = match (arguments.is_empty(), syn::parse2::<ItemFn>(item.clone())) {
        (true, Ok(function)) => embed_body(&function, origin, &mut errors),
        (true, Err(_)) => {
            errors.push_at(&item, missing_list_message());
            item
        }
        (false, Ok(function)) if signature::returns_list(&function.sig) => {
            errors.push_at(&arguments, BOTH_FORMS);
            declared::read(&arguments, &mut errors);
            embed_body(&function, origin, &mut errors)
        }
        (false, _) => embed_arguments(&arguments, &item, origin, &mut errors),
    };
    quote!(#expansion #errors)
}

const BOTH_FORMS: &str = "requests are listed in the function's body or here, not in both; \
     remove one list, or write this one on another item, for example `const _: () = ();`";

fn missing_list_message() -> String {
    format!(
        "without arguments `#[component_capabilities]` must be on a function; write `{}`, \
         or list the requests here, `#[component_capabilities(read(\"/data\"))]`",
        signature::EXPECTED
    )
}

/// Expands to the unchanged item and the requests in the arguments.
fn embed_arguments(
    arguments: &TokenStream,
    item: &TokenStream,
    origin: &MacroOrigin,
    errors: &mut MacroErrors,
) -> TokenStream {
    let requests = declared::read(arguments, errors);
    if !errors.is_empty() {
        return item.clone();
    }
    let embedded = embed(&requests, &item::name(item), origin);
    quote!(#item #embedded)
}

/// Expands to the function and its requests. If there are errors, expands to a callable stub, so
/// that the compiler does not report the same errors again.
fn embed_body(function: &ItemFn, origin: &MacroOrigin, errors: &mut MacroErrors) -> TokenStream {
    signature::check(&function.sig, errors);
    let requests = body::read(&function.block, errors);
    let ItemFn {
        attrs, vis, sig, ..
    } = function;
    if !errors.is_empty() {
        return quote!(#(#attrs)* #vis #sig { ::core::unreachable!() });
    }
    let name = &sig.ident;
    let embedded = embed(&requests, &name.to_string(), origin);
    quote! {
        #function
        const _: fn() -> ::std::vec::Vec<::airssys_wasm_sdk::Capability> = #name;
        #embedded
    }
}

/// Generates the section, and the symbol that makes a linker keep it.
fn embed(requests: &Requests, item: &str, origin: &MacroOrigin) -> TokenStream {
    let section = embed::section(section::CAPABILITIES, &requests.to_section());
    let anchor = origin.anchor(item);
    quote!(#section #anchor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn origin() -> MacroOrigin {
        MacroOrigin {
            package: "greeter@1.0.0".into(),
        }
    }

    #[test]
    fn embeds_the_canonical_text() {
        let item = quote! {
            /// The capabilities it needs.
            pub fn required_capabilities() -> Vec<Capability> {
                vec![
                    Capability::NetworkOutbound("api.example.com".to_string()),
                    Capability::FileRead("/data".into()),
                    airssys_wasm_sdk::Capability::FileWrite(String::from("/cache")),
                ]
            }
        };
        insta::assert_snapshot!(
            "capabilities",
            golden::format(expand(quote!(), item, &origin()))
        );
    }

    #[test]
    fn embeds_an_empty_list() {
        let item = quote!(
            fn none() -> Vec<Capability> {
                vec![]
            }
        );
        insta::assert_snapshot!(
            "capabilities_none",
            golden::format(expand(quote!(), item, &origin()))
        );
    }

    #[test]
    fn reports_everything_wrong() {
        let item = quote! {
            async fn wrong(path: &str) -> Capability {
                vec![Capability::FileRaed("/data".into()), Capability::FileRead(path.into())]
            }
        };
        insta::assert_snapshot!(
            "capabilities_errors",
            golden::format(expand(quote!(), item, &origin()))
        );
    }

    #[test]
    fn embeds_the_arguments() {
        let arguments = quote! {
            http("https://api.example.com/v1/**", methods = [POST, GET]),
            write("/my cache", max = "64MiB"),
            optional(dns("*.internal"), reason = "says \"hello\""),
        };
        let item = quote! {
            /// Greets.
            #[component]
            pub struct Greeter;
        };
        insta::assert_snapshot!(
            "declared",
            golden::format(expand(arguments, item, &origin()))
        );
    }

    #[test]
    fn embeds_on_items_without_a_name() {
        let item = quote!(
            impl Greeter {}
        );
        insta::assert_snapshot!(
            "declared_nameless",
            golden::format(expand(quote!(read("/data")), item, &origin()))
        );
    }

    #[test]
    fn reports_everything_wrong_in_the_arguments() {
        let arguments = quote! {
            raed("/data"), write("cache", mxa = "64MiB"), optional(env("LANG")), dns("a.b"), dns("a.b"),
        };
        let item = quote!(
            struct Greeter;
        );
        insta::assert_snapshot!(
            "declared_errors",
            golden::format(expand(arguments, item, &origin()))
        );
    }

    #[test]
    fn refuses_both_forms_at_once() {
        let item = quote!(
            fn required_capabilities() -> Vec<Capability> {
                vec![Capability::FileRead("data".into())]
            }
        );
        insta::assert_snapshot!(
            "declared_both",
            golden::format(expand(quote!(raed("/data")), item, &origin()))
        );
    }

    #[test]
    fn arguments_can_be_on_any_other_function() {
        let expansion = expand(
            quote!(read("/data")),
            quote!(
                fn main() {}
            ),
            &origin(),
        )
        .to_string();
        assert!(!expansion.contains("compile_error"), "{expansion}");
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
        assert!(
            expansion.contains("write `fn required_capabilities()"),
            "{expansion}"
        );
        assert!(expansion.contains("struct Greeter"), "{expansion}");
    }
}
