//! The module `bindings` that stands beside the struct.
//!
//! Everything generated is in it, so that one list of lints covers it; the
//! author reaches it through a glob, which their own names shadow.
//! Tests: the golden expansions of `component`; what it builds to,
//! `tests/guests`.

use airssys_wasm_core::section;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::Package;
use super::arguments::Arguments;
use crate::embed;

/// Bindings, exports, the embedded text and the start of the logger.
pub(super) fn expand(component: &Ident, arguments: &Arguments) -> TokenStream {
    let generate = generate(arguments);
    let export = export(component);
    let section = embed::section(section::ABOUT, &arguments.about.to_section());
    let watch = Package::watch();
    let logger = install_logger();
    quote! {
        #[allow(dead_code, missing_docs, unreachable_pub, unsafe_code, unused_imports, unused_qualifications)]
        #[allow(clippy::all, clippy::nursery, clippy::pedantic, clippy::restriction)]
        mod bindings {
            #generate
            #export
            #section
            #watch
            #logger
        }
        #[allow(unused_imports, clippy::wildcard_imports)]
        pub(crate) use bindings::*;
    }
}

fn generate(arguments: &Arguments) -> TokenStream {
    let world = arguments.world.options();
    quote_spanned! {arguments.world.span()=>
        ::airssys_wasm_sdk::wit_bindgen::generate!({
            #world
            generate_all,
            runtime_path: "::airssys_wasm_sdk::wit_bindgen::rt",
            export_macro_name: "__exports_of_the_world",
        });
    }
}

/// Placed at the struct: there the compiler says which trait it lacks.
fn export(component: &Ident) -> TokenStream {
    quote_spanned! {Span::call_site().located_at(component.span())=>
        use super::#component as __Component;
        __exports_of_the_world!(__Component with_types_in self);
    }
}

/// Constructors run before the first export does.
fn install_logger() -> TokenStream {
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[used]
            #[unsafe(link_section = ".init_array")]
            static INSTALL: extern "C" fn() = ::airssys_wasm_sdk::__private::install_logger;
        };
    }
}
