//! Parses the declarative form: requests in the macro's arguments.
//!
//! | file | parses |
//! |---|---|
//! | `call` | the form `word(target, name = value)` |
//! | `optional` | `optional(...)` and its reason, or a required request |
//! | `request` | `write("/cache", max = "64MiB")` |
//! | `kinds` | the names of the kinds |
//! | `target` | the quoted text |
//! | `options`, `methods` | the options after the target |
//!
//! Core validates and quotes targets and options.
//! Tests: `airssys-wasm-macros/src/component_capabilities/declared`, `airssys-wasm-sdk/tests/ui`.

mod call;
mod kinds;
mod methods;
mod optional;
mod options;
mod request;
mod target;

use airssys_wasm_core::Requests;
use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::collector::RequestCollector;
use crate::errors::MacroErrors;

/// Returns the requests in the arguments and adds errors to `errors`.
pub(super) fn read(arguments: &TokenStream, errors: &mut MacroErrors) -> Requests {
    let mut found = RequestCollector::default();
    match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments.clone()) {
        Ok(entries) => {
            for written in &entries {
                if let Some((rule, need)) = optional::read(written, errors) {
                    found.add(rule, need, written, errors);
                }
            }
        }
        Err(error) => errors.push(error),
    }
    found.into_requests()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn run(arguments: TokenStream) -> (String, Vec<String>) {
        let mut errors = MacroErrors::default();
        let requests = read(&arguments, &mut errors);
        (requests.to_section(), errors.messages())
    }

    #[test]
    fn reads_sorted_requests() {
        let (text, messages) = run(quote! {
            optional(dns("*.internal"), reason = "finds peers"),
            write("/my cache", max = "65536KiB"),
            read("/data"),
        });
        assert_eq!(messages, [""; 0]);
        assert_eq!(
            text,
            "airssys:capabilities 1\n\
             file-read /data\n\
             file-write \"/my cache\" max=64MiB\n\
             optional \"finds peers\" dns *.internal\n"
        );
    }

    #[test]
    fn reports_all_at_once() {
        let (_, messages) = run(quote! {
            raed("data"), read("data"), write("/a", mxa = "1MiB"), optional(env("A")), read("/a"), read("/a"),
            write("/c", max = "1MiB"), write("/c"),
        });
        let expected = [
            "`raed`",
            "begins with `/`",
            "`mxa`",
            "give the purpose",
            "twice",
            "contradict",
        ];
        assert_eq!(messages.len(), expected.len(), "{messages:?}");
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn reports_what_is_no_list() {
        let (_, messages) = run(quote!(read("/a") write("/b")));
        assert_eq!(messages.len(), 1);
    }
}
